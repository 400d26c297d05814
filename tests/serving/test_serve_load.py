"""Limits, crowds, people who leave, work that hangs or crashes."""

from __future__ import annotations

import os
import signal
import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from serving_tools import Answer, Server, encoded, is_alive, pause, status_of, wait_for

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


def test_who_leaves_while_a_picture_is_colorized(start: Start, png: bytes) -> None:
    server = start()
    large = encoded(".png", np.random.default_rng(0).integers(0, 256, (2000, 2000), np.uint8))
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
