"""What live videos show: one second that may be repeated, as pictures, as H.264 and as MPEG-TS."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from video_tools import HEIGHT, WIDTH, shots

av: Any = pytest.importorskip("av", reason="needs nircolor[video]: PyAV is not installed")

RATE = 25


@cache
def pictures() -> list[Any]:
    """One second of them, which may be repeated."""
    return shots(RATE)


@cache
def units() -> list[list[bytes]]:
    """H.264 of one second, which may be repeated: the units of each frame, the first of which stands alone."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt, codec.framerate = WIDTH, HEIGHT, "yuv420p", RATE
    codec.time_base, codec.options = Fraction(1, RATE), {"tune": "zerolatency", "g": "5"}
    packets = [packet for picture in pictures() for packet in codec.encode(_yuv(picture))] + codec.encode(None)
    return [[unit for unit in re.split(b"\0\0\0?\1", bytes(packet)) if unit] for packet in packets]


def _yuv(picture: Any) -> Any:
    return av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")


def transport(frames: int) -> Iterator[bytes]:
    """MPEG-TS, in pieces of one frame each."""
    target = io.BytesIO()
    with av.open(target, "w", format="mpegts", options={"flush_packets": "1"}) as container:
        video = container.add_stream("libx264", rate=RATE, options={"tune": "zerolatency", "g": "5"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(frames):
            frame = _yuv(pictures()[number % RATE])
            frame.pts = number
            container.mux(video.encode(frame))
            yield target.getvalue()
            target.seek(0)
            target.truncate()


def prepare() -> None:
    """What takes time, before anybody waits for an answer."""
    pictures(), units()
