"""A video that PyAV writes, into a file or a pipe: colours as exact as the codec, with times, sound and the rest."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import Any, BinaryIO

import av
import cv2
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray

from nircolor.errors import OutputError, UsageError
from nircolor.video.frames import Frame, Stream
from nircolor.video.read.metadata import of_output
from nircolor.video.write import yuv
from nircolor.video.write.av_aside import Aside
from nircolor.video.write.av_plan import Plan, aspect_of, bits_of, colour_of
from nircolor.video.write.times import Times
from nircolor.video.write.yuv import Colour
from nircolor.wording import in_short

_THREADS = 4  # that encode at most: the network needs the others

_TICKS = 10_000  # a second at least: sound starts between frames

_REORDERED = 16  # frames at most, in every codec


class AvSink:
    """Frames into ``target``, open for writing, and seekable where the container wants that.

    Several sinks in a row may take the frames of one stream, each until its ``finish``. Raises UsageError where the
    codec cannot be had in the size of ``stream``. Writing raises OSError, such as of a full disk, and OutputError.
    """

    def __init__(self, target: BinaryIO, stream: Stream, plan: Plan) -> None:
        self._target, self._stream, self._plan = _Target(target), stream, plan
        self._layout = plan.layout(8)
        self._size = (stream.height, stream.width) if plan.says_aspect else stream.make_square()
        self._times = Times(stream, plan.fps, plan.codec.finest, constant=plan.has_constant_rate, anew=plan.anew)
        self._colour = colour_of(stream, plan.codec, self._layout)
        self._pad = tuple(-side % step for side, step in zip(self._size, self._layout.steps, strict=True))
        self._try_encoder()
        self._aside = Aside(stream, plan.format, plan.suffix, wanted=self._times.kept)
        options = {**dict(plan.options), **_clock_options(plan, self._times)}
        self._container = av.open(self._target, "w", format=plan.format, container_options=options)
        self._container.metadata.update(of_output(stream))
        self._video: Any = None
        self._packets = 0
        if any(self._pad):
            self._remark_on_pad()

    def write(self, frame: Frame, rgb: NDArray[Any]) -> None:
        """Take the next frame and its colours, (H, W, 3) float32 in [0, 1]."""
        with _output_errors():
            if self._video is None:
                self._begin(frame)
            ticks = self._times.ticks(frame.time)
            self._mux(self._video.encode(self._picture(rgb, ticks)))
            self._move_aside(self._times.of(ticks))

    def finish(self, until: Fraction | None = None) -> None:
        """Write what is still under way, and the end of the file. ``until``: seconds on the clock of the source; what
        is heard from there on is left for the next sink. None: all that is left belongs here.
        """
        with _output_errors():
            if self._video is None:
                raise OutputError("no frame was written")
            self._mux(self._video.encode(None))
            self._move_aside(until)
            self._container.close()
            self._target.check()

    def close(self) -> None:
        """Let go of everything. What was not finished is no complete file."""
        with suppress(Exception):
            self._container.close()

    def _try_encoder(self) -> None:
        """Find out before the work whether the encoder takes this size."""
        os.environ.setdefault("SVT_LOG", "0")  # there is no other way to stop its talk on standard error
        try:
            trial = av.open(io.BytesIO(), "w", format=self._plan.format)
            self._add_video(trial)
            trial.start_encoding()
        except (av.FFmpegError, ValueError) as error:
            codec, (height, width) = self._plan.codec, self._size
            reason = f"cannot be written in {width} x {height} pixels here"
            raise UsageError(reason, option="codec", value=codec.name, remedy=self._plan.other_codec) from error

    def _begin(self, frame: Frame) -> None:
        """Only the first frame tells for sure how many bits there are, where no container does."""
        bits = bits_of(self._stream, frame)
        self._layout = self._plan.layout(bits)
        if bits > self._layout.bits:
            name, most = self._plan.codec.name, self._layout.bits
            self._stream.remark(
                f"{name} has {most} bits a sample, of its {bits}; ffv1 and frames in a folder keep more"
            )
        self._video = self._add_video(self._container)
        self._aside.add_to(self._container)
        self._container.start_encoding()

    def _add_video(self, container: OutputContainer) -> Any:
        codec, (height, width), (rows, columns) = self._plan.codec, self._size, self._pad
        video = container.add_stream(codec.encoder, rate=self._times.rate, options=dict(codec.options))
        context: Any = video.codec_context
        context.width, context.height = width + columns, height + rows
        context.pix_fmt, context.time_base = self._layout.pixels, self._times.base
        video.time_base = self._times.base
        context.sample_aspect_ratio = aspect_of(self._stream)
        context.thread_count = min(_THREADS, os.cpu_count() or 1)
        context.color_primaries, context.color_trc = self._colour.primaries, self._colour.transfer
        context.colorspace = self._colour.matrix
        context.color_range = _range(self._colour)
        if tag := codec.tags.get(self._plan.suffix):
            context.codec_tag = tag
        return video

    def _picture(self, rgb: NDArray[Any], ticks: int) -> av.VideoFrame:
        (height, width), (rows, columns) = self._size, self._pad
        if rgb.shape[:2] != self._size:
            rgb = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_CUBIC)
        if rows or columns:
            rgb = cv2.copyMakeBorder(rgb, 0, rows, 0, columns, cv2.BORDER_REPLICATE)
        picture = av.VideoFrame(width + columns, height + rows, self._layout.pixels)
        planes: tuple[Any, ...] = picture.planes
        for plane, samples in zip(planes, yuv.planes(rgb, self._layout, self._colour), strict=True):
            lines = np.frombuffer(plane, samples.dtype).reshape(plane.height, -1)
            lines[:, : samples.shape[1]] = samples
        picture.pts, picture.time_base = ticks, self._times.base
        picture.colorspace, picture.color_range = self._colour.matrix, _range(self._colour)
        picture.color_primaries, picture.color_trc = self._colour.primaries, self._colour.transfer
        return picture

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            packet.duration, packet.dts = packet.duration or self._times.step, self._decoding(packet)
            self._container.mux(packet)
            self._packets += 1
        self._target.check()

    def _decoding(self, packet: Any) -> int:
        """When a packet is to be decoded: x265 leaves it to chance in videos of fewer frames than it reorders."""
        step, first = self._times.step, self._times.first
        if first - _REORDERED * step <= packet.dts <= packet.pts:
            return int(packet.dts)
        return int(min(packet.pts, first + (self._packets - _REORDERED) * step))

    def _move_aside(self, end: Fraction | None) -> None:
        origin = self._times.origin
        self._aside.move(self._container, origin, origin if self._times.begins_with_frame else None, end)

    def _remark_on_pad(self) -> None:
        (height, width), (rows, columns) = self._size, self._pad
        self._stream.remark(
            f"{self._plan.codec.name} has even sides: {width} x {height} pixels become "
            f"{width + columns} x {height + rows}, their last row or column repeated; ffv1 and frames in "
            "a folder keep their size"
        )


class _Target:
    """A file for FFmpeg that never fails before its eyes: it would go on, and PyAV would print a traceback for each
    error but the first. ``check`` raises that.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: OSError | None = None
        if file.seekable():
            self.seek, self.tell = file.seek, file.tell

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        while rest and not self._error:
            try:
                rest = rest[self._file.write(rest) :]
            except OSError as error:
                self._error = error
        return len(data)

    def check(self) -> None:
        if self._error:
            raise self._error
        self._file.flush()


def _clock_options(plan: Plan, times: Times) -> dict[str, str]:
    """MP4 and MOV say when a stream starts in ticks of their own, of a millisecond unless they are told."""
    if plan.format not in ("mp4", "mov"):
        return {}
    ticks = times.base.denominator
    return {"movie_timescale": str(ticks * max(1, -(-_TICKS // ticks)))}


def _range(colour: Colour) -> int:
    """As FFmpeg counts: 1 limited, 2 full."""
    return 2 if colour.full_range else 1


@contextmanager
def _output_errors() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise
    except av.FFmpegError as error:
        raise OutputError(f"cannot be written ({in_short(error)})", remedy="try another codec or container") from error
