"""``nircolor.progress()``: a bar while a verb works, its messages above, and nothing left of it afterwards."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import small_network

import nircolor
from nircolor.bar import Bar
from nircolor.events import Ended, EngineReady, Event, Note, Progress, Warned


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Makes a terminal of standard error; to be called in the test itself, before which pytest puts its own there."""

    def make() -> Terminal:
        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    for name, value in (("TERM", "xterm"), ("COLUMNS", "100")):
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return make


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> nircolor.EngineConfig:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    return nircolor.EngineConfig(str(small_network.save(path, small_network.network(small_network.PLAIN))))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8))
    return path


def check_nothing_is_left(terminal: Terminal) -> None:
    assert sys.stderr is terminal, "messages go where they went before"
    for thread in threading.enumerate():
        if type(thread).__name__ == "_RefreshThread":
            thread.join(300)  # it has been asked to end
            assert not thread.is_alive()
    assert terminal.getvalue().endswith("\x1b[2K"), "the line of the bar is cleared"


def test_a_verb_that_ends(on_terminal: Callable[[], Terminal], engine: nircolor.EngineConfig, photo: Path) -> None:
    terminal, watch = on_terminal(), nircolor.progress()
    for name in ("one.png", "two.png"):
        nircolor.colorize_file(photo, photo.with_name(name), engine=engine, on_event=watch)
        check_nothing_is_left(terminal)
    shown = terminal.getvalue()
    assert shown.count("device cpu, kernel ") == 2
    for stage in ("loading the weights", "colorizing", "writing"):
        assert stage in shown


def test_a_verb_that_raises(on_terminal: Callable[[], Terminal], engine: nircolor.EngineConfig, photo: Path) -> None:
    terminal, stop, watch = on_terminal(), threading.Event(), nircolor.progress()

    def stopping(event: Event) -> None:
        watch(event)
        if isinstance(event, Progress):
            stop.set()

    with pytest.raises(nircolor.StoppedError):
        nircolor.colorize_file(photo, engine=engine, stop=stop, on_event=stopping)
    check_nothing_is_left(terminal)
    assert "loading the weights" in terminal.getvalue()
    assert [path.name for path in photo.parent.iterdir()] == ["photo.png"]


def test_a_log_gets_messages_and_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    watch = nircolor.progress()
    for event in (
        Progress("colorizing", 1, 2),
        Warned("it is dark; add `grey=True`"),
        Note("half [bold]done[/bold]\x1b[2J"),
        Note("for those who want to know", detail=True),
        EngineReady("cpu", "numba", "fp32", "lite", "0123"),
        Ended(),
    ):
        watch(event)
    assert capsys.readouterr().err.splitlines() == [
        "warning: it is dark; add `grey=True`",
        "half [bold]done[/bold]\\x1b[2J",
        "device cpu, kernel numba, weights lite (0123), precision fp32",
    ]


def test_what_the_bar_says(on_terminal: Callable[[], Terminal]) -> None:
    terminal, bar = on_terminal(), Bar()
    bar.show(Progress("reading"))
    bar.show(Progress("colorizing", 1, 4))
    bar.show(Progress("of a video", 3, 0, "frames"), "2 failed")
    bar.close()
    shown = terminal.getvalue()
    for words in ("reading", "25%", "3/? ", " frames/s 2 failed"):
        assert words in shown
    check_nothing_is_left(terminal)


def test_a_hidden_bar_shows_nothing(on_terminal: Callable[[], Terminal]) -> None:
    terminal, bar = on_terminal(), Bar(hidden=True)
    bar.show(Progress("colorizing", 1, 4))
    bar.close()
    assert terminal.getvalue() == ""
