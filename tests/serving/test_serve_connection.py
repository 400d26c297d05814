"""Connections that say nothing, or not enough: they are ended, and nobody else has to wait for them."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue
from threading import Event, Thread

import pytest
from serving_tools import PATIENCE

import nircolor
from nircolor.events import Note

pytest.importorskip("uvicorn", reason="nircolor[serve] is not installed")
from nircolor.serving import connection

HEAD = b"GET /icon.svg HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of a server with little patience."""
    told, stop = SimpleQueue[str](), Event()

    def watch(event: object) -> None:
        if isinstance(event, Note):
            told.put(event.text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "PATIENCE", 0.3)
        thread = Thread(target=lambda: nircolor.serve(port=0, stop=stop, on_event=watch))
        thread.start()
        found = re.search(r":(\d+)/", told.get(timeout=PATIENCE))
        assert found
        yield int(found[1])
        stop.set()
        thread.join(PATIENCE)


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", HEAD, b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n\r\nX"],
    ids=["nothing", "half a line", "half a head", "a body that nobody waits for"],
)
def test_who_does_not_ask_is_sent_away(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(sent)
        while client.recv(65536):  # an answer where there is one, and then the end
            pass


def test_more_bytes_do_not_make_it_wait(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(HEAD)
        client.settimeout(0.05)
        while not is_closed(client):
            with suppress(ConnectionError):
                client.sendall(b"X: y\r\n")


def is_closed(client: socket.socket) -> bool:
    """Whether the other side has ended a connection on which it says nothing."""
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True
