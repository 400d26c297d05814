"""Small real videos with sound, written by PyAV, and a look at what came of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from video_tools import HEIGHT, WIDTH, shots

RATE = 16000
"""Samples of sound a second."""


def sounding_film(path: Path, count: int, fps: Fraction | int = 25) -> Path:
    """``count`` grey frames and, from one a second on, a tone that is as long, H.264 and AAC."""
    with av.open(str(path), "w") as film:
        write_film(film, count, Fraction(fps), fps >= 1)
    return path


def write_film(film: Any, count: int, fps: Fraction, sound: bool = True) -> None:
    """The same into a container that is open."""
    video: Any = film.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "g": "5", "bf": "0"})
    video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    tone: Any = film.add_stream("aac", rate=RATE, layout="mono") if sound else None
    views, samples = shots(min(count, 40)), round(RATE / fps)
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(views[number % len(views)], format="gray").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, 1 / fps
        film.mux(video.encode(frame))
        if tone:
            film.mux(tone.encode(_tone(number * samples, samples)))
    film.mux(video.encode(None))
    if tone:
        film.mux(tone.encode(None))


def _tone(start: int, count: int) -> av.AudioFrame:
    wave = (np.sin(np.arange(start, start + count) * 0.1) * 8000).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
    return frame


@dataclass(frozen=True)
class Seen:
    """``times`` of frames and of packets of sound in seconds, and what tells one frame from another."""

    times: tuple[Fraction, ...]
    frames: tuple[str, ...]
    sound: tuple[Fraction, ...]


def see(path: Path) -> Seen:
    """All of a video."""
    with av.open(str(path)) as film:
        shown: list[tuple[Fraction, str]] = []
        for frame in film.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            shown.append((frame.pts * frame.time_base, hashlib.sha256(_samples(frame)).hexdigest()))
    return Seen(tuple(time for time, _ in shown), tuple(seen for _, seen in shown), _sound(path))


def _samples(frame: av.VideoFrame) -> bytes:
    """As they are stored; NumPy knows no four bytes of which one says nothing."""
    return frame.to_ndarray(format="rgb24" if frame.format.name == "bgr0" else None).tobytes()


def _sound(path: Path) -> tuple[Fraction, ...]:
    with av.open(str(path)) as film:
        if not film.streams.audio:
            return ()
        packets = [packet for packet in film.demux(audio=0) if packet.pts is not None and packet.size]
        return tuple(packet.pts * packet.time_base for packet in packets)  # type: ignore[operator]
