"""One connection to a live input: its frames with the moments at which they came, and how it goes on with another."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from nircolor.errors import InputError
from nircolor.picture import Reading
from nircolor.video.frames import Frame, Stream
from nircolor.video.live.wire import Wire
from nircolor.video.read.av_source import AvSource


class Connection(AvSource):
    """Raises LostError where nobody answers or no frame comes, InputError for what is no video."""

    def __init__(self, wire: Wire, reading: Reading) -> None:
        super().__init__(wire, reading)
        self._wire, self._came = wire, deque[float]()
        self._own = self.stream

    @property
    def has_tracks(self) -> bool:
        """Whether there is more than pictures: outputs take its streams for a pattern."""
        return bool(self._own.track and self._own.track.tracks)

    def arriving(self) -> Iterator[tuple[Frame, float]]:
        """All frames, and when each came, by ``time.monotonic``; judging of day and night may hold some back."""
        for frame in self.frames():
            yield frame, self._came.popleft()

    def go_on_with(self, before: Stream) -> None:
        """Be the same input as that of an earlier connection. Raises InputError, and closes, for another size."""
        now = self._own
        if (now.height, now.width) != (before.height, before.width):
            self.close()
            reason = f"comes back as {now.width} x {now.height} pixels, and was {before.width} x {before.height}"
            raise InputError(reason, path=self._wire.place, remedy="begin again")
        if not before.keeps_aside or _tracks(now) != _tracks(before):
            now.leave_aside()
        now.told_by(before)
        self.stream = before

    def shift_aside(self, shift: Fraction) -> None:
        """Sound, what came already and what will, goes to the stream that this one goes on with, ``shift`` later."""
        aside = _Shifted(self.stream.aside, shift)
        aside.extend(self._own.aside)
        self._own.aside = aside

    def _all(self) -> Iterator[Frame]:
        for frame in super()._all():
            self._came.append(time.monotonic())
            yield frame


def _tracks(stream: Stream) -> list[str]:
    return [track.type for track in stream.track.tracks] if stream.track else []


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
