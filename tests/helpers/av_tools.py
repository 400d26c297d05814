"""Videos with sound and subtitles, and what PyAV finds in a file, plane by plane."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
from numpy.typing import NDArray

from nircolor.image import ImageInfo, NirImage
from nircolor.video.frames import Frame, Stream, Track
from nircolor.video.write.sink import open_file

UNTAGGED = (2, 2, 2)


def track(
    time_base: Fraction = Fraction(1, 90000),
    rate: Fraction | None = Fraction(25),
    bits: int = 8,
    full_range: bool = False,
    colour: tuple[int, int, int] = UNTAGGED,
    pixel_aspect: Fraction = Fraction(1),
    metadata: dict[str, str] | None = None,
    tracks: Iterable[Any] = (),
) -> Track:
    return Track(time_base, rate, Fraction(0), bits, full_range, colour, pixel_aspect, metadata or {}, tuple(tracks))


def stream_of(height: int, width: int, about: Track | None = None, fps: float = 25) -> Stream:
    return Stream(Path("night.mkv"), height, width, fps, 0, track=about)


def frame_of(rgb: NDArray[Any], time: Fraction | None = None, dtype: str = "uint8") -> Frame:
    return Frame("frame_000001.png", NirImage(rgb[..., 0], None, ImageInfo("PNG", dtype)), time=time)


def decoded(file: Path | BinaryIO) -> list[av.VideoFrame]:
    with av.open(file) as container:
        return list(container.decode(video=0))


def times(file: Path | BinaryIO) -> list[Fraction]:
    """Seconds, in the order in which frames are shown."""
    return [frame.pts * frame.time_base for frame in decoded(file)]  # type: ignore[operator]


def samples(frame: av.VideoFrame) -> list[NDArray[Any]]:
    """One array a plane, as stored."""
    dtype = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    lines = [np.frombuffer(plane, dtype).reshape(plane.height, -1) for plane in frame.planes]  # type: ignore[arg-type]
    wide = 4 if frame.format.name == "bgr0" else 1
    return [line[:, : plane.width * wide] for line, plane in zip(lines, frame.planes, strict=True)]


def packets(file: Path | BinaryIO, kind: str) -> list[tuple[bytes, Fraction]]:
    """Content and seconds of each packet of sound (``audio``) or subtitles."""
    with av.open(file) as container:
        chosen = [stream for stream in container.streams if stream.type == kind]
        found = [packet for packet in container.demux(*chosen) if chosen and packet.size]
        return [(bytes(packet), packet.pts * packet.time_base) for packet in found]  # type: ignore[operator,misc]


def film_with_sound(
    path: Path, codec: str = "aac", seconds: float = 1, late: Fraction = Fraction(0), subtitles: bool = False
) -> Path:
    """A grey video of 64 x 48 at 25 frames a second, with a tone that starts ``late``, and maybe two subtitles."""
    with av.open(path, "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height = 64, 48
        sound = container.add_stream(codec, rate=48000)
        sound.layout = "mono"
        sound.metadata["language"] = "deu"
        texts = container.add_mux_stream("subrip") if subtitles else None
        if texts:
            texts.time_base = Fraction(1, 1000)
        for i in range(round(25 * seconds)):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64), 40 + i, np.uint8), format="gray")
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        tone = np.sin(np.arange(round(48000 * seconds)) * 0.05) * 9000
        samples = av.AudioFrame.from_ndarray(tone.astype(np.int16)[None], format="s16", layout="mono")
        samples.sample_rate, samples.pts, samples.time_base = 48000, round(late * 48000), Fraction(1, 48000)
        container.mux(sound.encode(samples))
        container.mux(sound.encode(None))
        for start, text in ((200, b"first"), (600, b"second")) if texts else ():
            packet = av.Packet(text)
            packet.stream, packet.time_base = texts, Fraction(1, 1000)  # type: ignore[assignment]
            packet.pts = packet.dts = start
            packet.duration = 300
            container.mux(packet)
    return path


def ramp(height: int = 64, width: int = 256) -> NDArray[np.float32]:
    """Grey above, colours below: smooth, so that what a codec loses is no matter."""
    x = np.broadcast_to(np.linspace(0, 1, width, dtype=np.float32), (height, width))
    colours = np.stack([x, 1 - x, 0.5 + x * 0], -1)
    colours[: height // 2] = x[: height // 2, :, None]
    return colours


def save(
    path: Path,
    pictures: list[NDArray[np.float32]],
    about: Stream | None = None,
    codec: str | None = None,
    moments: list[Fraction] | None = None,
    dtype: str = "uint8",
    fps: float = 25,
) -> Stream:
    about = about or stream_of(*pictures[0].shape[:2])
    with open_file(path, about, fps, codec, False) as sink:
        for i, rgb in enumerate(pictures):
            sink.write(frame_of(rgb, moments[i] if moments else None, dtype), rgb)
        sink.finish()
    return about
