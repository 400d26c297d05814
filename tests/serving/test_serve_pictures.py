"""``POST /colorize``: pictures in every form, and what is refused, as the command line refuses it."""

from __future__ import annotations

import io
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from cli_tools import ROOT
from numpy.typing import NDArray
from serving_tools import BOUNDARY, Answer, Server, encoded, form

import nircolor
from nircolor.errors import NircolorError

SETTINGS = {"brightness": "1.5", "colour": "0.5", "warmth": "1.2", "stretch": "minmax", "format": "tiff", "depth": "16"}


def tiff(pixels: NDArray[np.uint8] | NDArray[np.uint16], **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    )


def line_of(answer: Answer, status: int) -> str:
    """The error of an answer, after the checks that hold for all of them."""
    assert answer.status == status, answer.body[:500]
    assert set(answer.json) == {"error", "reason", "remedy"}
    assert "\n" not in answer.json["error"]
    assert "/tmp" not in answer.json["error"]
    return str(answer.json["error"])


def test_a_picture_becomes_what_the_library_makes_of_it(server: Server, png: bytes, tmp_path: Path) -> None:
    answer = server.colorize(png, "photo_nir.png")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    assert answer.headers["content-disposition"] == 'attachment; filename="photo_nir_rgb.png"'
    assert {"width": 64, "height": 48, "depth": 8, "output": "photo_nir_rgb.png"}.items() <= answer.result.items()
    nircolor.colorize_file(png, tmp_path / "same.png")
    made = cv2.imdecode(np.frombuffer(answer.body, np.uint8), -1)
    assert (
        np.abs(made.astype(int) - cv2.imread(str(tmp_path / "same.png"), -1)).max() <= 1
    )  # the library prepares its graph for one picture, the server for many
    assert server.leaves_nothing()


def test_sixteen_bits_stay(server: Server, nir: NDArray[np.uint8]) -> None:
    answer = server.colorize(tiff(nir.astype(np.uint16) * 257), "Feld 7.TIF")
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''Feld%207_rgb.TIF"
    pixels = tifffile.imread(io.BytesIO(answer.body))
    assert (pixels.dtype, pixels.shape) == (np.uint16, (48, 64, 3))


def test_settings_are_arguments_of_python(server: Server, png: bytes, tmp_path: Path) -> None:
    answer = server.colorize(png, **SETTINGS)
    correction = nircolor.Correction(1.5, 0.5, 1.2)
    nircolor.colorize_file(
        png,
        tmp_path / "same.tif",
        engine=nircolor.EngineConfig(correction=correction),
        reading=nircolor.Reading(nircolor.Stretch("minmax")),
        writing=nircolor.Writing(16, "TIFF"),
    )
    made, same = (tifffile.imread(source) for source in (io.BytesIO(answer.body), tmp_path / "same.tif"))
    assert answer.result["output"] == "photo_rgb.tif"
    assert made.dtype == np.uint16
    assert np.abs(made.astype(int) - same).max() <= 4


def test_all_pages_of_a_file(server: Server, nir: NDArray[np.uint8]) -> None:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for page in (nir, nir[::-1]):
            writer.write(page, metadata=None, photometric="minisblack")
    answer = server.colorize(stream.getvalue(), "stack.tif", page="all")
    assert answer.result["pages"] == 2
    with tifffile.TiffFile(io.BytesIO(answer.body)) as made:
        assert [page.shape for page in made.pages] == [(48, 64, 3)] * 2


def test_a_program_may_ask_for_small_copies(server: Server, png: bytes) -> None:
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    answer = server.ask("POST", "/colorize", form(png), Content_Type=kind, Accept="multipart/form-data")
    boundary = answer.headers["content-type"].partition("boundary=")[2].encode()
    parts = dict(part.split(b"\r\n\r\n", 1) for part in answer.body.split(b"\r\n--" + boundary)[1:-1])
    bodies = {str(head).partition('name="')[2].partition('"')[0]: body for head, body in parts.items()}
    assert list(bodies) == ["result", "before", "after", "output"]
    before, after = (cv2.imdecode(np.frombuffer(bodies[name], np.uint8), -1) for name in ("before", "after"))
    assert (before.shape, after.shape) == ((48, 64), (48, 64, 3))
    assert bodies["output"] == server.colorize(png).body


HOSTILE = {
    "empty": b"",
    "text": b"this is no picture",
    "head": b"\x89PNG\r\n\x1a\n",
    "bomb": bomb(20_001, 20_000),
    "truncated": encoded(".png", np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))[:2000],
    "tiff": tiff(np.zeros((64, 64), np.uint8))[:3000],
    "colour": encoded(".png", np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)),
    "stack": tiff(np.zeros((3, 64, 64), np.uint8), photometric="minisblack", metadata=None),
    "complex": tiff(np.zeros((8, 8), np.complex64)),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_wrong_with_a_picture_is_said_as_everywhere(server: Server, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(HOSTILE[kind])
    with pytest.raises(NircolorError) as known:
        nircolor.colorize_file(path, tmp_path / "out.tif")
    answer = server.colorize(HOSTILE[kind], "../holiday.png")
    if kind == "bomb":  # of which the server takes less than the library
        assert line_of(answer, 413).startswith(
            "holiday.png: is 20001 x 20000 pixels, and this server takes 100 megapixels"
        )
        return
    assert line_of(answer, 422) == str(known.value.at("holiday.png"))
    assert answer.json["reason"] == known.value.reason
    assert answer.json["remedy"] == known.value.remedy
    assert server.leaves_nothing()


def test_a_file_that_leads_to_others_of_this_machine_is_refused(server: Server, tmp_path: Path) -> None:
    secret = tmp_path / "secret.tif"
    tifffile.imwrite(secret, np.zeros((8, 8), np.uint8))
    vrt = (
        '<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f'<SourceFilename relativeToVRT="0">{secret}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>'
    )
    assert "is no picture of a supported format" in line_of(server.colorize(vrt.encode(), "map.vrt"), 422)


@pytest.mark.parametrize(
    ("name", "shown", "output"),
    [
        ("../../etc/cron.d/x.png", "x.png", "x_rgb.png"),
        ("C:\\Users\\me\\x.png", "x.png", "x_rgb.png"),
        ("", "picture", "picture_rgb.png"),
        ("..", "picture", "picture_rgb.png"),
        ("a\tb\u202e.png", "a\\tb\\u202e.png", "a\\tb\\u202e_rgb.png"),
        ("Büche 木.png", "Büche 木.png", "Büche 木_rgb.png"),
        ("x" * 500 + ".png", "x" * 116 + ".png", "x" * 116 + "_rgb.png"),
        ("no suffix", "no suffix", "no suffix_rgb.png"),
        ("odd.\x01\x02", "odd.\\x01\\x02", "odd.\\x01\\x02_rgb.png"),
    ],
)
def test_names_are_said_and_never_opened(server: Server, png: bytes, name: str, shown: str, output: str) -> None:
    answer = server.colorize(png, name)
    assert (answer.status, answer.result["input"], answer.result["output"]) == (200, shown, output)
    assert server.leaves_nothing()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"brightnes": "1"}, "`brightnes`: is no setting; the settings are weights, brightness"),
        ({"device": "cuda"}, "`device`: is no setting"),
        ({"brightness": "bright"}, "`brightness=bright`: is no number"),
        ({"brightness": "nan"}, "`brightness=nan`: out of range"),
        ({"stretch": "wild"}, "`stretch='wild'`: use none, minmax"),
        ({"range": "5"}, "`range='5'`: give the two values"),
        ({"page": "0"}, "`page=0`: a page is a number from 1, or all"),
        ({"depth": "9"}, "`depth=9`: unknown; give one of 8, 16, 32"),
        ({"depth": "32"}, "PNG cannot hold 32 bits a channel"),
        ({"format": "gif"}, "unknown format 'gif'"),
        ({"colours": "copy"}, "`colours=copy`: unknown"),
        ({"equalize": "perhaps"}, "`equalize=perhaps`: unknown"),
        ({"weights": "/etc/passwd"}, "`weights=/etc/passwd`: unknown; give one of lite"),
        ({"weights": "hf://acme/nir"}, "`weights=hf://acme/nir`: unknown"),
        ({"band": "x" * 300}, "`band`: is too long"),
        ({"a`b\x1b[31m": "x"}, "is no setting"),
    ],
)
def test_settings_that_cannot_be_are_refused(server: Server, png: bytes, fields: dict[str, str], words: str) -> None:
    error = line_of(server.colorize(png, **fields), 400)
    assert words in error
    assert error.isprintable()


def test_the_server_says_which_setting_it_was(server: Server, png: bytes) -> None:
    assert server.colorize(png, "which.png", brightness="99").status == 400
    assert server.said("which.png: ") == "which.png: --brightness 99.0: out of range"


def test_a_form_that_is_none_is_refused(server: Server, png: bytes) -> None:
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    cases = [
        (b"", "application/json", 415, "this is no form with a picture"),
        (png, "image/png", 415, "this is no form with a picture"),
        (b"nothing", kind, 400, "the form cannot be read"),
        (b"", kind, 400, "the form ends too early"),
        (form(png)[:-100], kind, 400, "the form ends too early"),
        (form(png)[: -len("--\r\n")] + b"\r\nContent-Disp", kind, 400, "the form ends too early"),
        (form(png, part="picture"), kind, 400, "`file` is missing"),
        (form(png)[: -len(f"--{BOUNDARY}--\r\n")] + form(png), kind, 400, "several pictures"),
        (form(png, **{f"f{n}": "" for n in range(60)}), kind, 400, "the form cannot be read (Too many fields"),
        (form(png, band="x" * 9000), kind, 400, "the form cannot be read (Part exceeded"),
        (form(png).replace(b"\r\n\r\n", b"\r\nX: y\r\n\r\n", 1), "multipart/form-data", 400, "the form cannot be read"),
    ]
    for body, content, status, words in cases:
        assert words in line_of(server.ask("POST", "/colorize", body, Content_Type=content), status)
    twice = form(png, band="1").replace(
        b"1\r\n", b'1\r\n--a-boundary\r\nContent-Disposition: form-data; name="band"\r\n\r\n2\r\n', 1
    )
    assert "a setting twice" in line_of(server.ask("POST", "/colorize", twice, Content_Type=kind), 400)
    assert server.colorize(png).status == 200
    assert server.leaves_nothing()


def test_what_the_engine_has_to_say_is_heard(start: Callable[..., Server], png: bytes, tmp_path: Path) -> None:
    """A twin that is none: torch takes its place, which is slower."""
    own = tmp_path / "own.safetensors"
    shutil.copy(ROOT / "weights" / "nircolor-lite.safetensors", own)
    own.with_suffix(".onnx").write_bytes(b"nothing")
    server = start("--weights", own)
    assert "torch takes the place of onnxruntime" in server.said("warning: ")
    assert "kernel onnxruntime" not in server.said("device ")


def test_own_weights_have_their_names(start: Callable[..., Server], png: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for path in (ROOT / "weights").glob("nircolor-lite.*"):
        shutil.copy(path, folder / path.name.replace("lite", "mine"))
    server = start("--weights", "lite", env={"NIRCOLOR_WEIGHTS": str(folder)})
    assert '<option value="mine">' in server.ask("GET", "/").body.decode()
    assert server.colorize(png, weights="mine").result["weights"] == "mine"
    assert server.colorize(png).result["weights"] == "lite"
