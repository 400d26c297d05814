"""``nircolor serve`` in a process of its own on a free port, asked over real connections."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import cv2
import pytest
from cli_tools import environment
from numpy.typing import NDArray

PATIENCE = 300  # seconds: for what hangs
BOUNDARY = "a-boundary"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        values = json.loads(self.body)
        assert isinstance(values, dict)
        return values

    @property
    def result(self) -> dict[str, Any]:
        """What a picture's header says of it."""
        values = json.loads(self.headers["nircolor-result"])
        assert isinstance(values, dict)
        return values


def form(content: bytes, name: str = "photo.png", part: str = "file", **fields: str) -> bytes:
    """The body of a form with one picture."""
    text = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    )
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{part}"; filename="{name}"\r\n\r\n'
    return (text + head).encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


class Server:
    """Ends with the block. ``lines``: what it has said on standard error. ``temp``: its folder for temporary files."""

    def __init__(self, temp: Path, *options: str | Path, env: dict[str, str] | None = None) -> None:
        pytest.importorskip("uvicorn", reason="nircolor[serve] is not installed")
        self.temp, self.lines = temp, list[str]()
        line = [sys.executable, "-m", "nircolor", "serve", "--port", "0", *map(str, options)]
        env = {**environment(), "TMPDIR": str(temp), **(env or {})}
        self.process = subprocess.Popen(line, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self._said = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = re.findall(r"http://\S+", self.said("serving at "))[0]
        self.host, self.port = urlsplit(self.url).hostname or "", urlsplit(self.url).port or 0

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(signal.SIGKILL)

    def end(self, number: int = signal.SIGINT) -> int:
        """Its exit code after a signal."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def said(self, words: str) -> str:
        """The first line with these words, once there is one."""
        with self._said:
            found = self._said.wait_for(lambda: self._find(words) or self.lines[-1:] == [""], PATIENCE)
        line = self._find(words)
        assert found, "it said nothing of the kind"
        assert line, self.lines
        return line

    def _find(self, words: str) -> str:
        return next((line for line in self.lines if words in line), "")

    def _read(self) -> None:
        for line in self._each():
            with self._said:
                self.lines.append(line)
                self._said.notify_all()

    def _each(self) -> Iterator[str]:
        """Its lines, and an empty one when there will be no more."""
        assert self.process.stderr
        with self.process.stderr as stream:
            for line in stream:
                yield line.rstrip("\n")
        yield ""

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            names = {key.replace("_", "-"): value for key, value in headers.items()}
            connection.request(method, path, body or None, names)
            answer = connection.getresponse()
            return Answer(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def colorize(self, content: bytes, name: str = "photo.png", path: str = "/colorize", **fields: str) -> Answer:
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        return self.ask("POST", path, form(content, name, **fields), Content_Type=kind)

    def begin(self, content: bytes, token: str, part: float = 1.0) -> socket.socket:
        """A connection on which an upload has begun; a ``part`` of its body is sent."""
        body = form(content)
        head = (
            f"POST /colorize?job={token} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection = socket.create_connection((self.host, self.port), PATIENCE)
        connection.sendall(head.encode() + body[: int(len(body) * part)])
        return connection

    def until(self, token: str, *stages: str) -> None:
        """Waits until a request is at one of these stages."""
        wait_for(lambda: self.ask("GET", f"/progress/{token}").json["stage"] in stages)

    def children(self) -> list[int]:
        """The processes that it has started."""
        folder = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        if not folder.exists():
            pytest.skip("this system does not tell which processes a process has started")
        return [int(word) for word in folder.read_text().split()]

    def leaves_nothing(self) -> bool:
        """Whether the files of requests go; the end of an answer comes a little sooner."""
        wait_for(lambda: not list(self.temp.glob(".nircolor-*.tmp")))
        return True


def status_of(connection: socket.socket) -> int:
    """The status of the answer to a request that was begun."""
    with connection:
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
        return answer.status


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.05)


def is_alive(process: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def pause(process: int) -> None:
    """A process that hangs: it keeps what it has and does nothing more."""
    os.kill(process, signal.SIGSTOP)
    wait_for(lambda: Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "T")


def encoded(suffix: str, pixels: NDArray[Any]) -> bytes:
    done, data = cv2.imencode(suffix, pixels)
    assert done
    return data.tobytes()
