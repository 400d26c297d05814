"""Frames out of an open film, with their times; damage is named and passed over, sound is put aside."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import av

from nircolor.errors import InputError
from nircolor.video.frames import Stream
from nircolor.video.read.av_open import RAW, Film
from nircolor.video.read.packets import Lost, Times, checker, clock

RATE = Fraction(25)
"""Frames a second of a file that knows none: what FFmpeg takes."""

_LATE = Fraction(2)  # seconds of the video behind which its sound may lie in a file
_MOST_AHEAD = 64 << 20  # bytes of encoded frames that are kept while sound is looked for
_ERRORS = 100  # of a file, one after the other, without a packet between them
_NAMED = 64  # time stamps of frames whose damage has been told
_MADE_UP = "what it lacks was made up by the decoder"


class Decoded(NamedTuple):
    """A frame, when it is shown, in seconds, and whether it may be wrong: damage lasts until the next key frame."""

    frame: av.VideoFrame
    time: Fraction
    doubtful: bool


class Decoder:
    """All frames of the video of ``film``, in the order in which they are shown, once."""

    def __init__(self, film: Film, stream: Stream) -> None:
        self._film, self._stream = film, stream
        self._codec, self._base = film.video.codec_context, film.video.time_base or Fraction(1, 1000)
        self._step = 1 / (film.rate or RATE)
        self._check = checker(self._codec.name, self._codec.extradata)
        self._lost, self._times = Lost(self._codec.name), Times(self._step)
        self._told: deque[int] = deque(maxlen=_NAMED)
        self._source = self._demuxed()
        self._ahead: deque[av.Packet[Any]] = deque()  # that ``listen`` came past
        self._heard: dict[int, Fraction] = {}  # track -> where its last packet so far starts
        self._run: tuple[Fraction, Fraction, int] | None = None  # first and last damaged frame of a row, their count
        self._packets = self._frames = self._early = 0
        self._end, self._doubtful = Fraction(0), False

    def frames(self) -> Iterator[Decoded]:
        """Raises InputError, without the path, where the file ends early."""
        for packet in self._in_order():
            if packet.stream is self._film.video:
                yield from self._shown(packet)
            elif packet.size:
                self._put_aside(packet)
        self._tell_run()
        for pts in self._lost.came_out(None):
            self._fault(pts, "a frame is missing")
        if self._early:
            self._stream.remark(f"{self._early} of its frames come before the first one that stands alone: left out")
        if self._times.jumped:
            self._stream.remark("its times begin again on the way, as where recordings were joined: they go on instead")
        self._check_end()

    def listen(self, until: Fraction) -> None:
        """Put aside all sound that starts before ``until``, though it may lie behind frames that are not due yet: of
        those, what is encoded waits.
        """
        tracks = [track.index for track in self._film.tracks if track.type == "audio" and self._stream.keeps_aside]
        kept = sum(packet.size for packet in self._ahead)
        while kept < _MOST_AHEAD and any(self._heard.get(track, until - 1) < until for track in tracks):
            if (packet := next(self._source, None)) is None:
                return
            if packet.stream is self._film.video:
                self._ahead.append(packet)
                kept += packet.size
                if packet.dts is not None and packet.dts * self._base > until + _LATE:
                    return
            elif packet.size:
                self._put_aside(packet)

    def _in_order(self) -> Iterator[av.Packet[Any]]:
        while packet := self._ahead.popleft() if self._ahead else next(self._source, None):
            yield packet

    def _demuxed(self) -> Iterator[av.Packet[Any]]:
        """All packets, and one without data that ends each stream."""
        wanted, errors = [self._film.video, *self._film.tracks], 0
        while errors < _ERRORS:
            try:
                for packet in self._film.container.demux(wanted):
                    self._note_end(packet)
                    yield packet
                    errors = 0
                return
            except av.FFmpegError:
                errors += 1
                self._fault(None, "a part of the file cannot be read", errors == 1)

    def _shown(self, packet: av.Packet[Any]) -> Iterator[Decoded]:
        if packet.size:
            self._packets += 1
            self._lost.went_in(packet)
            self._look_at(packet)
        for frame in self._decoded(packet):
            self._doubtful &= not frame.key_frame or frame.pts in self._told
            for pts in self._lost.came_out(frame.pts) if frame.pts is not None else ():
                self._fault(pts, "a frame is missing")
            self._frames += 1
            self._note(frame)
            yield Decoded(frame, self._times.next(_scaled(frame.pts, self._base)), self._doubtful)

    def _note(self, frame: av.VideoFrame) -> None:
        """Damage that the decoder has seen; what lasts for several frames is told once."""
        if not frame.is_corrupt:
            self._tell_run()
        elif frame.pts not in self._told:
            self._doubtful, time = True, self._when(frame.pts)
            first, _, count = self._run or (time, time, 0)
            self._run = first, time, count + 1

    def _tell_run(self) -> None:
        if self._run:
            first, last, count = self._run
            at, frames = f"at {clock(first)}", "a frame is damaged; what it lacks"
            if count > 1:
                at, frames = f"from {clock(first)} to {clock(last)}", f"{count} frames are damaged; what they lack"
            self._stream.faults.add(f"{at}: {frames} was made up by the decoder")
        self._run = None

    def _look_at(self, packet: av.Packet[Any]) -> None:
        if reason := self._check(bytes(packet)):
            self._fault(packet.pts, f"a frame is damaged ({reason}); {_MADE_UP}")
        elif packet.is_corrupt:
            self._fault(packet.pts, "a frame is damaged: data is missing")

    def _decoded(self, packet: av.Packet[Any]) -> list[av.VideoFrame]:
        try:
            return list(self._codec.decode(packet if packet.size else None))
        except av.EOFError:  # at the end, twice
            return []
        except av.FFmpegError:
            if self._frames or packet.is_keyframe:
                self._fault(packet.pts, "a frame cannot be decoded: left out")
            else:
                self._early += 1
            return []

    def _put_aside(self, packet: av.Packet[Any]) -> None:
        if packet.pts is not None and packet.time_base:
            self._heard[packet.stream_index] = packet.pts * packet.time_base
        if self._stream.keeps_aside:
            self._stream.aside.append(packet)

    def _fault(self, pts: int | None, text: str, tell: bool = True) -> None:
        """``text`` about the frame of that time stamp, once; None: the one that is due."""
        self._doubtful = True
        if not tell or pts in self._told:
            return
        if pts is not None:
            self._told.append(pts)
        self._stream.faults.add(f"at {clock(self._when(pts))}: {text}")

    def _when(self, pts: int | None) -> Fraction:
        """Seconds from the start of the video; None: of the frame that is due."""
        return (self._packets - 1) * self._step if pts is None else pts * self._base - self._begin

    @property
    def _begin(self) -> Fraction:
        return (self._film.video.start_time or 0) * self._base

    def _note_end(self, packet: Any) -> None:
        if packet.pts is not None and packet.time_base:
            self._end = max(self._end, (packet.pts + (packet.duration or 0)) * packet.time_base)

    def _check_end(self) -> None:
        """Raise InputError where less came than the header says, by more than headers may be wrong."""
        film, gone = self._film, self._end - self._begin
        if film.kind in RAW or not self._frames:
            return
        if film.video.frames:
            short = self._packets < film.video.frames - max(1, film.video.frames // 100)
        else:
            short = film.seconds is not None and gone < film.seconds - max(2 * self._step, film.seconds / 100)
        if short:
            reason = f"ends after {self._frames} of {film.expected} frames, at {clock(gone)}: damaged"
            raise InputError(reason, remedy="get a fresh copy")


def _scaled(pts: int | None, base: Fraction) -> Fraction | None:
    return None if pts is None else pts * base
