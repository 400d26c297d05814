"""How much of a batch is under way at once: pictures in the network (``Lanes``), and pixels in memory (``Budget``).

Threads that share a small picture wait for each other for longer than they gain: with a picture each they need not. So
small ones go through the network side by side, each on one thread, and a larger one alone, on all of them. What becomes
of a small picture does not depend on how many lanes there are.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Condition
from types import TracebackType

from nircolor import picture
from nircolor.memory import available_memory

SMALL = 1 << 20  # pixels: above, threads that share a picture lose little, and memory counts
_LANE = 1 << 28  # bytes for one picture of that size: twice and more what a lane was seen to take
_GIL = 8  # lanes: of a small picture's time up to a quarter is Python's, where lanes wait for each other

# What may be under way at once is bounded, so that memory stays flat however many pictures there are and how large.
_MOST = picture.HELD  # pixels that are read but not yet written; about 24 bytes each
_SHARES = 32  # and no more pictures than this, however small
_PATIENCE = 0.1  # seconds between looks at whether the batch has been stopped


def lanes_for(device: str, threads: int) -> int:
    """A GPU is one lane by itself; a CPU has one for each thread that a picture could have, as far as memory allows."""
    if device != "cpu":
        return 1
    return max(1, min(threads, _GIL, available_memory() // _LANE))


class Lanes:
    """``count`` threads, each with one picture at a time, or a group of pictures. Where there is one, whoever brings
    the work does it, on all ``threads`` of the networks. A context: in the end all lanes are at rest, and the networks
    have their threads back. ``use``: how they are told how many to use, see ``Networks``.
    """

    def __init__(self, count: int, threads: int, use: Callable[[int], None]) -> None:
        self.count, self._threads, self._use = count, threads, use
        self._busy, self._changed = 0, Condition()
        self._pool = ThreadPoolExecutor(count, "lane")

    def __enter__(self) -> Lanes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        if self.count > 1:
            self._use(self._threads)

    def work(self, pixels: float, job: Callable[[], None]) -> None:
        """Have ``job`` done, which raises nothing, on ``pixels`` of pictures. Returns when there is room for more."""
        if self.count == 1:
            job()
        elif pixels > SMALL:
            self._wait(0)
            self._use(self._threads)
            job()
        else:
            with self._changed:
                self._busy += 1
            self._pool.submit(self._alone, job)
            self._wait(self.count - 1)

    def _alone(self, job: Callable[[], None]) -> None:
        try:
            self._use(1)  # each time: it holds in part for all threads, and a larger picture has changed it
            job()
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def _wait(self, most: int) -> None:
        """Until no more than ``most`` lanes are busy; in steps, since Windows hears no Ctrl-C while it waits."""
        with self._changed:
            while self._busy > most:
                self._changed.wait(_PATIENCE)


class Budget:
    """Pixels to be taken before a picture is read, and given back once it is written."""

    def __init__(self, most: int = _MOST) -> None:
        self._most, self._taken, self._changed = most, 0, Condition()

    def take(self, pixels: int, stopped: Callable[[], bool]) -> int:
        """Wait until there is room, and return what to give back. A picture larger than all there is goes alone."""
        amount = min(max(pixels, self._most // _SHARES), self._most)
        with self._changed:
            while self._taken + amount > self._most and not stopped():
                self._changed.wait(_PATIENCE)
            self._taken += amount
        return amount

    def give(self, amount: int) -> None:
        with self._changed:
            self._taken -= amount
            self._changed.notify_all()
