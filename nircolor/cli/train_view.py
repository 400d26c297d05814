"""What a person sees of a training run while it goes on: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from threading import Event as StopEvent
from types import TracebackType
from typing import TYPE_CHECKING

from nircolor.events import Event, Observer, nobody

if TYPE_CHECKING:
    from nircolor.cli.report import Report
    from nircolor.training.events import Launched, Losses, Scores

PAUSE = 10.0
"""Seconds between two lines of losses."""


class TrainView:
    """While entered, an observer of a run. Silent under -q, and in all processes but the first.

    ``stop`` is set by a signal that comes once training has begun; a second one ends the command at once. None: of an
    estimate, where nothing needs to be saved and nothing is shown but lines.
    """

    def __init__(self, report: Report, stop: StopEvent | None = None) -> None:
        self._report, self._stop = report, stop
        self._stack = ExitStack()
        self._show: Observer = nobody
        self.first = True
        """Whether this process is the one that reports."""

    def __enter__(self) -> TrainView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def __call__(self, event: Event) -> None:
        from nircolor.training.events import Launched, TrainingReady

        if isinstance(event, Launched):
            self._launched(event)
        elif isinstance(event, TrainingReady):
            self._report.say(str(event))
            self._begin()
        else:
            self._report.observe(event)
            self._show(event)
        if self._stop and self._report.interrupts.signum:
            self._stop.set()

    def _launched(self, event: Launched) -> None:
        """The first of the processes talks and takes the signals; the others follow it."""
        self.first = event.rank == 0
        if not self.first:
            self._report.quiet, self._report.json = True, False
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _begin(self) -> None:
        if self._stop and self.first:
            self._stack.enter_context(self._report.interrupts.deferred())
            self._show = self._stack.enter_context(_shown(self._report))


def _shown(report: Report) -> AbstractContextManager[Observer]:
    """Imports are late: rich is not for a command that only prints its help, numpy neither."""
    if report.quiet or not sys.stderr:
        return nullcontext(nobody)
    if sys.stderr.isatty():
        from nircolor.cli.train_panel import live_panel

        return live_panel()
    return plain_lines(report.say)


@contextmanager
def plain_lines(say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> Iterator[Observer]:
    """For log files and pipes: lines that are few enough to be read.

    Yields an observer that says losses at most every ``PAUSE`` seconds, scores always, and the last losses when the
    block ends without an exception.
    """
    lines = _Lines(say, clock)
    yield lines
    lines.flush()


class _Lines:
    """``waiting`` is the newest line of losses, held back because another was said just before."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._say, self._clock = say, clock
        self._next = float("-inf")
        self._waiting = ""

    def __call__(self, event: Event) -> None:
        from nircolor.training.events import Losses, Scores

        if isinstance(event, Losses):
            self._waiting = _losses(event)
            if self._clock() >= self._next:
                self.flush()
        elif isinstance(event, Scores):
            self.flush()
            self._say(_scores(event))

    def flush(self) -> None:
        if self._waiting:
            self._say(self._waiting)
            self._waiting, self._next = "", self._clock() + PAUSE


def _losses(event: Losses) -> str:
    stage = "" if event.stage == "training" else f"{event.stage}, "
    parts = [f"{name} {value:.4g}" for name, value in event.values.items()]
    if event.images_per_second:
        parts += [f"{event.images_per_second:.3g} images/s", f"waited {event.waited:.0%}"]
    rate = [f"rate {event.rate:.3g}"] if event.rate else []
    return f"{stage}step {event.step} of {event.steps}: {', '.join([*parts, *rate])}"


def _scores(event: Scores) -> str:
    scores = ", ".join(f"{name} {value:.4g}" for name, value in event.values.items())
    return f"step {event.step} of {event.steps}: {scores}{' (best so far)' if event.best else ''}"
