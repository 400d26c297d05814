"""``colorize_file`` that is stopped, or killed: nothing is left, or the next run removes it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import save as save_picture
from image_files import tiff_pages
from small_network import network, save

import nircolor
from nircolor import Colorizer, EngineConfig, Reading, Tiling, colorize_file
from nircolor.events import Ended, Event, Progress
from nircolor.files import atomic_file
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


def stopping_at(stage: str, stop: threading.Event) -> Callable[[Event], None]:
    """An observer that sets ``stop`` as soon as a stage begins."""

    def watch(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == stage:
            stop.set()

    return watch


@pytest.mark.parametrize("stage", ["loading the weights", "colorizing"])
def test_a_stop_leaves_nothing(photo: Path, config: EngineConfig, stage: str) -> None:
    stop = threading.Event()
    with pytest.raises(nircolor.StoppedError):
        colorize_file(photo, engine=config, stop=stop, on_event=stopping_at(stage, stop))
    assert list(photo.parent.iterdir()) == [photo]


def test_a_stop_beforehand_lets_nothing_begin(config: EngineConfig) -> None:
    stop, events = threading.Event(), list[Event]()
    stop.set()
    with pytest.raises(nircolor.StoppedError):
        colorize_file("missing.png", engine=config, stop=stop, on_event=events.append)
    assert events == [Ended()]


def test_a_stop_while_the_output_is_written_comes_too_late(photo: Path, loaded: Colorizer) -> None:
    stop = threading.Event()
    colorize_file(photo, engine=loaded, stop=stop, on_event=stopping_at("writing", stop))
    assert photo.with_name("photo_rgb.png").is_file()


def test_a_stop_half_way_leaves_nothing(photo: Path, loaded: Colorizer) -> None:
    stop, done = threading.Event(), list[float]()

    def watch(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == "colorizing" and event.done > event.total / 2:
            done.append(event.done)
            stop.set()

    with pytest.raises(nircolor.StoppedError):
        colorize_file(photo, engine=loaded, stop=stop, on_event=watch)
    assert len(done) == 1
    assert list(photo.parent.iterdir()) == [photo]


@pytest.mark.parametrize("several", [False, True], ids=["picture", "pages"])
def test_what_a_killed_run_has_left_is_removed_by_the_next(photo: Path, loaded: Colorizer, several: bool) -> None:
    source = photo.with_name("photo.tif") if several else photo
    if several:
        source.write_bytes(tiff_pages(NIR, NIR))
    left = photo.with_name(".nircolor-0123456789abcdef.tmp")
    left.write_bytes(b"the beginning of a TIFF")
    os.utime(left, (0, 0))
    with atomic_file(photo.with_name("other.bin"), overwrite=False) as stream:  # somebody else is at work in the folder
        (theirs,) = (path for path in photo.parent.glob(".nircolor-*.tmp") if path != left)
        os.utime(theirs, (0, 0))
        colorize_file(source, engine=loaded, reading=Reading(page="all"))
        stream.write(b"theirs")
    made = source.with_stem("photo_rgb")
    assert sorted(photo.parent.iterdir()) == sorted({photo, source, made, photo.with_name("other.bin")})
