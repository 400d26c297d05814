"""Small real videos, written by PyAV: any codec, any pixel format, the very samples that a test asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

av: Any = pytest.importorskip("av", reason="needs nircolor[video]: PyAV is not installed")

LOSSLESS = {"ffv1": {}, "libx264": {"qp": "0", "preset": "ultrafast"}}
LIMITED, FULL = 1, 2


def stored(luma: NDArray[Any], pix: str = "gray", blue: int | None = None, red: int | None = None) -> av.VideoFrame:
    """A frame of ``luma`` (H, W), of the very values; its colour differences are even, none where nothing is said."""
    frame = av.VideoFrame(luma.shape[1], luma.shape[0], pix)
    bits = frame.format.components[0].bits
    middle = 1 << bits - 1
    for plane, values in zip(frame.planes, (luma, blue or middle, red or middle), strict=False):
        dtype = np.dtype(np.uint8 if bits == 8 else np.uint16)
        rows = np.zeros((plane.height, plane.line_size // dtype.itemsize), dtype)
        rows[:, : plane.width] = values
        plane.update(rows.tobytes())
    return frame


def av_film(
    path: Path,
    frames: Iterable[NDArray[Any] | av.VideoFrame],
    codec: str = "libx264",
    pix: str = "yuv420p",
    *,
    rate: int = 25,
    times: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    format: str | None = None,
    colour_range: int = 0,
    setup: Callable[[Any], None] = lambda stream: None,
    sound: bool = False,
) -> Path:
    """A video of grey pictures (uint8), or of frames as they are. ``times``: of each, in frames at ``rate``."""
    frames = [frame if isinstance(frame, av.VideoFrame) else _grey(frame, pix) for frame in frames]
    with av.open(str(path), "w", format=format) as container:
        stream = container.add_stream(codec, rate=rate, options=options or LOSSLESS.get(codec, {}))
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, pix
        stream.codec_context.color_range = colour_range
        stream.codec_context.thread_count = 1  # what damage does must not depend on the machine
        setup(stream)
        voice = (
            container.add_stream("pcm_s16le" if path.suffix in (".mkv", ".avi") else "aac", rate=8000)
            if sound
            else None
        )
        if voice:
            voice.layout = "mono"
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = times[number] if times else number, Fraction(1, rate)
            frame.color_range = colour_range
            container.mux(stream.encode(frame))
            if voice:
                container.mux(voice.encode(_tone(number, 8000 // rate)))
        container.mux(stream.encode(None))
        if voice:
            container.mux(voice.encode(None))
    return path


def packets(path: Path) -> list[tuple[int, int]]:
    """Place and size of each packet of the video, in the order of the file."""
    data = path.read_bytes()
    with av.open(str(path)) as container:
        found = [packet for packet in container.demux(container.streams.best("video")) if packet.size]
        places = [data.find(bytes(packet)) for packet in found]  # Matroska says where its block begins
        return [(packet.pos if at < 0 else at, packet.size) for packet, at in zip(found, places, strict=True)]


def marred(path: Path, number: int, begin: float = 0.25, count: int = 12) -> Path:
    """``path`` with bytes of packet ``number`` overwritten, behind a part of it."""
    place, size = packets(path)[number]
    data, chance = bytearray(path.read_bytes()), np.random.default_rng(number)
    for offset in chance.integers(int(size * begin), max(size * 3 // 4, int(size * begin) + 1), count):
        data[place + int(offset)] = int(chance.integers(256))
    path.write_bytes(data)
    return path


def headless(path: Path, number: int) -> Path:
    """``path`` with the header of the picture in packet ``number`` overwritten; its length, as MP4 has it, stays."""
    place, _ = packets(path)[number]
    data = bytearray(path.read_bytes())
    start = place + (6 if path.suffix == ".mp4" else 0)  # behind length and kind of a NAL unit
    data[start : start + 4] = bytes([0xFF] * 4)
    path.write_bytes(data)
    return path


def _grey(picture: NDArray[np.uint8], pix: str) -> av.VideoFrame:
    if pix.startswith(("yuv420p", "yuvj")) or pix == "gray":
        return stored(picture if not pix.endswith("10le") else picture.astype(np.uint16) * 4, pix)
    return av.VideoFrame.from_ndarray(picture, format="gray").reformat(format=pix)


def _tone(number: int, samples: int) -> av.AudioFrame:
    """Sound of one frame."""
    phase = np.arange(number * samples, (number + 1) * samples) / 8000
    frame = av.AudioFrame.from_ndarray((np.sin(phase * 2000) * 9000).astype(np.int16)[np.newaxis], "s16", "mono")
    frame.sample_rate, frame.pts, frame.time_base = 8000, number * samples, Fraction(1, 8000)
    return frame
