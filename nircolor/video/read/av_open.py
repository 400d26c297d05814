"""Video files opened by PyAV, FFmpeg in a wheel: which demuxer may read them, what is refused, what they say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from nircolor.errors import InputError
from nircolor.image import formats
from nircolor.image.source import open_source
from nircolor.video.frames import Track
from nircolor.video.read.container import HEAD, lacks_index, sniff
from nircolor.wording import in_short

RAW = ("H.264", "H.265", "JPEG")
"""Kinds without a container, which know no times."""

_DEMUXERS = {
    "MP4": "mov",
    "AVI": "avi",
    "Matroska": "matroska",
    "MPEG-TS": "mpegts",
    "MPEG-PS": "mpeg",
    "FLV": "flv",
    "ASF": "asf",
    "Y4M": "yuv4mpegpipe",
    "H.264": "h264",
    "H.265": "hevc",
    "JPEG": "mjpeg",
}
_PICTURES, _JPEG = "JPEG", b"\xff\xd8\xff"  # one after the other; of a file, ``StreamSource`` reads them
_NOWHERE = {"protocol_whitelist": "none"}  # a file may name others: none of them is opened
_CAREFUL = {"err_detect": "crccheck+bitstream+buffer"}
_OF_THE_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder")  # not of what it shows
_COPIED = ("audio", "subtitle")
_MOST_ASPECT, MOST_FPS = 10, 1000  # a header that says more is damaged
_MOST_PIXELS = 100_000_000  # of a frame: three times 8K; a decoder holds up to 16 of them


@dataclass(frozen=True)
class Film:
    """An open file: its container, the one video stream of it that is read, and which ``kind`` it is."""

    container: InputContainer
    video: VideoStream
    kind: str

    @property
    def tracks(self) -> tuple[Any, ...]:
        """Streams that are passed on as they are."""
        return tuple(stream for stream in self.container.streams if stream.type in _COPIED)

    @property
    def others(self) -> int:
        """How many more videos it holds, covers not counted."""
        covers = av.stream.Disposition.attached_pic
        return sum(not stream.disposition & covers for stream in self.container.streams.video) - 1

    @property
    def rate(self) -> Fraction | None:
        """Frames a second in the mean; None where it says none, or nonsense."""
        rates = (self.video.average_rate, self.video.guessed_rate, self.video.base_rate)
        return next((Fraction(rate) for rate in rates if rate and 0 < rate <= MOST_FPS), None)

    @property
    def pixel_aspect(self) -> Fraction:
        """Width of a pixel as it is stored, of its height."""
        aspect = self.video.sample_aspect_ratio or self.video.codec_context.sample_aspect_ratio
        return aspect if aspect and 1 / _MOST_ASPECT <= aspect <= _MOST_ASPECT else Fraction(1)

    @property
    def seconds(self) -> Fraction | None:
        """How long the video is by the header; None where that does not say."""
        if self.video.duration and self.video.time_base:
            return self.video.duration * self.video.time_base
        return Fraction(self.container.duration, av.time_base) if self.container.duration else None

    @property
    def expected(self) -> int:
        """How many frames there should be; 0 where nobody knows."""
        if self.video.frames > 0 or self.kind in RAW:
            return max(0, self.video.frames)
        return round(self.seconds * self.rate) if self.seconds and self.rate else 0

    def track(self, bits: int, full_range: bool, pixel_aspect: Fraction) -> Track:
        """All that it says of itself; the arguments are those of its frames."""
        codec, base = self.video.codec_context, self.video.time_base or Fraction(1, 1000)
        said = {**self.container.metadata}
        return Track(
            time_base=base,
            rate=self.rate,
            start=(self.video.start_time or 0) * base,
            bits=bits,
            full_range=full_range,
            colour=(int(codec.color_primaries), int(codec.color_trc), int(codec.colorspace)),
            pixel_aspect=pixel_aspect,
            metadata={name: text for name, text in said.items() if name.lower() not in _OF_THE_FILE},
            tracks=self.tracks,
        )


def open_film(source: Path | BinaryIO, stack: ExitStack) -> Film:
    """Open a file, or a stream that need not be able to go back, for as long as ``stack`` lasts.

    Raises InputError, without the path, for what holds no video that can be decoded, or one that is too large.
    """
    stream = stack.enter_context(open_source(source)) if isinstance(source, Path) else source
    head = stream.read(HEAD)
    kind = sniff(head) or (_PICTURES if head.startswith(_JPEG) and not isinstance(source, Path) else None)
    if kind is None:
        raise not_a_video(head)
    with _translated(stream, kind):
        container = av.open(
            _from_start(stream, head),
            format=_DEMUXERS[kind],
            container_options=_NOWHERE,
            options=_CAREFUL,
            metadata_errors="replace",
        )
        stack.enter_context(container)
        return Film(container, video_of(container), kind)


def not_a_video(head: bytes) -> InputError:
    """What to say of a file that begins with ``head``."""
    if not head:
        return InputError("is empty (0 bytes)", remedy="get a fresh copy")
    format = formats.sniff(head)
    if format is None:
        return InputError("is no video of a supported format", remedy="convert it to MP4, MKV or AVI")
    if (format == "PNG" and b"acTL" in head) or (format == "WEBP" and head[12:16] == b"VP8X" and head[20] & 2):
        remedy = "save its frames as numbered pictures and give their folder"
        return InputError(f"is an animated {format}", remedy=remedy)
    return InputError("is one picture", remedy="use nircolor colorize")


def video_of(container: InputContainer) -> VideoStream:
    """The video stream to be read, ready to be decoded; streams that nobody wants are skipped."""
    video = container.streams.best("video")
    if not isinstance(video, VideoStream):
        sound = " (it has sound alone)" if container.streams.audio else ""
        raise InputError(f"holds no video{sound}", remedy="give a file that has frames")
    codec = video.codec_context
    if codec is None:
        raise InputError("is of a codec that the FFmpeg in PyAV cannot decode", remedy="convert it to H.264")
    _check_size(codec.width, codec.height)
    codec.thread_count = 1  # errors then belong to the packet at hand; the network takes far longer than any decoder
    if codec.name == "hevc":  # which otherwise gives nothing from a lost frame to the next that stands alone
        codec.flags |= av.codec.context.Flags.output_corrupt
    codec.options = _CAREFUL | {"max_pixels": str(_MOST_PIXELS)}
    for stream in container.streams:
        if stream is not video and stream.type not in _COPIED:
            stream.discard = av.stream.Discard.all
    return video


def _check_size(width: int, height: int) -> None:
    if not width * height:  # FFmpeg lets go of sizes that it does not take
        reason = f"does not say how large its frames are, or says more than {_MOST_PIXELS // 1_000_000} megapixels"
        raise InputError(reason, remedy="get a fresh copy")
    if width * height > _MOST_PIXELS:
        reason = f"has frames of {width} x {height} pixels, above the limit of {_MOST_PIXELS // 1_000_000} megapixels"
        raise InputError(reason, remedy="make them smaller first")


@contextmanager
def _translated(stream: BinaryIO, kind: str) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # demuxers of damaged files raise whatever they stumble over
        raise _unopened(stream, kind, error) from error


def _unopened(stream: BinaryIO, kind: str, error: Exception) -> InputError:
    if kind == "MP4" and not stream.seekable():
        reason = "cannot be read from a pipe, since its index is at its end, or missing"
        return InputError(reason, remedy="give it as a file")
    if kind == "MP4" and lacks_index(stream):
        reason = "has no index (moov): its recording was not finished, or it is truncated"
        return InputError(reason, remedy="get a fresh copy")
    told = getattr(error, "strerror", None) or in_short(error)
    return InputError(f"cannot be opened: damaged or unfinished ({told})", remedy="get a fresh copy")


def _from_start(stream: BinaryIO, head: bytes) -> Any:
    if stream.seekable():
        stream.seek(0)
        return stream
    return _Piped(head, stream)


class _Piped:
    """A stream that cannot go back, and the bytes that were taken from it already."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream
        self._more = getattr(stream, "read1", stream.read)  # what is there, without a wait for more

    def read(self, size: int) -> bytes:
        head, self._head = self._head[:size], self._head[size:]
        return head or self._more(size)
