"""Many entries over many workers, each of which may die: who has what in hand, and what becomes of it.

    entries ──► announced ──► a worker's hands ──► its row ──► recorded
                                   └─ it dies: suspects, each tried once more alone ──► recorded, or blamed and failed

All of it runs in the thread that calls ``run``. Where workers are is a crew's business: process_crew.py, ray_crew.py.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from threading import Event as Flag
from types import TracebackType
from typing import Protocol

from nircolor.batch.entry import Entry, Row
from nircolor.batch.local import Flow, Hooks, announced
from nircolor.batch.places import Warn
from nircolor.batch.settings import Settings
from nircolor.errors import DeviceError

_PATIENCE = 0.2  # seconds between looks at whether the batch has been stopped
_DEATHS = 10  # in a row, without a picture done: then it is not the pictures


@dataclass(frozen=True)
class Ready:
    """A worker has loaded its network: what it is, and how many pictures keep it busy."""

    worker: int
    info: dict[str, str]
    depth: int


@dataclass(frozen=True)
class Returned:
    """A picture has left a worker's hands; ``row`` None: it was dropped, after ``Crew.stop``."""

    worker: int
    source: str
    row: Row | None


@dataclass(frozen=True)
class Died:
    """A worker is gone, and with it whatever it had in hand."""

    worker: int
    why: str


@dataclass(frozen=True)
class Refused:
    """A worker cannot work at all, and no other could."""

    worker: int
    error: Exception


Event = Ready | Returned | Died | Refused


class Crew(Protocol):
    """Workers by number, from 0 to ``size`` - 1."""

    size: int

    def hire(self, worker: int) -> None:
        """Start a worker, or another in the place of one that died; it says when it is ready."""

    def give(self, worker: int, entry: Entry) -> None:
        """Hand a picture to a worker that is ready."""

    def wait(self, seconds: float) -> Sequence[Event]:
        """What has happened, as soon as something has; nothing after ``seconds``."""

    def stop(self) -> None:
        """Let workers finish what is in their networks, and drop the rest."""

    def close(self) -> None:
        """End all workers at once."""


@dataclass
class _Hands:
    """What a worker holds, by source; it takes ``depth``, and nothing before it is ready."""

    depth: int = 0
    held: dict[str, Entry] = field(default_factory=dict)


class Spread:
    """Gives a crew its work. ``info`` is what the first worker that was ready said of itself; ``on_ready`` gets it.
    ``warn``: gets a line about each worker that died.

    A context: in the end the workers are gone, and so is what those that died have left under temporary names.
    """

    def __init__(self, crew: Crew, settings: Settings, on_ready: Callable[[dict[str, str]], None], warn: Warn) -> None:
        self.info: dict[str, str] = {}
        self._disturbed: set[str] = set()  # outputs of pictures that were in hand when a worker died
        self._crew, self._settings, self._on_ready, self._warn = crew, settings, on_ready, warn
        self._hands = [_Hands() for _ in range(crew.size)]
        self._suspects, self._deaths = deque[Entry](), 0
        self._struck: set[str] = set()
        self._ready = 0.0  # when the first worker was
        for worker in range(crew.size):
            crew.hire(worker)

    def __enter__(self) -> Spread:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._crew.close()
        self._settings.target.sweep(self._disturbed)

    def run(self, entries: Iterable[Entry], hooks: Hooks, stop: Flag) -> Flow:
        """Work on ``entries`` until all are recorded, or ``stop`` is set: then what is in a network is finished.

        Raises what the hooks raise, DeviceError when workers die one after another, and what kept a worker from
        loading its network.
        """
        begun, waiting = time.perf_counter(), announced(entries, hooks.announce)
        while not stop.is_set():
            self._hand_out(waiting)
            if not any(hands.held for hands in self._hands) and not self._starting():
                break
            self._take(hooks)
        else:
            self._crew.stop()
            self._suspects.clear()
            while any(hands.held for hands in self._hands):
                self._take(hooks, ending=True)
        return Flow(time.perf_counter() - max(begun, self._ready))

    def _starting(self) -> bool:
        """Whether somebody may still take what is left."""
        return bool(self._suspects) or not any(hands.depth for hands in self._hands)

    def _hand_out(self, waiting: Iterator[Entry]) -> None:
        for worker in sorted(range(self._crew.size), key=lambda number: len(self._hands[number].held)):
            hands = self._hands[worker]
            while self._has_room(hands) and (entry := self._next(hands, waiting)):
                hands.held[entry.source] = entry
                self._crew.give(worker, entry)

    def _has_room(self, hands: _Hands) -> bool:
        return len(hands.held) < hands.depth and self._struck.isdisjoint(hands.held)

    def _next(self, hands: _Hands, waiting: Iterator[Entry]) -> Entry | None:
        """Suspects first, and each alone, so that a second death has one cause."""
        if self._suspects:
            return None if hands.held else self._suspects.popleft()
        return next(waiting, None)

    def _take(self, hooks: Hooks, ending: bool = False) -> None:
        for event in self._crew.wait(_PATIENCE):
            if isinstance(event, Refused):
                raise event.error
            if isinstance(event, Ready):
                self._greet(event)
            elif isinstance(event, Died):
                self._bury(event, hooks, ending)
            else:
                self._return(event, hooks)

    def _greet(self, event: Ready) -> None:
        self._hands[event.worker].depth = event.depth
        if not self.info:
            self.info, self._ready = event.info, time.perf_counter()
            self._on_ready(event.info)

    def _return(self, event: Returned, hooks: Hooks) -> None:
        self._hands[event.worker].held.pop(event.source)
        self._struck.discard(event.source)
        if event.row:
            self._deaths = 0
            hooks.record(event.row)

    def _bury(self, event: Died, hooks: Hooks, ending: bool) -> None:
        hands, self._hands[event.worker] = self._hands[event.worker], _Hands()
        self._disturbed |= {entry.output for entry in hands.held.values()}
        if ending:
            return
        for entry in hands.held.values():
            if entry.source in self._struck:
                self._struck.discard(entry.source)
                remedy = "try nircolor colorize on it alone"
                fault = DeviceError(f"the worker died on it ({event.why})", remedy=remedy)
                hooks.record(self._settings.failed(entry, fault))
            else:
                self._struck.add(entry.source)
                self._suspects.append(replace(entry, replace=True))  # its output may be there already, and is ours
        self._deaths += 1
        self._replace(event, len(hands.held))

    def _replace(self, event: Died, held: int) -> None:
        died = f"worker {event.worker} died ({event.why})"
        if self._deaths >= _DEATHS:
            reason = f"{died}, as {self._deaths - 1} before it without a picture done"
            raise DeviceError(reason, remedy="try fewer `workers` or a smaller `tile`, then `policy=resume`")
        self._warn(f"{died} with {held} pictures in hand; another takes its place")
        self._crew.hire(event.worker)
