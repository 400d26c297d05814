"""Time in tests that does not depend on how fast a machine is, nor on what else it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def cost(work: Callable[[], object]) -> float:
    """Seconds of the processor that ``work`` takes, whoever else is at work: for ratios."""
    start = time.process_time()
    work()
    return time.process_time() - start


class Clock:
    """A clock that goes on when a test says so: it stands where a module has the module ``time``. For all threads."""

    def __init__(self) -> None:
        self._now, self._asked, self._change = 0.0, 0, threading.Condition()

    def perf_counter(self) -> float:
        with self._change:
            self._asked += 1
            self._change.notify_all()
            return self._now

    monotonic = perf_counter

    def go_on(self, seconds: float, asked: int = 0) -> None:
        """Let ``seconds`` pass, but not before the clock has been read ``asked`` times."""
        with self._change:
            assert self._change.wait_for(lambda: self._asked >= asked, 300), f"read {self._asked} times, not {asked}"
            self._now += seconds
