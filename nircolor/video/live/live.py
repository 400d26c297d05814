"""A live input as a source of frames: read as they come, the latest first; connected again when it was lost."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from threading import Condition, Thread
from threading import Event as StopEvent

from nircolor.errors import InputError
from nircolor.picture import Reading
from nircolor.video.frames import Frame, Stream, name_of
from nircolor.video.live.connection import Connection
from nircolor.video.live.wire import LostError, Wire
from nircolor.video.read.packets import clock

_WAITING = 2  # frames at most, before the oldest of them is dropped
_LOOK = 0.2  # seconds after which whoever waits looks whether it is time to go
_GRAIN = Fraction(1, 1000)  # seconds, of times that are those of arrival
_NO_CLOCK = ("mpjpeg", "mjpeg")  # pictures one after the other
_TOLD = 10  # losses that are told one by one


class LiveSource:
    """Frames of a ``Wire``, whose times go on over a loss by the clock on the wall.

    Frames that come while others wait are dropped, the oldest first, and counted in ``stream.dropped``; a stream that
    has an end, such as a file on a web server, is read at its own pace instead. The end: that of ``duration`` seconds,
    of ``stop``, or of patience. Raises InputError where the first connection fails.
    """

    def __init__(
        self,
        wire: Wire,
        reading: Reading,
        duration: float | None = None,
        stop: StopEvent | None = None,
    ) -> None:
        self._wire, self._reading, self._duration, self._stop = wire, reading, duration, stop
        self._waiting: deque[tuple[Frame, float]] = deque()
        self._changed, self._closed, self._begun = Condition(), False, False
        self._first: Connection | None = None
        self._ended, self._losses = False, 0
        self._error: Exception | None = None
        self._origin: tuple[float, Fraction] | None = None  # when the first frame came, and what its time was
        self._last = Fraction(0)
        self._reader = Thread(target=self._read_all, name="live", daemon=True)
        self._reader.start()
        self.stream = self._connected()

    def frames(self) -> Iterator[Frame]:
        """Raises InputError where the connection is lost for good, and for what became another video."""
        self._begun, number = True, 0
        deadline = None if self._duration is None else time.monotonic() + self._duration
        while (found := self._next(deadline)) is not None:
            number += 1
            frame, arrival = found
            self.stream.arrivals.append(arrival)
            yield replace(frame, name=name_of(number))
        if self._error and not self._is_time(deadline):
            raise self._error

    def close(self) -> None:
        """The reader lets go of the connection as soon as it hears of it, which a silent one may delay."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._reader.join(_LOOK)

    def _connected(self) -> Stream:
        """That of the first connection. Here, and not in C, signals are heard while nobody answers."""
        try:
            with self._changed:
                while not (self._first or self._ended):
                    self._changed.wait(_LOOK)
        except BaseException:
            self.close()
            raise
        if self._first is None:
            assert self._error is not None
            raise self._error
        return self._first.stream

    def _next(self, deadline: float | None) -> tuple[Frame, float] | None:
        with self._changed:
            while not self._waiting:
                if self._ended or self._is_time(deadline):
                    return None
                self._changed.wait(_LOOK)
            if self._is_time(deadline):
                return None
            self._changed.notify_all()
            return self._waiting.popleft()

    def _is_time(self, deadline: float | None) -> bool:
        if self._closed or self.stream.is_given_up or (self._stop is not None and self._stop.is_set()):
            return True
        return deadline is not None and time.monotonic() >= deadline

    def _read_all(self) -> None:
        """In a thread of its own: one connection after the other."""
        try:
            source: Connection | None = self._begin()
            while source is not None:
                source = self._read(source)
        except Exception as error:  # whatever it is, whoever takes the frames has to hear of it
            self._error = error
        finally:
            if self._first:
                self._first.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _begin(self) -> Connection:
        source = Connection(self._wire, self._reading)
        stream = source.stream
        self._is_finite = source.seconds is not None
        stream.is_live = not self._is_finite
        stream.catch_up = lambda until: None  # another thread reads, and sound comes in time
        stream.expected = stream.expected if self._is_finite else 0
        self._by_arrival = source.format in _NO_CLOCK
        if self._by_arrival and stream.track:
            stream.track = replace(stream.track, time_base=_GRAIN)
        stream.fps_assumed = stream.fps is None
        stream.fps = stream.fps or 25.0
        with self._changed:
            self._first = source
            self._changed.notify_all()
        return source

    def _read(self, source: Connection) -> Connection | None:
        """All frames of one connection; the next one."""
        shift: Fraction | None = None
        try:
            for frame, arrival in source.arriving():
                if shift is None:
                    shift = self._shift(source, frame, arrival)
                self._offer(self._timed(frame, shift, arrival), arrival)
                if self._closed:
                    return None
        except LostError:
            if self._is_finite:
                raise
        finally:
            if source is not self._first or not source.has_tracks:
                source.close()
        return None if self._is_finite or self._closed else self._again()

    def _shift(self, source: Connection, frame: Frame, arrival: float) -> Fraction:
        """What to add to the times of a connection, so that they go on."""
        time = frame.time or Fraction(0)
        if self._origin is None:
            self._origin = arrival, time
            return Fraction(0)
        came, first = self._origin
        shift = max(first + Fraction(arrival - came).limit_denominator(1000), self._last + _GRAIN) - time
        source.shift_aside(shift)
        return shift

    def _timed(self, frame: Frame, shift: Fraction, arrival: float) -> Frame:
        assert self._origin is not None
        now = (frame.time or Fraction(0)) + shift
        if self._by_arrival:
            now = self._origin[1] + Fraction(arrival - self._origin[0]).limit_denominator(1000)
        self._last = max(now, self._last)
        return replace(frame, time=now)

    def _offer(self, frame: Frame, arrival: float) -> None:
        with self._changed:
            while self._is_finite and len(self._waiting) >= _WAITING and not self._closed:
                self._changed.wait(_LOOK)
            if len(self._waiting) >= _WAITING:
                self._waiting.popleft()
                if self._first:
                    self._first.stream.dropped += self._begun
            self._waiting.append((frame, arrival))
            self._changed.notify_all()

    def _again(self) -> Connection | None:
        """Connect again, with growing pauses. Raises InputError once patience is over."""
        patience, lost = self._wire.patience, time.monotonic()
        pause, longest = patience.pauses
        assert self._first is not None
        at = clock(self._last - (self._origin[1] if self._origin else 0))
        if patience.reconnect:
            self._tell_loss(self._first.stream, at)
        while not self._closed and time.monotonic() - lost < patience.reconnect:
            with self._changed:
                self._changed.wait_for(lambda: self._closed, min(pause, longest))
            pause *= 2
            with suppress(LostError):
                source = Connection(self._wire, self._reading)
                source.go_on_with(self._first.stream)
                return source
        if self._closed:
            return None
        reason = f"the connection was lost at {at}"
        if patience.reconnect:
            reason = f"the connection was lost at {at} and has not come back within {patience.reconnect:g} s"
        raise InputError(reason, path=self._wire.place)

    def _tell_loss(self, stream: Stream, at: str) -> None:
        self._losses += 1
        if self._losses <= _TOLD:
            rest = "; more losses are not told" if self._losses == _TOLD else ""
            stream.warnings.append(f"at {at}: the connection was lost; it is tried again{rest}")
