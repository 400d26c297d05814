"""A training run as lines of text, for log files and pipes: few enough to be read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nircolor.training.events import Event, Losses, Observer, Scores

PAUSE = 10.0
"""Seconds between two lines of losses."""


@contextmanager
def plain_lines(say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> Iterator[Observer]:
    """Yields an observer that says losses at most every ``PAUSE`` seconds, scores always, and the last losses when the
    block ends without an exception."""
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
