"""A video on its way: part after part, each in full, with what is to be told of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from fractions import Fraction

from nircolor.colorizer import Colorizer
from nircolor.errors import InputError, StoppedError
from nircolor.events import Reporter
from nircolor.reference import Guidance, Used
from nircolor.video.colours.damping import Damping
from nircolor.video.colours.follow import Follow
from nircolor.video.colours.steady import Steady
from nircolor.video.flow import run
from nircolor.video.frames import Source, Stream
from nircolor.video.parts import Part, Parts
from nircolor.video.write.outputs import Output


@dataclass
class Tally:
    """What has been done so far. ``made``: frames of this run; ``frames``: with those that were there already."""

    frames: int = 0
    made: int = 0
    cuts: int = 0
    reached: Fraction = Fraction(0)
    """Seconds of the source that are done."""
    damage: InputError | None = None
    is_stopped: bool = False
    used: list[Used] = field(default_factory=list)
    """How the reference was used, view by view, in this run."""
    start: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Of work."""
        return time.perf_counter() - self.start


@dataclass(frozen=True)
class Work:
    """One video of which everything is open. Colours begin anew with each part, so that it can be made again alone."""

    source: Source
    output: Output
    engine: Colorizer
    damping: Damping
    reporter: Reporter
    name: str
    """What warnings call the source."""
    guidance: Guidance = field(default_factory=Guidance)

    def all(self, parts: Parts) -> Tally:
        """Raises StoppedError where there is nothing yet to be kept, InputError where not even the first frame can be
        read, and OutputError.
        """
        tally = Tally()
        for part in parts:
            if done := self.output.done(part.number):
                self._skip(part, tally)
                tally.frames, tally.cuts = tally.frames + done.frames, tally.cuts + done.cuts
            elif not self._do(part, parts, tally):
                break
            if tally.damage:
                break
        tally.is_stopped, tally.reached = parts.stopped, parts.reached
        self.output.finish(not parts.stopped and not tally.damage)
        return tally

    def _skip(self, part: Part, tally: Tally) -> None:
        self.reporter.told("finding the place", tally.frames, self.source.stream.expected, "")
        part.skip()

    def _do(self, part: Part, parts: Parts, tally: Tally) -> bool:
        """Whether there was anything in it."""
        follow = Follow(self.engine, self.guidance) if self.guidance.is_given else None
        steady = Steady(self.engine, self.damping, self.reporter.retreat, follow)
        before, made = tally.frames, tally.made

        def count(done: int) -> None:
            new, tally.frames, tally.made = before + done - tally.frames, before + done, made + done
            self._report(tally.frames, new)

        self._report(before)
        with self.output.sink(part.number) as sink:
            passed = run(part, sink, steady.paint, count)
            if not passed.frames and before:
                return False
            if parts.stopped and not (passed.frames and self.output.keeps_what_is_done):
                raise StoppedError("stopped")
            if not passed.frames:
                raise InputError("no frame came in time", path=self.name)
            sink.finish(part.end)
        tally.cuts, tally.damage = tally.cuts + steady.cuts, passed.damage
        tally.used += follow.used if follow else []
        self.output.add(part, passed.frames, steady.cuts, not passed.damage and not parts.stopped)
        return True

    def _report(self, done: int, new: int = 0) -> None:
        """Not by way of ``Reporter.progress``, which would raise: once stopped, what is in hand is finished."""
        stream = self.source.stream
        self.reporter.told("colorizing", done, stream.expected, "frames", _behind(stream, new))
        self.warn()

    def warn(self) -> None:
        """Tell what there is to be told of the source."""
        for warning in self.source.stream.news():
            self.reporter.warn(f"{self.name}: {warning}")


def _behind(stream: Stream, new: int) -> str:
    """How late the last of ``new`` frames of a live input is done; nothing for other inputs."""
    came = [stream.arrivals.popleft() for _ in range(min(new, len(stream.arrivals)))]
    if not came:
        return ""
    dropped = f", {stream.dropped} dropped" if stream.dropped else ""
    return f"{time.monotonic() - came[-1]:.1f} s behind{dropped}"
