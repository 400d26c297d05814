"""Many entries in this process: while the network colorizes, other threads read what comes next and write what is done.

    feeder ──► readers: prepare ──► lanes: the network ──► writers: finish, record

Pictures keep their order up to the network. The network waits for the disk only when reading or writing is slower than
colorizing; how long it did is measured. A picture too large to be held is read and written by the caller's thread,
window by window, between the network's tiles.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import inf
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from nircolor.batch.entry import Entry, Row
from nircolor.batch.leading import Leading
from nircolor.batch.probe import pixels
from nircolor.batch.process import Made, Work, finish, prepare
from nircolor.batch.settings import Settings
from nircolor.batch.under_way import Budget, Lanes, lanes_for
from nircolor.pages.reduced import Reduced
from nircolor.picture import Windows
from nircolor.tiling import Piece

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

_NICE = 10  # of 19
_CHUNK = 64  # entries announced at once, before any of them is read
_COMPANY = 0.25  # seconds that pictures in hand wait for another to share a pass with
_THREADS = 2  # that read, and as many that write, at least


@dataclass(frozen=True)
class Hooks:
    """Who gets what, in whatever thread. ``announce``: entries that will be worked on (None: somebody knows
    already). ``record``: the row of a picture. ``show``: a picture that has been written, before and after, (h, w) and
    (h, w, 3), reduced where it is large. What they raise ends the batch.
    """

    announce: Callable[[Sequence[Entry]], None] | None
    record: Callable[[Row], None]
    show: Callable[[Made, NDArray[Any], NDArray[Any]], None] | None = None


@dataclass
class Flow:
    """Seconds that pictures went through the network, and of those that one could have but was not yet read."""

    seconds: float = 0.0
    waited: float = 0.0


@dataclass(frozen=True)
class _Item:
    future: Future[Made | Row]
    amount: int


def announced(entries: Iterable[Entry], announce: Callable[[Sequence[Entry]], None] | None) -> Iterator[Entry]:
    """``entries``, each announced before it is handed on, many at once."""
    waiting = iter(entries)
    if announce is None:
        yield from waiting
        return
    while chunk := list(islice(waiting, _CHUNK)):
        announce(chunk)
        yield from chunk


def run(
    entries: Iterable[Entry], settings: Settings, engine: Colorizer, hooks: Hooks, stop: Event, lanes: int | None = None
) -> Flow:
    """Work on ``entries`` until all are recorded, or ``stop`` is set: then what is with the network is finished, what
    has only been read is dropped. ``lanes``: small pictures in the network at once; None: what suits the device. Raises
    what the hooks raise, once everything under way has come to rest.
    """
    lanes = lanes or lanes_for(engine.info.device, engine.networks.threads)
    line, threads = _Line(settings, engine, hooks, stop), max(_THREADS, lanes // 2)
    with (
        ThreadPoolExecutor(threads, "read", _stand_back) as readers,
        ThreadPoolExecutor(threads, "write", _stand_back) as writers,
    ):
        feeder = Thread(target=line.feed, args=(entries, readers), name="feed", daemon=True)
        feeder.start()
        try:
            line.drive(writers, lanes)
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
        self._fed = False  # everything that the feeder had has been taken

    def feed(self, entries: Iterable[Entry], readers: ThreadPoolExecutor) -> None:
        """Hand entries to the readers as fast as the budget allows."""
        try:
            for entry in announced(entries, self.hooks.announce):
                amount = self.budget.take(pixels(entry, self.settings.root), self.stop.is_set)
                if self.stop.is_set():
                    break
                self.queue.put(_Item(readers.submit(prepare, entry, self.settings), amount))
        except BaseException as error:
            self._give_up(error)
        finally:
            self.queue.put(None)

    def drive(self, writers: ThreadPoolExecutor, lanes: int) -> None:
        """Keep the network busy."""
        start = time.perf_counter()
        networks = self.engine.networks
        with Lanes(lanes, networks.threads, networks.use_threads) as network:
            for group in self._groups():
                network.work(_pixels(group), partial(self._pass, group, writers))
        self.flow.seconds = time.perf_counter() - start

    def _pass(self, group: list[tuple[Made, int]], writers: ThreadPoolExecutor) -> None:
        """One step of the network; nothing is raised, since there is nobody above it in a lane."""
        try:
            if group[0][0].pixels is None:
                self._stream(*group[0])
                return
            for item, rgb in self._colorize(group):
                writers.submit(self._finish, item, rgb)
        except BaseException as error:
            self._give_up(error)

    def _groups(self) -> Iterator[list[tuple[Made, int]]]:
        """Pictures to be colorized together: neighbours of one size as long as they may share, else one alone."""
        group: list[tuple[Made, int]] = []
        while (made := self._take(_COMPANY if group else None)) or not self._over():
            if group and not (made and self._fits(group, made[0])):
                yield group
                group = []
            if made:
                group.append(made)
            if len(group) >= self.engine.tiling.batch:
                yield group
                group = []
        if group:
            yield group

    def _fits(self, group: list[tuple[Made, int]], work: Made) -> bool:
        same = work.shape == group[0][0].shape and self.engine.can_share(work.shape)
        return same and not self._is_alone(work) and not self._is_alone(group[0][0])

    def _is_alone(self, work: Made) -> bool:
        """Whether it takes more than its pixels in memory to colorize it: its file, a reference, that it is a map."""
        given, engine = self.settings.guidance.is_given, self.engine
        return given or not isinstance(work, Work) or work.pixels is None or engine.settled(work.image) is not engine

    def _take(self, patience: float | None) -> tuple[Made, int] | None:
        """What the readers have made, in order; what became a row already is recorded here. None: nothing came within
        ``patience`` seconds, or nothing will.
        """
        while not self._over():
            start = time.perf_counter()
            try:
                item = self.queue.get(timeout=patience)
                made = None if item is None else item.future.result()
            except Empty:
                return None
            finally:
                self.flow.waited += time.perf_counter() - start
            if item is None or made is None:
                self._fed = True
            elif isinstance(made, Row):
                with self._accounted(item.amount):
                    self.hooks.record(made)
            else:
                return made, item.amount
        return None

    def _over(self) -> bool:
        return self._fed or self.stop.is_set()

    def _colorize(self, made: list[tuple[Made, int]]) -> Iterator[tuple[tuple[Work, int], NDArray[Any]]]:
        start = time.perf_counter()
        group = [(work, amount) for work, amount in made if isinstance(work, Work)]
        try:
            colours = self._colours([work for work, _ in group])
        except Exception as error:
            for work, amount in group:
                with self._accounted(amount):
                    self.hooks.record(self.settings.failed(work.entry, error))
            return
        share = (time.perf_counter() - start) / len(group)
        for (work, amount), rgb in zip(group, colours, strict=True):
            work.seconds += share
            yield (work, amount), rgb

    def _colours(self, works: list[Work]) -> list[NDArray[Any]]:
        """Of pictures in memory."""
        if any(map(self._is_alone, works)):
            return [Leading(self.engine, self.settings.guidance, work).colorize(work) for work in works]
        return self.engine.colorize_together([work.pixels for work in works if work.pixels is not None])

    def _finish(self, item: tuple[Work, int], rgb: NDArray[Any]) -> None:
        work, amount = item
        with self._accounted(amount):
            row = finish(work, [Piece(0, 0, rgb)], self.settings)
            self.hooks.record(row)
            if self.hooks.show and row.status == "done" and work.pixels is not None:
                self.hooks.show(work, work.pixels, rgb)

    def _stream(self, work: Made, amount: int) -> None:
        painter = Leading(self.engine, self.settings.guidance, work)
        seen = _Seen(painter)
        paint = seen.paint if self.hooks.show else painter.paint
        with self._accounted(amount):
            if isinstance(work, Work):
                row = finish(work, paint(work.image), self.settings)
            else:
                row = work.finish(paint, self.settings)
            self.hooks.record(row)
            if self.hooks.show and row.status == "done":
                self.hooks.show(work, *seen.pictures())

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


def _pixels(group: list[tuple[Made, int]]) -> float:
    """Of all pictures of a group; without end where they stay in a file, since nobody knows how long that takes."""
    return sum(inf if work.pixels is None else work.pixels.size for work, _ in group)


class _Seen:
    """What passes through the network, of which the first picture is kept: reduced, before and after."""

    def __init__(self, painter: Leading) -> None:
        self._painter, self._kept = painter, list[Reduced]()

    def paint(self, image: Windows) -> Iterator[Piece]:
        """As ``Colorizer.paint``."""
        pieces = self._painter.paint(image)
        if not self._kept:
            self._kept = [Reduced(image.shape), Reduced(image.shape)]
            pieces = self._watched(image, pieces)
        yield from pieces

    def pictures(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """(h, w) and (h, w, 3)."""
        before, after = self._kept
        return before.picture(), after.picture()

    def _watched(self, image: Windows, pieces: Iterator[Piece]) -> Iterator[Piece]:
        before, after = self._kept
        for piece in pieces:
            (top, left, pixels), (height, width, _) = piece, piece.pixels.shape
            before.add(top, left, image[top : top + height, left : left + width])
            after.add(top, left, pixels)
            yield piece
