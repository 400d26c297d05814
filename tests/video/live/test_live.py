"""Live inputs from servers on this machine: frames, losses, silence, patience, and what nobody may read."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from urllib.parse import quote

import pytest

pytest.importorskip("av", reason="needs nircolor[video]: PyAV is not installed")
from live_servers import KEY, RATE, SECRET, Show, datagrams, served

from nircolor.errors import InputError
from nircolor.picture import Reading
from nircolor.video.frames import Frame
from nircolor.video.live.address import Patience
from nircolor.video.live.live import LiveSource
from nircolor.video.live.wire import Wire

LONG = 600.0
"""Seconds that no test waits for, however slow a machine is."""

PATIENT = Patience(reconnect=LONG, connect=LONG, silence=LONG, pauses=(0.1, 0.4))
"""For servers that do answer: nothing is lost because somebody else is at work on this machine."""

HASTY = Patience(reconnect=0.6, connect=1, silence=0.6, pauses=(0.1, 0.4))
"""For servers that do not."""


@contextmanager
def live(
    address: str, patience: Patience = PATIENT, duration: float | None = None, stop: threading.Event | None = None
) -> Iterator[LiveSource]:
    with closing(LiveSource(Wire(address, patience), Reading(), duration, stop)) as source:
        yield source


def check_times(frames: list[Frame]) -> None:
    times = [frame.time for frame in frames if frame.time is not None]
    assert len(times) == len(frames)
    assert times == sorted(set(times))


@pytest.mark.parametrize("kind", ["rtsp", "jpeg", "ts", "udp"])
def test_frames_come(kind: str) -> None:
    with (
        served(kind) if kind != "udp" else datagrams(Show()) as server,
        live(server if isinstance(server, str) else server.address) as source,
    ):
        assert (source.stream.height, source.stream.width) == (48, 64)
        assert (source.stream.is_live, source.stream.expected, source.stream.fps) == (True, 0, RATE)
        frames = list(islice(source.frames(), 10))
    check_times(frames)
    assert len({frame.image.pixels.tobytes() for frame in frames}) > 1, "the camera turns"
    assert source.stream.warnings == []


@pytest.mark.parametrize("kind", ["rtsp", "jpeg", "ts"])
def test_lost_and_back(kind: str) -> None:
    with served(kind, Show(60, 60), Show(0), Show(60, 60), Show()) as server, live(server.address) as source:
        frames = []
        for frame in source.frames():
            frames.append(frame)
            if server.connections == 4 and len(source.stream.warnings) == 2 and len(frames) > 20:
                break
    check_times(frames)
    first, second = source.stream.warnings
    assert "the connection was lost; it is tried again" in first
    assert first.startswith("at 0:0")
    assert first < second, "each loss is told by its time"


def test_a_server_that_dies_and_is_started_again() -> None:
    """The gap is as wide as the server was away, by the clock on the wall."""
    begin = time.monotonic()
    with served("rtsp") as server, live(server.address) as source:
        frames = source.frames()
        seen, first = [next(frames) for _ in range(5)], time.monotonic()
        server.stop()
        while not source.stream.warnings:
            time.sleep(0.01)
        (told,) = source.stream.warnings
        minutes, seconds, *_ = told.removeprefix("at ").split(":")  # how far the times have come
        while time.monotonic() < first + 60 * int(minutes) + float(seconds) + 0.7:
            time.sleep(0.01)
        server.start()
        while len(seen) < 40:
            seen.append(next(frames))
    check_times(seen)
    times = [frame.time for frame in seen if frame.time is not None]
    assert 0.6 < max(late - early for early, late in pairwise(times)) < 2 * (time.monotonic() - begin)


def test_silence_is_a_loss_and_patience_ends() -> None:
    patience = Patience(reconnect=0.6, connect=LONG, silence=0.6, pauses=(0.1, 0.4))
    with (
        served("jpeg", Show(12, 60, silent=True), Show(0)) as server,
        live(server.address, patience) as source,
        pytest.raises(InputError) as caught,
    ):
        list(source.frames())
    text = str(caught.value)
    assert text.startswith(f"{server.address}: the connection was lost at 0:0")
    assert "has not come back within 0.6 s" in text


def test_without_reconnect_the_first_loss_is_the_end() -> None:
    patience = Patience(reconnect=0, connect=LONG, silence=LONG)
    with served("jpeg", Show(12, 60)) as server, live(server.address, patience) as source:
        with pytest.raises(InputError, match=r"the connection was lost at 0:0\d\.\d+$"):
            list(source.frames())
        assert server.connections == 1
        assert source.stream.warnings == []


def test_another_size_comes_back() -> None:
    with served("jpeg", Show(12, 60), Show(wide=True)) as server, live(server.address) as source:
        frames = source.frames()
        next(frames)
        with pytest.raises(InputError, match="comes back as 128 x 48 pixels, and was 64 x 48; begin again"):
            list(frames)


@pytest.mark.parametrize("scheme", ["rtsp", "http", "tcp", "rtmp"])
def test_nobody_is_there(scheme: str) -> None:
    with socket.socket() as deaf:  # it has the port, and listens to nobody
        deaf.bind(("127.0.0.1", 0))
        address = f"{scheme}://a:{SECRET}@127.0.0.1:{deaf.getsockname()[1]}/x?{SECRET}"
        with pytest.raises(InputError, match=r"cannot be opened \(Connection refused\); check the address") as caught:
            LiveSource(Wire(address, PATIENT), Reading())
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("kind", ["rtsp", "jpeg"])
def test_somebody_is_there_and_says_nothing(kind: str) -> None:
    told = "does not answer within 1 s; check the address"
    with served(kind, Show(0, silent=True)) as server, pytest.raises(InputError, match=told):
        LiveSource(Wire(server.secret_address, HASTY), Reading())


def test_udp_that_never_comes() -> None:
    with datagrams(Show(0)) as address, pytest.raises(InputError, match="does not answer within 1 s"):
        LiveSource(Wire(address, HASTY), Reading())


@pytest.mark.parametrize("kind", ["rtsp", "jpeg", "ts"])
def test_an_answer_without_a_frame(kind: str) -> None:
    with served(kind, Show(1, RATE, silent=True) if kind == "ts" else Show(-1, silent=True)) as server:
        begin = time.monotonic()
        with pytest.raises(InputError):
            LiveSource(Wire(server.address, HASTY), Reading())
        assert time.monotonic() - begin < LONG / 4


def test_what_is_no_video() -> None:
    with served("text") as server, pytest.raises(InputError, match=r"cannot be opened \(.*\); check the address"):
        LiveSource(Wire(server.address, PATIENT), Reading())


def test_a_name_and_a_password_are_asked_for() -> None:
    with served("locked") as server, pytest.raises(InputError, match="asks for a name and a password") as caught:
        LiveSource(Wire(server.secret_address, PATIENT), Reading())
    assert SECRET not in str(caught.value)


def test_a_name_and_a_password_are_given() -> None:
    name, password = map(partial(quote, safe=""), KEY.split(":", 1))
    with served("locked") as server:
        address = server.address.replace("//", f"//{name}:{password}@")
        with live(address) as source:
            next(source.frames())
    assert server.requests


def test_frames_that_come_too_fast_are_dropped_and_counted() -> None:
    with served("jpeg", Show(400, 200)) as server, live(server.address) as source:
        for number, _ in enumerate(islice(source.frames(), 10), 1):
            while source.stream.dropped < 3 * number:
                time.sleep(0.01)
    assert source.stream.dropped >= 30
    assert len(source.stream.arrivals) == 10


@pytest.mark.parametrize("how", ["stop", "duration", "close", "given up"])
def test_a_silent_source_ends_at_once(how: str) -> None:
    """Long before its patience."""
    stop = threading.Event()
    with served("jpeg", Show(12, 60, silent=True)) as server:
        duration = 1.0 if how == "duration" else None
        with live(server.address, PATIENT, duration, stop) as source:
            begin, frames = time.monotonic(), source.frames()
            next(frames, None)
            ends = {"stop": stop.set, "close": source.close, "duration": lambda: None}
            threading.Timer(0.5, ends.get(how, lambda: setattr(source.stream, "is_given_up", True))).start()
            for _ in frames:
                pass
        assert time.monotonic() - begin < LONG / 4


def test_a_file_on_a_web_server_is_read_in_full(tmp_path: Path) -> None:
    from av_films import av_film
    from video_tools import shots

    data = av_film(tmp_path / "x.mkv", shots(30), "ffv1").read_bytes()
    with served("file", data=data) as server, live(server.address) as source:
        frames = []
        for frame in source.frames():
            frames.append(frame)
            time.sleep(0.01)
        assert (len(frames), source.stream.is_live, source.stream.dropped) == (30, False, 0)
    broken = data[: len(data) // 2]
    with served("file", data=broken, length=len(data)) as server, live(server.address) as source:
        rest = source.frames()
        next(rest)
        with pytest.raises(InputError, match=r"(ends after|the connection is lost)"):
            list(rest)
