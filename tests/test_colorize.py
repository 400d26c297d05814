"""``colorize_file``: from and to files, bytes and streams; what it reports, how it stops, what it refuses."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from cli_tools import save as save_picture
from small_network import network, save

import nircolor
from nircolor import Colorizer, EngineConfig, Reading, Stretch, Tiling, Writing, colorize_file
from nircolor.cli import main
from nircolor.events import EngineReady, Event, Note, Progress, Retreat, Warned
from nircolor.scenes import quantise, render

NIR = quantise(render(3, 60, 80).nir, 8)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> EngineConfig:
    weights = save(tmp_path_factory.mktemp("weights") / "small.safetensors", network())
    return EngineConfig(str(weights), "cpu", "fp32", tiling=Tiling(32, 8))


@pytest.fixture(scope="module")
def loaded(config: EngineConfig) -> Colorizer:
    return config.load()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return save_picture(tmp_path / "photo.png", NIR)


def decoded(data: bytes) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels


def test_a_file_becomes_one_beside_it(photo: Path, config: EngineConfig) -> None:
    result = colorize_file(photo, engine=config)
    made = photo.with_name("photo_rgb.png")
    assert (result.input, result.output) == (str(photo), str(made))
    assert (result.format, result.width, result.height, result.depth) == ("PNG", 80, 60, 8)
    assert (result.weights, result.precision, result.warnings) == (config.weights, "fp32", ())
    assert str(result) == f"{photo} -> {made}: 80 x 60, 8 bit, {result.seconds} s"
    assert decoded(made.read_bytes()).shape == (60, 80, 3)


def test_files_bytes_and_streams_give_the_same_picture(
    photo: Path, tmp_path: Path, config: EngineConfig, loaded: Colorizer
) -> None:
    colorize_file(str(photo), tmp_path / "by_path.png", engine=config)
    wanted = (tmp_path / "by_path.png").read_bytes()
    data, target = photo.read_bytes(), io.BytesIO()
    result = colorize_file(data, target, engine=loaded)
    assert (result.input, result.output, target.getvalue()) == ("-", "-", wanted)
    with photo.open("rb", buffering=0) as raw:
        colorize_file(_Trickle(raw.readall()), tmp_path / "by_stream.png", engine=loaded)
    assert (tmp_path / "by_stream.png").read_bytes() == wanted


class _Trickle(io.BytesIO):
    """A stream that, like a socket, hands out less than it is asked for."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(1000, size) if size and size > 0 else 1000)


def test_a_loaded_engine_says_what_its_configuration_says(
    photo: Path, tmp_path: Path, config: EngineConfig, loaded: Colorizer
) -> None:
    events: list[Event] = []
    first = colorize_file(photo, tmp_path / "a.png", engine=config)
    second = colorize_file(photo, tmp_path / "b.png", engine=loaded, on_event=events.append)
    timed = ("output", "seconds", "megapixels_per_second")
    same = [{k: v for k, v in result.to_json().items() if k not in timed} for result in (first, second)]
    assert same[0] == same[1]
    assert not [event for event in events if isinstance(event, EngineReady)]  # no news


def test_reading_and_writing_are_obeyed(photo: Path, tmp_path: Path, loaded: Colorizer) -> None:
    reading, writing = Reading(Stretch("minmax")), Writing(depth=16, format="tiff")
    result = colorize_file(photo, engine=loaded, reading=reading, writing=writing)
    assert (result.output, result.format, result.depth) == (str(tmp_path / "photo_rgb.tif"), "TIFF", 16)
    plain, target = io.BytesIO(), io.BytesIO()
    colorize_file(photo, plain, engine=loaded)
    colorize_file(photo, target, engine=loaded, reading=reading, writing=Writing(format="webp"))
    assert target.getvalue()[8:12] == b"WEBP"
    assert (decoded(plain.getvalue()) != decoded(target.getvalue())).any()


def test_the_result_is_what_the_command_prints(
    photo: Path, config: EngineConfig, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    dark = save_picture(photo.with_name("dark.png"), NIR.astype(np.uint16) << 4)
    result = colorize_file(dark, engine=config)
    assert "add `range=0,4095`" in result.warnings[0]
    line = ["colorize", str(dark), "--overwrite", "--json", "--weights", config.weights, "--device", "cpu"]
    assert main([*line, "--precision", "fp32", "--tile", "32", "--overlap", "8"]) == 0
    printed, timed = json.loads(capsysbinary.readouterr().out), ("seconds", "megapixels_per_second")
    assert list(printed) == list(result.to_json())
    assert {**printed, **dict.fromkeys(timed)} == {**result.to_json(), **dict.fromkeys(timed)}
    assert "add --range 0,4095" in printed["warnings"][0]


def test_what_it_reports(photo: Path, config: EngineConfig) -> None:
    events: list[Event] = []
    dark = save_picture(photo.with_name("dark.png"), NIR >> 4)
    result = colorize_file(dark, engine=config, on_event=events.append)
    stages = list(dict.fromkeys(event.stage for event in events if isinstance(event, Progress)))
    assert stages == ["loading the weights", "colorizing", "writing"]
    done = [event.done for event in events if isinstance(event, Progress) and event.stage == "colorizing"]
    assert (done, done[0], done[-1], len(done) > 2) == (sorted(done), 0, 60 * 80, True)
    (engine,) = (event for event in events if isinstance(event, EngineReady))
    assert str(engine).startswith(f"device cpu, kernel {result.kernel}, weights {config.weights} ({result.sha256})")
    assert [event.text for event in events if isinstance(event, Warned)] == list(result.warnings) != []
    assert all(event.detail for event in events if isinstance(event, Note))


def test_a_retreat_is_reported_to_whoever_colorizes(
    photo: Path, loaded: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint, events = loaded.networks.network.paint, []

    def crowded(x: object, *rest: object) -> object:
        if len(x) > 1:  # type: ignore[arg-type]
            raise MemoryError
        return paint(x, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(loaded.networks.network, "paint", crowded)
    monkeypatch.setattr(loaded, "tiling", Tiling(32, 8, batch=2))
    result = colorize_file(photo, engine=loaded, on_event=events.append)
    assert [type(event) for event in events if isinstance(event, Warned)] == [Retreat]
    assert len(result.warnings) == 1


# --- large pictures ---------------------------------------------------------------------------------------------------


@pytest.fixture
def ortho(tmp_path: Path) -> Path:
    """16 bits and a mask, in tiles."""
    scene = render(5, 300, 700)
    mask = np.where(np.arange(700) < 40, 0, 65535).astype(np.uint16)
    bands = np.dstack([quantise(scene.nir, 16), np.broadcast_to(mask, (300, 700))])
    options = {"photometric": "minisblack", "extrasamples": ["unassalpha"], "tile": (64, 64), "compression": "zlib"}
    tifffile.imwrite(tmp_path / "ortho.tif", bands, **options)
    return tmp_path / "ortho.tif"


def test_what_is_written_while_it_is_colorized_equals_the_picture_in_memory(ortho: Path, loaded: Colorizer) -> None:
    colorize_file(ortho, engine=loaded)
    image, expected = nircolor.read_nir(ortho), io.BytesIO()
    nircolor.write_rgb(expected, loaded.colorize(image.pixels), image.info, alpha=image.alpha)
    assert ortho.with_name("ortho_rgb.tif").read_bytes() == expected.getvalue()


def test_a_large_picture_is_written_as_tiff_or_refused_before_the_work(
    ortho: Path, loaded: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nircolor.image.plan.MAX_PIXELS", 200_000)
    monkeypatch.delattr("nircolor.colorizer.Colorizer.paint")
    with pytest.raises(nircolor.UsageError, match=r"PNG is encoded in one piece, .* at most; write TIFF"):
        colorize_file(ortho, engine=loaded, writing=Writing(format="png"))
    assert list(ortho.parent.iterdir()) == [ortho]


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda p: colorize_file(p / "gone.png"), nircolor.InputError, "{0}/gone.png: does not exist; check the name"),
        (lambda p: colorize_file(b"", io.BytesIO()), nircolor.InputError, "standard input: is empty (0 bytes); get a"),
        (
            lambda p: colorize_file(b"x"),
            nircolor.UsageError,
            "what has no name gives none to its output; give `target`",
        ),
        (lambda p: colorize_file(io.StringIO(), p / "x.png"), nircolor.UsageError, "a stream of text holds no picture"),
        (lambda p: colorize_file(p / "photo.png", io.StringIO()), nircolor.UsageError, "a stream of text holds no"),
        (lambda p: colorize_file(_closed(), p / "x.png"), nircolor.InputError, "standard input: cannot be read (I/O"),
        (
            lambda p: colorize_file(p / "photo.png", p / "photo.png", overwrite=True),
            nircolor.UsageError,
            "{0}/photo.png: is the input itself; choose another name for the output",
        ),
        (
            lambda p: colorize_file(p / "photo.png", engine=EngineConfig(device="gpu")),
            nircolor.UsageError,
            "`device=gpu`: unknown; give auto, cpu, cuda, cuda:N or mps",
        ),
        (
            lambda p: colorize_file(p / "photo.png", engine=EngineConfig("nonsense")),
            nircolor.WeightsError,
            "no packaged weights named 'nonsense'",
        ),
        (
            lambda p: colorize_file(p / "photo.png", writing=Writing(format="gif")),
            nircolor.UsageError,
            "unknown format 'gif'",
        ),
        (lambda p: colorize_file(p / "photo.png", p / "gone" / "x.png"), nircolor.OutputError, "{0}/gone: this folder"),
    ],
)
def test_what_cannot_be_is_refused_before_an_engine_is_loaded(
    photo: Path,
    call: Callable[[Path], object],
    kind: type[Exception],
    text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("nircolor.colorizer.Colorizer")
    with pytest.raises(kind) as caught:
        call(photo.parent)
    assert str(caught.value).startswith(text.format(photo.parent))
    assert list(photo.parent.iterdir()) == [photo]


def _closed() -> io.BytesIO:
    stream = io.BytesIO(b"x")
    stream.close()
    return stream


def test_an_existing_output_needs_overwrite(photo: Path, loaded: Colorizer) -> None:
    made = photo.with_name("photo_rgb.png")
    made.write_text("precious")
    with pytest.raises(nircolor.OutputExistsError, match="choose another name or add `overwrite=True`") as caught:
        colorize_file(photo, engine=loaded)
    assert (caught.value.path, made.read_text()) == (made, "precious")
    colorize_file(photo, engine=loaded, overwrite=True)
    assert decoded(made.read_bytes()).shape == (60, 80, 3)
