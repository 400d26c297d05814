"""A source cut by time into parts, each a source of its own: where one ends, the next begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from threading import Event as StopEvent

from nircolor.video.frames import Frame, Source, Stream


@dataclass(frozen=True)
class Span:
    """How a source is cut. ``every``: seconds of a part, None: it is one. ``duration``: seconds until all ends."""

    every: float | None = None
    duration: float | None = None


def part_name(path: Path, number: int) -> Path:
    """``night_rgb.mp4`` -> ``night_rgb_000.mp4``."""
    return path.with_name(f"{path.stem}_{number:03d}{path.suffix}")


class Part:
    """The frames of one part. ``start`` and ``end``, known once they have been read: seconds on the clock of the source
    at which its first frame is shown, and the first one of the next; None where frames have no times.
    """

    def __init__(self, number: int, stream: Stream, take: Callable[[Part], Iterator[Frame]]) -> None:
        self.number, self.stream = number, stream
        self.start: Fraction | None = None
        self.end: Fraction | None = None
        self._take = take

    def frames(self) -> Iterator[Frame]:
        """All of its frames, once. Raises InputError, as the source does."""
        return self._take(self)

    def skip(self) -> None:
        """Go past it, as if it had been taken. Raises InputError."""
        for frame in self.frames():
            if frame.time is not None:
                self._drop_aside(frame.time)

    def close(self) -> None:
        """The source stays open."""

    def _drop_aside(self, before: Fraction) -> None:
        waiting = self.stream.aside
        while waiting and _starts_before(waiting[0], before):
            waiting.popleft()


def _starts_before(packet: object, time: Fraction) -> bool:
    ticks, base = getattr(packet, "pts", None), getattr(packet, "time_base", None)
    return ticks is None or base is None or ticks * base < time


class Parts:
    """All parts of ``source``, to be taken one after the other, each to its end.

    ``rate``: frames a second where frames have no times. Once ``stop`` is set, the part in hand ends with the frame
    before, and is the last one: ``stopped``.
    """

    def __init__(self, source: Source, rate: float, span: Span, stop: StopEvent | None = None) -> None:
        self._source, self._frames = source, source.frames()
        self._step, self._span, self._stop = 1 / Fraction(rate or 25), span, stop
        self._held: Frame | None = None
        self._first: Fraction | None = None
        self._read = 0
        self.reached = Fraction(0)  # seconds of the source that have been taken
        self._ended = self.stopped = False

    def __iter__(self) -> Iterator[Part]:
        number = 0
        while not self._ended:
            yield Part(number, self._source.stream, self._take)
            number += 1

    def _take(self, part: Part) -> Iterator[Frame]:
        frame, self._held = self._held or self._next(), None
        border = None
        while frame is not None:
            since = self._since(frame)
            if border is None:
                border, part.start = self._border(since), frame.time
            if self._is_over(since):
                self._end(part, frame)
                break
            if since >= border:
                self._end(part, frame)
                self._held = frame
                return
            self._read += 1
            self.reached = since + self._step
            yield frame
            frame = self._next()
        self._ended, self.stopped = True, self._asked()

    def _end(self, part: Part, frame: Frame) -> None:
        """``frame`` is the first behind ``part``, whose sound may come later in the file."""
        part.end = frame.time
        if frame.time is not None:
            self._source.stream.catch_up(frame.time)

    def _next(self) -> Frame | None:
        return next(self._frames, None)

    def _since(self, frame: Frame) -> Fraction:
        """Seconds from the first frame of all."""
        if frame.time is None:
            return self._read * self._step
        self._first = frame.time if self._first is None else self._first
        return frame.time - self._first

    def _border(self, since: Fraction) -> Fraction | float:
        if self._span.every is None:
            return float("inf")
        every = Fraction(self._span.every).limit_denominator(1000)
        return (since // every + 1) * every

    def _is_over(self, since: Fraction) -> bool:
        limit = self._span.duration
        return self._asked() or (limit is not None and since >= limit)

    def _asked(self) -> bool:
        return self._stop is not None and self._stop.is_set()
