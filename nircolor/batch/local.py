"""Many entries in this process: while the network colorizes, other threads read what comes next and write what is done.

    feeder ──► readers: prepare ──► this thread: the network ──► writers: finish, record

Pictures keep their order up to the network. The network waits for the disk only when reading or writing is slower than
colorizing; how long it did is measured.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from nircolor.batch.budget import Budget
from nircolor.batch.plan import Entry
from nircolor.batch.probe import probe
from nircolor.batch.process import Settings, Work, finish, prepare
from nircolor.batch.row import Row

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

_NICE = 10  # of 19
_CHUNK = 64  # entries announced at once, before any of them is read


@dataclass(frozen=True)
class Hooks:
    """Who is told what, from whatever thread. ``announce``: entries that will be worked on. ``record``: the row of a
    picture. ``show``: a picture that has been written, and its colours. What they raise ends the batch.
    """

    announce: Callable[[Sequence[Entry]], None]
    record: Callable[[Row], None]
    show: Callable[[Work, NDArray[Any]], None] | None = None


@dataclass
class Flow:
    """Seconds of the network's thread in all, and of those that it waited for a picture to be read or written."""

    seconds: float = 0.0
    waited: float = 0.0


@dataclass(frozen=True)
class _Item:
    future: Future[Work | Row]
    amount: int


def run(
    entries: Sequence[Entry], settings: Settings, engine: Colorizer, hooks: Hooks, stop: Event, workers: int = 2
) -> Flow:
    """Work on ``entries`` until all are recorded, or ``stop`` is set: then what is with the network is finished, what
    has only been read is dropped. Raises what the hooks raise, once everything under way has come to rest.
    """
    line = _Line(settings, engine, hooks, stop)
    with (
        ThreadPoolExecutor(workers, "read", _stand_back) as readers,
        ThreadPoolExecutor(workers, "write", _stand_back) as writers,
    ):
        feeder = Thread(target=line.feed, args=(entries, readers), name="feed", daemon=True)
        feeder.start()
        try:
            line.drive(writers)
        except BaseException:
            stop.set()
            raise
        finally:
            feeder.join()
            readers.shutdown(wait=False, cancel_futures=True)  # after a stop: what nobody waits for any more
    if line.fault:
        raise line.fault
    return line.flow


def _stand_back() -> None:
    """Let the network go first where cores are scarce: its threads wait for each other, so one that is held up by
    somebody's encoder holds up all of them.
    """
    if sys.platform == "linux":  # elsewhere a priority is that of the whole process
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class _Line:
    """The state that the threads of one run share."""

    def __init__(self, settings: Settings, engine: Colorizer, hooks: Hooks, stop: Event) -> None:
        self.settings, self.engine, self.hooks, self.stop = settings, engine, hooks, stop
        self.budget, self.queue, self.flow = Budget(), SimpleQueue[_Item | None](), Flow()
        self.fault: BaseException | None = None

    def feed(self, entries: Sequence[Entry], readers: ThreadPoolExecutor) -> None:
        """Hand entries to the readers as fast as the budget allows."""
        waiting = iter(entries)
        try:
            while (chunk := list(islice(waiting, _CHUNK))) and not self.stop.is_set():
                self.hooks.announce(chunk)
                for entry in chunk:
                    height, width = probe(self.settings.root / entry.source) or (0, 0)
                    amount = self.budget.take(height * width, self.stop.is_set)
                    if self.stop.is_set():
                        break
                    self.queue.put(_Item(readers.submit(prepare, entry, self.settings), amount))
        except BaseException as error:
            self._give_up(error)
        finally:
            self.queue.put(None)

    def drive(self, writers: ThreadPoolExecutor) -> None:
        """Keep the network busy."""
        start = time.perf_counter()
        for group in self._groups():
            for item, rgb in self._colorize(group):
                writers.submit(self._finish, item, rgb)
        self.flow.seconds = time.perf_counter() - start

    def _groups(self) -> Iterator[list[tuple[Work, int]]]:
        """Pictures to be colorized together: neighbours of one size as long as they may share, else one alone."""
        group: list[tuple[Work, int]] = []
        for work, amount in self._works():
            if group and not self._fits(group, work):
                yield group
                group = []
            group.append((work, amount))
            if len(group) >= self.engine.tiling.batch:
                yield group
                group = []
        if group:
            yield group

    def _fits(self, group: list[tuple[Work, int]], work: Work) -> bool:
        from nircolor.batch.together import can_share

        shape = work.image.pixels.shape
        return shape == group[0][0].image.pixels.shape and can_share(self.engine, shape)

    def _works(self) -> Iterator[tuple[Work, int]]:
        """What the readers have made, in order; what became a row already is recorded here."""
        while not self.stop.is_set():
            start = time.perf_counter()
            item = self.queue.get()
            made = None if item is None else item.future.result()
            self.flow.waited += time.perf_counter() - start
            if item is None or made is None:
                return
            if isinstance(made, Row):
                with self._accounted(item.amount):
                    self.hooks.record(made)
            else:
                yield made, item.amount

    def _colorize(self, group: list[tuple[Work, int]]) -> Iterator[tuple[tuple[Work, int], NDArray[Any]]]:
        from nircolor.batch.together import colorize_together

        start = time.perf_counter()
        try:
            colours = colorize_together(self.engine, [work.image.pixels for work, _ in group])
        except Exception as error:
            for work, amount in group:
                with self._accounted(amount):
                    self.hooks.record(self.settings.failed(work.entry, error))
            return
        share = (time.perf_counter() - start) / len(group)
        for (work, amount), rgb in zip(group, colours, strict=True):
            work.seconds += share
            yield (work, amount), rgb

    def _finish(self, item: tuple[Work, int], rgb: NDArray[Any]) -> None:
        work, amount = item
        with self._accounted(amount):
            row = finish(work, rgb, self.settings)
            self.hooks.record(row)
            if self.hooks.show and row.status == "done":
                self.hooks.show(work, rgb)

    @contextmanager
    def _accounted(self, amount: int) -> Iterator[None]:
        """The end of a picture: whatever a hook raises ends the batch, and the budget gets its pixels back."""
        try:
            yield
        except BaseException as error:
            self._give_up(error)
        finally:
            self.budget.give(amount)

    def _give_up(self, error: BaseException) -> None:
        self.fault = self.fault or error
        self.stop.set()
