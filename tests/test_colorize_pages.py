"""``colorize_file`` with all pages of a file: what it returns, reports and refuses; the command, too."""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from cli_tools import environment
from image_files import RAMP, RAMP16, png, tiff, tiff_pages
from small_network import network, save

from nircolor import EngineConfig, Reading, Tiling, Writing, colorize_file
from nircolor.errors import InputError, StoppedError, UsageError
from nircolor.events import EngineReady, Event, Progress, Warned

ALL = Reading(page="all")
PAGES = tiff_pages(RAMP16, RAMP[4:], RAMP16[:, :9].copy() // 300)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> EngineConfig:
    weights = save(tmp_path_factory.mktemp("weights") / "small.safetensors", network())
    return EngineConfig(str(weights), "cpu", "fp32", tiling=Tiling(32, 8))


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    (tmp_path / "pages.tif").write_bytes(PAGES)
    return tmp_path / "pages.tif"


def test_each_page_is_what_it_is_alone(pages: Path, config: EngineConfig) -> None:
    events: list[Event] = []
    result = colorize_file(pages, engine=config, reading=ALL, on_event=events.append)
    made = pages.with_name("pages_rgb.tif")
    assert (result.pages, result.width, result.height, result.depth) == (3, 53, 37, 16)
    assert (result.output, result.format, result.to_json()["pages"]) == (str(made), "TIFF", 3)
    assert str(result) == f"{pages} -> {made}: 3 pages, the first 53 x 37, 16 bit, {result.seconds} s"
    with tifffile.TiffFile(made) as file:
        for number, page in enumerate(file.pages, 1):
            alone = io.BytesIO()
            colorize_file(PAGES, alone, engine=config, reading=Reading(page=number), writing=Writing(format="tiff"))
            alone.seek(0)
            np.testing.assert_array_equal(page.asarray(), tifffile.imread(alone))
    shown = [event for event in events if isinstance(event, Progress) and event.unit == "pages"]
    assert [event.done for event in shown if event.done % 1 == 0] == [0, 1, 1, 2, 2, 3]
    assert {event.total for event in shown} == {3}
    assert sum(isinstance(event, EngineReady) for event in events) == 1
    (warned,) = (event.text for event in events if isinstance(event, Warned))
    assert warned.startswith(f"{pages}: page 3: ")
    assert result.warnings == (warned,)


def test_what_has_one_page_is_one_picture(tmp_path: Path, config: EngineConfig) -> None:
    for data, name in ((png(RAMP), "x.png"), (tiff(RAMP), "y.png")):
        result = colorize_file(data, tmp_path / name, engine=config, reading=ALL)
        assert (result.pages, result.format, result.width) == (1, "PNG", 53)
    assert "pages" not in colorize_file(png(RAMP), tmp_path / "z.png", engine=config).to_json()


def test_what_cannot_hold_pages_is_refused_before_the_work(pages: Path, config: EngineConfig) -> None:
    events: list[Event] = []
    for target in (pages.with_name("out.png"), io.BytesIO()):
        with pytest.raises(UsageError, match="PNG holds one picture, and the input has 3 pages; write TIFF"):
            colorize_file(pages, target, engine=config, reading=ALL, on_event=events.append)
    with pytest.raises(UsageError, match="JPEG holds one picture"):
        colorize_file(pages, engine=config, reading=ALL, writing=Writing(8, "jpeg"), on_event=events.append)
    assert not any(isinstance(event, EngineReady) for event in events)
    assert list(pages.parent.iterdir()) == [pages]


def test_a_stream_gets_all_pages(config: EngineConfig) -> None:
    target = io.BytesIO()
    result = colorize_file(io.BytesIO(PAGES), target, engine=config, reading=ALL, writing=Writing(format="tiff"))
    assert (result.input, result.output, result.pages) == ("-", "-", 3)
    with tifffile.TiffFile(io.BytesIO(target.getvalue())) as file:
        assert len(file.pages) == 3


def test_a_bad_page_and_a_stop_leave_nothing(pages: Path, config: EngineConfig) -> None:
    stop = threading.Event()

    def observe(event: Event) -> None:
        if isinstance(event, Progress) and event.unit == "pages" and event.done >= 1:
            stop.set()

    with pytest.raises(StoppedError):
        colorize_file(pages, engine=config, reading=ALL, stop=stop, on_event=observe)
    colours = tiff_pages(RAMP, np.dstack([RAMP, RAMP[::-1], RAMP[:, ::-1]]))
    with pytest.raises(InputError, match="standard input: page 2: is a colour picture"):
        colorize_file(colours, pages.with_name("out.tif"), engine=config, reading=ALL)
    assert list(pages.parent.iterdir()) == [pages]


@pytest.mark.skipif(importlib.util.find_spec("rasterio") is None, reason="rasterio is not installed")
def test_a_cog_is_of_one_page(pages: Path, config: EngineConfig) -> None:
    cog = Writing(cog=True)
    with pytest.raises(UsageError, match=r"cog.*has one page only.*leave it out, or choose one with `page=1`"):
        colorize_file(pages, engine=config, reading=ALL, writing=cog)
    assert list(pages.parent.iterdir()) == [pages]
    result = colorize_file(tiff(RAMP), pages.with_name("one.tif"), engine=config, reading=ALL, writing=cog)
    assert (result.pages, result.format) == (1, "TIFF")


def damaged(*numbers: int) -> bytes:
    """Three pages of two strips each, the second strip of page ``numbers`` overwritten."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for _ in range(3):
            writer.write(RAMP16, compression="zlib", rowsperstrip=20, metadata=None)
    data = bytearray(stream.getvalue())
    stream.seek(0)
    with tifffile.TiffFile(stream) as file:
        for number in numbers:
            place = file.pages[number - 1].dataoffsets[1]
            data[place : place + 9] = b"\xff" * 9
    return bytes(data)


def test_damage_of_a_page_becomes_no_data_there_alone(tmp_path: Path, config: EngineConfig) -> None:
    target, data = tmp_path / "out.tif", damaged(2, 3)
    with pytest.raises(InputError, match=r"page 2: is damaged: its strip at row 20, column 0 .*`damaged=nodata`"):
        colorize_file(data, target, engine=config, reading=ALL)
    assert not target.exists()
    result = colorize_file(data, target, engine=config, reading=replace(ALL, damaged="nodata"))
    lost = [line for line in result.warnings if "became no data, the first at row 20, column 0" in line]
    assert len(lost) == 1
    assert "page 2 and 1 more: 1 of its 2 strips or tiles" in lost[0]
    with tifffile.TiffFile(target) as file:
        first, *others = (page.asarray() for page in file.pages)
    assert first.shape[2] == 3 or first[:, :, 3].min() == 65535
    for page in others:
        assert page.shape == (37, 53, 4)
        assert page[:20, :, 3].min() == 65535
        assert not page[20:].any()


@pytest.mark.parametrize("page", ["each", "ALL", ""])
def test_a_page_that_makes_no_sense(page: str) -> None:
    with pytest.raises(UsageError, match="a page is a number from 1, or all"):
        Reading(page=page)  # type: ignore[arg-type]


def nircolor(*args: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "nircolor", *map(str, args)]
    return subprocess.run(line, cwd=cwd, env=environment(), capture_output=True, text=True, check=False, timeout=600)


def test_the_command(pages: Path, config: EngineConfig) -> None:
    line = ("colorize", pages.name, "--weights", config.weights, "--device", "cpu")
    done = nircolor(*line, "--page", "all", "--json", cwd=pages.parent)
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert (values["pages"], values["output"]) == (3, "pages_rgb.tif")
    with tifffile.TiffFile(pages.with_name("pages_rgb.tif")) as file:
        assert [page.shape for page in file.pages] == [(37, 53, 3), (33, 53, 3), (37, 9, 3)]
        assert [page.dtype for page in file.pages] == [np.uint16, np.uint8, np.uint16]
