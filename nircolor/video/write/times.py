"""When frames are shown: times of the source in ticks of the output's clock."""

from __future__ import annotations

from fractions import Fraction

from nircolor.video.frames import Stream

FINE = Fraction(1, 60000)
"""Seconds of a tick where the source's own are too fine: whole for 24, 25, 30, 50, 60 and 29.97 frames a second."""

LATEST = 10
"""Seconds. A clock that starts later than that is that of a recorder which ran before, and not kept."""


class Times:
    """Ticks of frames, in order. ``base``: seconds of one; ``rate``: frames a second in the mean.

    ``fps``: of the output; where it is not that of ``stream``, frames get new times. ``finest``: largest denominator of
    ``base``. ``constant``: whether the container has a constant rate only, and starts at 0. ``anew``: whether the first
    frame is at 0 anyway. ``first``: ticks of the first frame.
    """

    def __init__(self, stream: Stream, fps: float, finest: int, *, constant: bool = False, anew: bool = False) -> None:
        track = stream.track
        self.kept = track is not None and stream.fps is not None and abs(fps - stream.fps) <= stream.fps / 10000
        self.rate = track.rate if self.kept and track and track.rate else Fraction(fps).limit_denominator(1001)
        self.base = track.time_base if self.kept and track and not constant else 1 / self.rate
        if self.base.denominator > finest or self.base.numerator > finest:
            self.base = FINE
        self.begins_with_frame = anew or constant
        self.first = 0
        self._stream, self._constant = stream, constant
        self._origin: Fraction | None = None
        self._last: int | None = None

    @property
    def step(self) -> int:
        """Ticks from one frame to the next, in the mean."""
        return max(1, round(1 / self.rate / self.base))

    @property
    def origin(self) -> Fraction:
        """Where on the clock of the source that of the output is 0."""
        return self._origin or Fraction(0)

    def ticks(self, time: Fraction | None) -> int:
        """When the next frame is shown, at ``time`` on the clock of the source; always later than the one before."""
        if self._origin is None:
            first = time or Fraction(0)
            self._origin = Fraction(0) if 0 <= first <= LATEST and not self.begins_with_frame else first
        if time is None or not self.kept:
            ticks = 0 if self._last is None else self._last + self.step
        else:
            exact = (time - self._origin) / self.base
            ticks = round(exact) if self._last is None else max(round(exact), self._last + 1)
            self._remark(float(abs(ticks - exact)))
        if self._last is None:
            self.first = ticks
        self._last = ticks
        return ticks

    def of(self, ticks: int) -> Fraction:
        """Seconds on the clock of the source."""
        return ticks * self.base + self.origin

    def _remark(self, off: float) -> None:
        if self._constant and off > 1 / 8:
            self._stream.remark("its frame rate changes; .avi has a constant one, so times shift by up to a frame")
