"""Limits, crowds, people who leave, work that hangs or crashes, and how the server ends."""

from __future__ import annotations

import os
import signal
import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from cli_tools import Result
from conftest import encoded
from serving_tools import Answer, Server, is_alive, pause, status_of, wait_for

import nircolor
from nircolor.events import Note

TOKEN = "a-token-of-a-test"
Start = Callable[..., Server]


def test_a_hundred_at_once(start: Start, png: bytes) -> None:
    server = start("--waiting", "3")
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: server.colorize(png), range(100)))
    found = Counter(answer.status for answer in answers)
    assert set(found) == {200, 503}
    assert found[200] >= 4
    for answer in answers:
        if answer.status == 503:
            assert answer.json["reason"] == "too many pictures are waiting"
            assert int(answer.headers["retry-after"]) >= 1
    assert len({answer.body for answer in answers if answer.status == 200}) == 1
    assert server.leaves_nothing()


def test_who_finds_no_place_is_told_so_after_a_large_upload(start: Start, png: bytes) -> None:
    server = start("--waiting", "0")
    first = server.begin(png, TOKEN, 0.5)
    server.until(TOKEN, "receiving")
    assert server.colorize(bytes(20_000_000)).status == 503
    first.close()
    wait_for(lambda: server.colorize(png).status == 200)
    assert server.leaves_nothing()


def test_uploads_and_pictures_have_a_largest_size(start: Start, png: bytes) -> None:
    server = start("--max-upload", "1", "--max-pixels", "0.01")
    assert server.colorize(png).status == 200
    large = server.colorize(encoded(".png", np.zeros((101, 100), np.uint8)))
    assert (large.status, large.json["reason"]) == (413, "is 100 x 101 pixels, and this server takes 0.01 megapixels")
    heavy = server.colorize(bytes(2_000_000))
    assert heavy.status == 413
    assert heavy.json["reason"] == "the upload is larger than 1 MB, which is what this server takes"
    assert chunked(server, bytes(3_000_000)).status == 413
    assert server.leaves_nothing()


def chunked(server: Server, content: bytes) -> Answer:
    """An upload that does not say how long it is."""
    import http.client

    from serving_tools import BOUNDARY, form

    body = form(content)
    connection = http.client.HTTPConnection(server.host, server.port)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    parts = (body[at : at + 65536] for at in range(0, len(body), 65536))
    connection.request("POST", "/colorize", parts, headers, encode_chunked=True)
    answer = connection.getresponse()
    return Answer(answer.status, {}, answer.read())


def test_an_upload_that_does_not_come_ends(start: Start, png: bytes) -> None:
    server = start("--timeout", "1")
    assert status_of(server.begin(png, TOKEN, 0.5)) == 408
    assert server.leaves_nothing()


def test_work_that_hangs_ends_and_the_next_picture_is_done(start: Start, png: bytes) -> None:
    server = start("--timeout", "5")
    (worker,) = server.children()
    pause(worker)
    answer = server.colorize(png)
    assert (answer.status, answer.json["reason"]) == (504, "took more than 5 s and was stopped")
    wait_for(lambda: not is_alive(worker))
    assert server.leaves_nothing()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(server.colorize, png).result().status in (
            200,
            504,
        )  # a busy machine may need longer to start


def test_who_leaves_gets_no_picture_and_leaves_nothing(start: Start, png: bytes) -> None:
    server = start()
    (worker,) = server.children()
    pause(worker)
    connection = server.begin(png, TOKEN)
    server.until(TOKEN, "waiting", "loading the weights")
    connection.close()
    server.said("somebody left")
    wait_for(lambda: not is_alive(worker))  # it did not stop when it was asked to
    assert server.leaves_nothing()
    assert server.colorize(png).status == 200


def test_who_leaves_does_not_cost_a_worker_that_listens(start: Start, png: bytes) -> None:
    server = start()
    (worker,) = server.children()
    large = encoded(".png", np.random.default_rng(0).integers(0, 256, (4000, 4000), np.uint8))
    connection = server.begin(large, TOKEN)
    wait_for(lambda: server.ask("GET", f"/progress/{TOKEN}").json["total"] > 0 or status_is_there(connection))
    connection.close()
    assert server.colorize(png).status == 200
    assert server.leaves_nothing()


def status_is_there(connection: socket.socket) -> bool:
    """Whether the answer has begun to come: a fast machine is done already."""
    connection.setblocking(False)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        connection.setblocking(True)


def test_a_crash_costs_one_picture(start: Start, png: bytes) -> None:
    server = start()
    (worker,) = server.children()
    pause(worker)
    connection = server.begin(png, TOKEN)
    server.until(TOKEN, "waiting", "loading the weights")
    os.kill(worker, signal.SIGKILL)
    assert status_of(connection) == 422
    assert "has ended the process that colorizes" in server.said("photo.png: ")
    assert server.colorize(png).status == 200
    assert server.children() != [worker]


def test_progress_says_how_many_come_before(start: Start, png: bytes) -> None:
    server = start()
    (worker,) = server.children()
    pause(worker)
    first = server.begin(png, "the-first-of-them")
    server.until("the-first-of-them", "waiting", "loading the weights")
    second = server.begin(png, "the-second-one")
    wait_for(lambda: server.ask("GET", "/progress/the-second-one").json["ahead"] == 1)
    os.kill(worker, signal.SIGCONT)
    assert [status_of(first), status_of(second)] == [200, 200]
    server.until("the-second-one", "unknown")


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


def test_a_port_in_use_is_said_in_a_line(command: Callable[..., Result], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = command("serve", "--port", str(port), cwd=tmp_path)
    expected = f"nircolor: error: --port {port}: is taken by another program; choose another one; --port 0 takes one that is free\n"
    assert (result.code, result.err) == (2, expected)


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


def test_without_the_extra_it_says_what_to_install(
    command: Callable[..., Result], poison: Callable[..., Path], tmp_path: Path
) -> None:
    folder = poison("starlette")
    (folder / "starlette.py").write_text("raise ModuleNotFoundError('none of it')")
    result = command("serve", "--port", "0", cwd=tmp_path, first=(folder,))
    expected = "nircolor: error: a server needs an extra (none of it); pip install 'nircolor[serve]'\n"
    assert (result.code, result.err) == (2, expected)
