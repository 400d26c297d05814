"""Every bad input: one clear line, the right code, nothing left behind, no torch loaded."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from cli_tools import Result, Run, one_line, save
from PIL import Image

GRADIENT = np.add.outer(np.arange(40), 4 * np.arange(50)).astype(np.uint8)
NOISE = np.random.default_rng(0).integers(0, 256, (40, 50), dtype=np.uint8)


@pytest.fixture(scope="module")
def refused(command: Run, poison: Callable[..., Path], tiny_weights: Path) -> Callable[..., str]:
    """Runs ``nircolor colorize`` where torch cannot be imported, and returns the one line of the error."""
    no_torch = poison("torch")

    def run(*args: str | Path, code: int, cwd: Path, **options: Any) -> str:
        before = sorted(cwd.rglob("*"))
        result: Result = command("colorize", "--weights", tiny_weights, *args, cwd=cwd, first=(no_torch,), **options)
        assert sorted(cwd.rglob("*")) == before
        return one_line(result, code)

    return run


def png(width: int, height: int, rows: bytes, colour: int = 0, bits: int = 8) -> bytes:
    """A PNG file whose header says what it is told to say."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def half(path: Path, pixels: np.ndarray[Any, Any]) -> None:
    save(path, pixels)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def lying_bmp(path: Path) -> None:
    save(path, GRADIENT)
    data = bytearray(path.read_bytes())
    data[22:26] = struct.pack("<i", 4000)  # rows
    path.write_bytes(data)


def lying_tiff(path: Path) -> None:
    tifffile.imwrite(path, GRADIENT, photometric="minisblack")
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["ImageLength"].overwrite(4000)
        file.pages[0].tags["StripByteCounts"].overwrite(4000 * 50)


def cmyk_jpeg(path: Path) -> None:
    Image.fromarray(np.stack([NOISE] * 4, 2), "CMYK").save(path, "JPEG")


def colour_palette(path: Path) -> None:
    picture = Image.fromarray(NOISE % 3, "P")
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    picture.save(path)


BAD_FILES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "text": ("notes.txt", lambda path: path.write_text("not a picture"), "no picture of a supported format"),
    "web page": ("photo.png", lambda path: path.write_text("<html>404</html>"), "no picture of a supported format"),
    "empty": ("photo.png", lambda path: path.write_bytes(b""), "0 bytes"),
    "empty tiff": ("photo.tif", lambda path: path.write_bytes(b""), "0 bytes"),
    "truncated png": ("photo.png", lambda path: half(path, NOISE), "fresh copy"),
    "truncated jpeg": ("photo.jpg", lambda path: half(path, NOISE), "fresh copy"),
    "truncated tiff": ("photo.tif", lambda path: half(path, NOISE), "fresh copy"),
    "truncated webp": ("photo.webp", lambda path: half(path, NOISE), "fresh copy"),
    "truncated bmp": ("photo.bmp", lambda path: half(path, NOISE), "fresh copy"),
    "a few bytes": ("photo.png", lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n"), "fresh copy"),
    "lying png": ("photo.png", lambda path: path.write_bytes(png(300, 300, b"\0" * 100)), "fresh copy"),
    "lying bmp": ("photo.bmp", lying_bmp, "fresh copy"),
    "lying tiff": ("photo.tif", lying_tiff, "fresh copy"),
    "huge header": ("photo.png", lambda path: path.write_bytes(png(100_000, 100_000, b"\0")), "100000 x 100000"),
    "no pixels": ("photo.png", lambda path: path.write_bytes(png(0, 7, b"")), "empty"),
    "colour palette": ("photo.png", colour_palette, "colour picture"),
    "colour": ("photo.png", lambda path: save(path, np.stack([NOISE, NOISE, GRADIENT], 2)), "colour picture"),
    "cmyk jpeg": ("photo.jpg", cmyk_jpeg, "CMYK"),
    "folder": ("photo.png", Path.mkdir, "is a folder"),
    "pipe": ("photo.png", os.mkfifo, "no regular file"),
    "dangling link": ("photo.png", lambda path: path.symlink_to("gone.png"), "does not exist"),
    "link to itself": ("photo.png", lambda path: path.symlink_to(path), "symbolic links"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_file(case: str, inside: Run, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, make, reason = BAD_FILES[case]
    make(tmp_path / name)
    monkeypatch.delattr("nircolor.colorizer.Colorizer")  # to make an engine would be another error
    line = one_line(inside("colorize", name, "--weights", tiny_weights), 3)
    assert name in line
    assert reason in line
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("case", ["truncated png", "lying tiff", "cmyk jpeg"])
def test_it_is_found_before_torch_is_loaded(case: str, refused: Callable[..., str], tmp_path: Path) -> None:
    name, make, reason = BAD_FILES[case]
    make(tmp_path / name)
    assert reason in refused(name, code=3, cwd=tmp_path)


def test_missing_input_is_told_before_the_missing_folder_of_its_output(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    assert "gone/photo.png: does not exist" in refused("gone/photo.png", code=3, cwd=tmp_path)


def test_damaged_standard_input(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "standard input: is empty" in refused("-", "-o", "out.png", code=3, cwd=tmp_path)
    line = refused("-", "-o", "out.png", code=3, cwd=tmp_path, stdin=b"not a picture")
    assert "standard input: is no picture" in line


def test_an_error_of_the_input_in_json(command: Run, tiny_weights: Path, tmp_path: Path) -> None:
    result = command("colorize", "gone.png", "--json", "--weights", tiny_weights, cwd=tmp_path)
    assert result.code == 3
    assert result.json == {"error": "gone.png: does not exist; check the name", "exit_code": 3}
    assert result.err == "nircolor: error: gone.png: does not exist; check the name\n"


@pytest.mark.parametrize(
    "name", ["Ünïcode 日本語 😀.png", "two  spaces .png", "quote'\"$(x);.png", "line\nbreak.png", "\x1b[31mred.png"]
)
def test_odd_names_in_errors_stay_one_clean_line(name: str, refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    line = refused(f"./{name}", code=3, cwd=tmp_path)
    assert name in line or not name.isprintable()
    assert "is empty (0 bytes)" in line
    assert line.strip().isprintable()


def test_a_name_that_is_no_text_at_all(refused: Callable[..., str], tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe.png")
    (tmp_path / name).write_bytes(b"")
    assert "is empty (0 bytes)" in refused(name, code=3, cwd=tmp_path)


def test_a_name_that_leaves_no_room_for_the_output_name(refused: Callable[..., str], tmp_path: Path) -> None:
    name = 250 * "n" + ".png"
    save(tmp_path / name, NOISE)
    assert "too long" in refused(name, code=1, cwd=tmp_path)


def grey_palette(path: Path) -> None:
    picture = Image.fromarray(NOISE, "P")
    picture.putpalette([value for grey in range(256) for value in (grey, grey, grey)])
    picture.save(path)


def one_band_of_three(path: Path) -> None:
    save(path, np.stack([NOISE, NOISE, GRADIENT], 2))


def named_wrongly(path: Path) -> None:
    path.write_bytes(png(2, 1, b"\0ab"))


def floats(path: Path, *specials: float) -> None:
    pixels = np.linspace(0, 1, 2000, dtype=np.float32).reshape(40, 50)
    pixels.flat[: len(specials)] = specials
    cv2.imwrite(str(path), pixels)


ODD_FILES: dict[str, tuple[str, Callable[[Path], object], tuple[str, ...], str]] = {
    "one bit": ("photo.png", lambda path: Image.fromarray(NOISE > 127).save(path), (), ""),
    "grey palette": ("photo.png", grey_palette, (), ""),
    "three equal channels": ("photo.png", lambda path: save(path, np.stack([NOISE] * 3, 2)), (), ""),
    "a band of colour": ("photo.png", one_band_of_three, ("--band", "1"), ""),
    "nan": ("photo.tif", lambda path: floats(path, np.nan, np.nan), (), "2 values are NaN"),
    "infinite": ("photo.tif", lambda path: floats(path, np.inf, -np.inf), (), "1 values are minus infinite"),
    "outside": ("photo.tif", lambda path: floats(path, 7.0), (), "1 of 2000 values lie outside"),
    "all nan": ("photo.tif", lambda path: floats(path, *2000 * [np.nan]), ("--equalize",), "2000 values are NaN"),
    "constant": ("photo.png", lambda path: save(path, NOISE * 0 + 9), (), ""),
    "constant, stretched": ("photo.png", lambda path: save(path, NOISE * 0), ("--stretch", "minmax"), "no effect"),
    "constant, equalized": ("photo.png", lambda path: save(path, NOISE * 0 + 9), ("--equalize",), ""),
    "one pixel": ("photo.png", lambda path: save(path, NOISE[:1, :1]), (), ""),
    "one row": ("photo.png", lambda path: save(path, NOISE[:1]), (), ""),
    "one column": ("photo.png", lambda path: save(path, NOISE[:, :1]), (), ""),
    "wrong suffix": ("photo.tif", named_wrongly, (), ""),
    "unknown suffix": ("photo.raw", named_wrongly, (), ""),
    "no suffix": ("photo", named_wrongly, (), ""),
    "name with spaces": ("Ünï 日本 .png", lambda path: save(path, NOISE), (), ""),
    "name like an option": ("-photo.png", lambda path: save(path, NOISE), ("--",), ""),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD_FILES)
def test_odd_but_defined(case: str, inside: Run, tiny_weights: Path, tmp_path: Path) -> None:
    name, make, options, warning = ODD_FILES[case]
    make(tmp_path / name)
    before = set(tmp_path.iterdir())
    result = inside("colorize", "--weights", tiny_weights, *options, name)
    assert (result.code, result.out) == (0, b""), result.err
    (output,) = set(tmp_path.iterdir()) - before
    rgb = tifffile.imread(output) if output.suffix == ".tif" else np.asarray(Image.open(output))
    assert rgb.shape[2] == 3
    assert np.isfinite(rgb).all()
    warnings = [line for line in result.err.splitlines() if line.startswith("nircolor: warning: ")]
    assert bool(warnings) == bool(warning)
    assert not warning or any(warning in line and name in line for line in warnings)
