"""How the server ends: by a signal, by its caller, by force; and what it leaves behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest
from serving_tools import Server, is_alive, pause, wait_for

import nircolor
from nircolor.events import Note

TOKEN = "a-token-of-a-test"
Start = Callable[..., Server]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_whatever_it_does(start: Start, png: bytes, number: int, code: int) -> None:
    server = start()
    (worker,) = server.children()
    pause(worker)
    working, waiting = server.begin(png, TOKEN), server.begin(png, "another-token")
    server.until("another-token", "waiting")
    assert server.end(number) == code
    assert [line for line in server.lines if "error" in line] == ["nircolor: error: interrupted"]
    assert not is_alive(worker)
    assert list(server.temp.iterdir()) == []
    working.close()
    waiting.close()


def test_a_worker_does_not_outlive_a_server_that_is_killed(start: Start) -> None:
    server = start()
    (worker,) = server.children()
    server.end(signal.SIGKILL)
    wait_for(lambda: not is_alive(worker))


def test_what_a_killed_server_has_left_is_removed_by_the_next(start: Start, tmp_path: Path) -> None:
    left = tmp_path / "tmp0" / ".nircolor-0123456789abcdef.tmp"
    (tmp_path / "tmp0").mkdir()
    left.mkdir()
    os.utime(left, (0, 0))
    with Server(tmp_path / "tmp0"):
        assert not left.exists()


def test_uploads_are_for_the_eyes_of_their_owner_alone(start: Start, png: bytes) -> None:
    server = start()
    with server.begin(png, TOKEN, 0.5):
        server.until(TOKEN, "receiving")
        wait_for(lambda: len(list(server.temp.iterdir())) == 1)
        (folder,) = server.temp.iterdir()
        assert folder.stat().st_mode & 0o077 == 0
    assert server.leaves_nothing()


def test_it_lives_on_when_somebody_clears_the_temporary_folder(start: Start, png: bytes) -> None:
    server = start()
    server.temp.rmdir()
    answer = server.colorize(png)
    assert (answer.status, answer.json["reason"]) == (500, "the upload cannot be kept (No such file or directory)")
    server.temp.mkdir()
    assert server.colorize(png).status == 200


def test_it_is_a_function_that_can_be_stopped(png: bytes, tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="nircolor[serve] is not installed")
    stop, there, told = Event(), Event(), list[str]()
    found: list[nircolor.Served] = []

    def watch(event: object) -> None:
        if isinstance(event, Note):
            told.append(event.text)
            there.set()

    thread = Thread(target=lambda: found.append(nircolor.serve(port=0, stop=stop, on_event=watch)))
    thread.start()
    assert there.wait(300)
    stop.set()
    thread.join(300)
    assert not thread.is_alive()
    assert told == [f"serving at {found[0].url} until Ctrl-C"]
    assert (found[0].done, found[0].refused) == (0, 0)
