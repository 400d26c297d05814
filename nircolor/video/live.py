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
from typing import Any

from nircolor.errors import InputError
from nircolor.picture import Reading
from nircolor.video.av_source import AvSource
from nircolor.video.frames import Frame, name_of
from nircolor.video.packets import clock
from nircolor.video.wire import LostError, Wire

_WAITING = 2  # frames at most, before the oldest of them is dropped
_LOOK = 0.2  # seconds after which whoever waits looks whether it is time to go
_GRAIN = Fraction(1, 1000)  # seconds, of times that are those of arrival
_NO_CLOCK = ("mpjpeg", "mjpeg")  # pictures one after the other


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
        self._first = AvSource(wire, reading)
        self.stream = self._first.stream
        self._is_finite = self._first.seconds is not None
        self.stream.is_live = not self._is_finite
        self._waiting: deque[tuple[Frame, float]] = deque()
        self._changed, self._closed, self._begun = Condition(), False, False
        self._ended, self._error = False, None
        self._origin: tuple[float, Fraction] | None = None  # when the first frame came, and what its time was
        self._last = Fraction(0)
        self._prepare()
        self._reader = Thread(target=self._read_all, name="live", daemon=True)
        self._reader.start()

    _error: InputError | None

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

    def _prepare(self) -> None:
        stream = self.stream
        stream.catch_up = lambda until: None  # another thread reads, and sound comes in time
        stream.expected = 0 if not self._is_finite else stream.expected
        if stream.fps is None:
            stream.fps, stream.fps_assumed = 25.0, True
        self._by_arrival = self._first.format in _NO_CLOCK
        if self._by_arrival and stream.track:
            stream.track = replace(stream.track, time_base=_GRAIN)
            stream.fps_assumed = False

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
        asked = self._stop is not None and self._stop.is_set()
        return asked or (deadline is not None and time.monotonic() >= deadline)

    def _read_all(self) -> None:
        """In a thread of its own: one connection after the other."""
        source: AvSource | None = self._first
        try:
            while source is not None:
                source = self._read(source)
        except InputError as error:
            self._error = error
        finally:
            self._first.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _read(self, source: AvSource) -> AvSource | None:
        """All frames of one connection; the next one."""
        shift: Fraction | None = None
        try:
            for frame in source.frames():
                arrival = time.monotonic()
                if shift is None:
                    shift = self._shift(source, frame, arrival)
                self._offer(self._timed(frame, shift, arrival), arrival)
                if self._closed:
                    return None
        except LostError:
            pass
        finally:
            if source is not self._first:  # whose tracks outputs take for a pattern
                source.close()
        return None if self._is_finite or self._closed else self._again()

    def _shift(self, source: AvSource, frame: Frame, arrival: float) -> Fraction:
        """What to add to the times of a connection, so that they go on."""
        time = frame.time or Fraction(0)
        if self._origin is None:
            self._origin = arrival, time
            return Fraction(0)
        came, first = self._origin
        shift = max(first + Fraction(arrival - came).limit_denominator(1000), self._last + _GRAIN) - time
        aside = _Shifted(self.stream.aside, shift)
        aside.extend(source.stream.aside)
        source.stream.aside = aside
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
                self.stream.dropped += self._begun
            self._waiting.append((frame, arrival))
            self._changed.notify_all()

    def _again(self) -> AvSource | None:
        """Connect again, with growing pauses. Raises InputError once patience is over."""
        patience, lost = self._wire.patience, time.monotonic()
        pause, longest = patience.pauses
        at = clock(self._last - (self._origin[1] if self._origin else 0))
        if patience.reconnect:
            self.stream.remark("the connection was lost; it is tried again", f"at {at}")
        while not self._closed and time.monotonic() - lost < patience.reconnect:
            with self._changed:
                self._changed.wait_for(lambda: self._closed, min(pause, longest))
            pause *= 2
            with suppress(LostError):
                return self._checked(AvSource(self._wire, self._reading))
        if self._closed:
            return None
        waited = f" and has not come back within {patience.reconnect:g} s" if patience.reconnect else ""
        raise InputError(f"the connection was lost at {at}{waited}", path=self._wire.place)

    def _checked(self, source: AvSource) -> AvSource:
        before, now = self.stream, source.stream
        if (now.height, now.width) != (before.height, before.width):
            source.close()
            reason = f"comes back as {now.width} x {now.height} pixels, and was {before.width} x {before.height}"
            raise InputError(reason, path=self._wire.place, remedy="begin again")
        if not before.keeps_aside or len(now.track.tracks if now.track else ()) != len(
            before.track.tracks if before.track else ()
        ):
            now.leave_aside()
        return source


class _Shifted(deque[Any]):
    """Takes packets of a later connection, on to ``target``, with the times of the first."""

    def __init__(self, target: deque[Any], shift: Fraction) -> None:
        super().__init__()
        self._target, self._shift = target, shift

    def append(self, packet: Any) -> None:
        ticks = round(self._shift / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks
        self._target.append(packet)

    def extend(self, packets: Any) -> None:
        for packet in packets:
            self.append(packet)
