"""Servers of live videos on this machine: H.264 over RTSP, motion JPEG and MPEG-TS over HTTP, MPEG-TS over UDP."""

from __future__ import annotations

import base64
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import cv2
from live_shows import RATE, pictures, prepare, transport, units

SECRET = "s3cr3t"
KEY = f"camera:a@b/{SECRET}?#:"
_MOST = 200  # bytes of a unit in one packet; a larger one is sent in pieces
_SDP = f"""v=0\r
o=- 0 0 IN IP4 127.0.0.1\r
s=camera\r
t=0 0\r
m=video 0 RTP/AVP 96\r
a=rtpmap:96 H264/90000\r
a=fmtp:96 packetization-mode=1\r
a=framerate:{RATE}\r
a=control:track1\r
"""


@dataclass(frozen=True)
class Show:
    """What one connection gets: ``frames``, so many a second (``rate``), from a server that then is ``silent`` or hangs
    up. 0: it says nothing to begin with, or hangs up at once; -1: it answers, but nothing follows. JPEG may be
    ``wide``.
    """

    frames: int = 10_000
    rate: float = RATE
    silent: bool = False
    wide: bool = False


Sender = Callable[[socket.socket, Show, "Server"], None]


class Server:
    """Connections one after the other get one of ``shows`` each; the last of them is for all that follow.

    ``port`` stays the same, however often the server is stopped and begins again.
    """

    def __init__(self, send: Sender, shows: Sequence[Show], scheme: str) -> None:
        self._send, self._shows, self._scheme = send, list(shows), scheme
        self.connections, self.requests, self.port = 0, list[str](), 0
        self._open = list[socket.socket]()
        self.start()

    @property
    def address(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/live"

    @property
    def secret_address(self) -> str:
        return f"{self._scheme}://admin:{SECRET}@127.0.0.1:{self.port}/live?token={SECRET}"

    def start(self) -> None:
        self._stopped = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", self.port))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()

    def stop(self) -> None:
        """Nobody is served any more, and who comes is turned away."""
        self._stopped.set()
        for one in (self._socket, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def pause(self, seconds: float) -> bool:
        """Whether the server goes on after that time."""
        return not self._stopped.wait(seconds)

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                self._open.append(connection)
                show = self._shows[min(self.connections, len(self._shows) - 1)]
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection, show), daemon=True).start()

    def _serve(self, connection: socket.socket, show: Show) -> None:
        with suppress(OSError, ValueError), connection:
            if show.frames:
                self._send(connection, show, self)
            if show.silent:
                self._stopped.wait()
            elif show.frames:
                _hang_up(connection)


def _hang_up(connection: socket.socket) -> None:
    """So that the other side gets all that was sent: it would not if something of its own were left unread."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(4096):
        pass


def paced(show: Show, server: Server) -> Iterator[int]:
    """Numbers of the frames of a show, each when it is due."""
    begin = time.monotonic()
    for number in range(show.frames):
        if not server.pause(max(0.0, begin + number / show.rate - time.monotonic())):
            return
        yield number


def _request(connection: socket.socket) -> str:
    """One request of HTTP or RTSP, its lines. Raises ValueError where none comes."""
    text = b""
    while b"\r\n\r\n" not in text:
        if not (more := connection.recv(4096)):
            raise ValueError("nobody is there")
        text += more
    return text.decode()


def send_ts(connection: socket.socket, show: Show, server: Server) -> None:
    server.requests.append(_request(connection))
    connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n")
    for _, piece in zip(paced(show, server), transport(show.frames), strict=False):
        connection.sendall(piece)


def send_jpeg(connection: socket.socket, show: Show, server: Server) -> None:
    server.requests.append(_request(connection))
    _send_pictures(connection, show, server)


def _send_pictures(connection: socket.socket, show: Show, server: Server) -> None:
    kind = b"multipart/x-mixed-replace; boundary=frame"
    connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: " + kind + b"\r\n\r\n")
    for number in paced(show, server):
        picture = pictures()[number % RATE]
        data = cv2.imencode(".jpg", picture.repeat(1 + show.wide, axis=1))[1].tobytes()
        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
        connection.sendall(head.encode() + data + b"\r\n")


def send_rtsp(connection: socket.socket, show: Show, server: Server) -> None:
    """Requests up to PLAY, then RTP within the same connection."""
    played = False
    while not played:
        request = _request(connection)
        server.requests.append(request)
        played = request.startswith("PLAY")
        connection.sendall(_answer(request).encode())
    chance = server.connections * 1000  # each connection has a clock of its own, and counts anew
    sequence = 0
    for number in paced(show, server):
        frame = units()[number % RATE]
        payloads = [piece for unit in frame for piece in _pieces(unit)]
        for index, payload in enumerate(payloads):
            last = (index == len(payloads) - 1) << 7
            stamp = chance + number * 90000 // RATE
            packet = struct.pack(">BBHII", 0x80, last | 96, sequence & 0xFFFF, stamp, 7) + payload
            connection.sendall(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
            sequence += 1


def _answer(request: str) -> str:
    order = re.search(r"CSeq: *(\d+)", request)
    head = f"RTSP/1.0 200 OK\r\nCSeq: {order[1] if order else 0}\r\n"
    if request.startswith("OPTIONS"):
        return head + "Public: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n"
    if request.startswith("DESCRIBE"):
        return head + f"Content-Type: application/sdp\r\nContent-Length: {len(_SDP)}\r\n\r\n{_SDP}"
    if request.startswith("SETUP"):
        return head + "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n\r\n"
    return head + "Session: 1\r\n\r\n"


def _pieces(unit: bytes) -> Iterator[bytes]:
    """RFC 6184: a unit as it is, or in pieces (FU-A)."""
    if len(unit) <= _MOST:
        yield unit
        return
    head, body = unit[0], unit[1:]
    for at in range(0, len(body), _MOST):
        begins, ends = at == 0, at + _MOST >= len(body)
        yield bytes([head & 0xE0 | 28, begins << 7 | ends << 6 | head & 0x1F]) + body[at : at + _MOST]


def _send_text(connection: socket.socket, show: Show, server: Server) -> None:
    _request(connection)
    connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + b"<p>Welcome</p>" * 1000)


def _send_behind_lock(connection: socket.socket, show: Show, server: Server) -> None:
    if f"Authorization: Basic {base64.b64encode(KEY.encode()).decode()}\r\n" not in (asked := _request(connection)):
        refusal = "HTTP/1.0 401 Unauthorized\r\n" + 'WWW-Authenticate: Basic realm="camera"\r\n\r\n'
        connection.sendall(refusal.encode())
        return
    server.requests.append(asked)
    _send_pictures(connection, show, server)


def _sender_of(data: bytes, length: int) -> Sender:
    def send(connection: socket.socket, show: Show, server: Server) -> None:
        _request(connection)
        connection.sendall(f"HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() + data)

    return send


@contextmanager
def served(kind: str, *shows: Show, data: bytes = b"", length: int = 0) -> Iterator[Server]:
    """``kind``: ``rtsp``, ``jpeg``, ``ts``; ``file``: ``data``, of which it says ``length``; ``text``: no video;
    ``locked``: JPEG for who has ``KEY``.
    """
    file = _sender_of(data, length or len(data))
    senders = {"rtsp": send_rtsp, "jpeg": send_jpeg, "ts": send_ts, "text": _send_text, "locked": _send_behind_lock}
    prepare()
    server = Server(senders.get(kind, file), shows or [Show()], "rtsp" if kind == "rtsp" else "http")
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def datagrams(show: Show) -> Iterator[str]:
    """MPEG-TS to whoever listens; its address."""
    prepare()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outlet:
        outlet.bind(("127.0.0.1", 0))
        port = outlet.getsockname()[1]
    ended = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outlet:
            for piece in transport(show.frames):
                for at in range(0, len(piece), 1316):
                    with suppress(OSError):  # nobody listens yet
                        outlet.sendto(piece[at : at + 1316], ("127.0.0.1", port))
                if ended.wait(1 / show.rate):
                    return

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    try:
        yield f"udp://127.0.0.1:{port}"
    finally:
        ended.set()
        sender.join()
