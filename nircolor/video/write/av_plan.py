"""What PyAV is to write: codec, container, rate and colours; chosen before anything is opened."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import av

from nircolor.errors import UsageError
from nircolor.video.frames import Frame, Stream
from nircolor.video.write import codecs, yuv
from nircolor.video.write.codecs import Codec
from nircolor.video.write.yuv import Colour, Layout


@dataclass(frozen=True)
class Plan:
    """What is written. ``suffix`` stands for the container, ``format`` is FFmpeg's name of it, ``options`` are its own.

    ``anew``: whether times begin at 0 with the first frame, as in one segment of many; else they stay as they are.
    """

    codec: Codec
    suffix: str
    format: str
    fps: float
    anew: bool = False
    options: tuple[tuple[str, str], ...] = ()

    @property
    def has_constant_rate(self) -> bool:
        """Whether the container knows no times of frames."""
        return self.format == "avi"

    @property
    def says_aspect(self) -> bool:
        """PyAV cannot write the shape of pixels into the header of Matroska; some codecs do not say it either."""
        return self.codec.says_aspect or self.format not in ("matroska", "webm")

    @property
    def other_codec(self) -> str:
        """What to do where this codec does not take the size of the frames."""
        fitting = [name for name in self.codec.near if self.suffix in codecs.CODECS[name].suffixes]
        return f"use {fitting[0]}" if fitting else "use a folder of frames as output"

    def layout(self, bits: int) -> Layout:
        """How samples of so many bits lie."""
        return Layout(self.codec.pixels(bits), centred=self.codec.name == "mjpeg")


def plan_of_file(suffix: str, fps: float, codec: str | None, anew: bool = False) -> Plan:
    """What is written into a file with ``suffix``. Raises UsageError for a codec that cannot be."""
    return Plan(codecs.choose(codec, suffix, available), suffix, codecs.FORMATS[suffix], fps, anew)


def plan_of_pipe(kind: str, fps: float, codec: str | None, anew: bool = False) -> Plan:
    """What is written where nothing can be changed afterwards: ``kind`` is ``mkv``, ``mp4`` or ``ts``."""
    if kind not in codecs.PIPES:
        raise UsageError(f"can be {', '.join(codecs.PIPES)}", option="format", value=kind)
    suffix, name, options = codecs.PIPES[kind]
    return Plan(codecs.choose(codec, suffix, available), suffix, name, fps, anew, options)


def available(encoder: str) -> bool:
    """Whether PyAV's FFmpeg has an encoder of this name."""
    with suppress(av.FFmpegError, ValueError):
        return bool(av.codec.Codec(encoder, "w"))
    return False


def bits_of(stream: Stream, frame: Frame) -> int:
    """Of a sample of the source; where no container says so, the first frame does."""
    if stream.track:
        return stream.track.bits
    return 8 if frame.image.info.dtype == "uint8" else 16


def colour_of(stream: Stream, codec: Codec, layout: Layout) -> Colour:
    """What the samples of the output mean; codecs that cannot say so are read in one way only."""
    track = stream.track
    full = track.full_range if track and codec.full_range is None else bool(codec.full_range)
    tags = track.colour if track and codec.says_colours else (yuv.UNSPECIFIED,) * 3
    colour = yuv.colour_of(tags, full, stream.height if codec.says_colours else 0)
    return Colour(colour.primaries, colour.transfer, 0, full_range=True) if layout.is_rgb else colour


def aspect_of(stream: Stream) -> Fraction:
    """Width of a pixel as the output shows it, of its height."""
    if stream.scaled:
        return Fraction(1)
    return stream.track.pixel_aspect if stream.track else Fraction(stream.pixel_aspect).limit_denominator(1000)
