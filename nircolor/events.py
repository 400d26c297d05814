"""What a long job reports to whoever watches it: a command line, a notebook, a service, a test.

Every verb takes ``on_event``, a function of one event, and calls it in the thread of its caller unless it says
otherwise. It also takes ``stop``, a ``threading.Event``: once that is set, the verb ends at its next report, as after
Ctrl-C, and leaves nothing partial behind. ``colorize_video`` finishes what it has instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event as StopEvent
from types import TracebackType

from nircolor.errors import StoppedError


class Event:
    """Root of all events."""


@dataclass(frozen=True)
class Progress(Event):
    """``done`` of ``total`` of a stage (``colorizing``, ``validation``); ``total`` 0: nobody knows. Reported often.

    ``unit``: what is counted (``frames``), where that means something to a reader. ``more``: words behind the bar.
    """

    stage: str
    done: float = 0
    total: float = 0
    unit: str = ""
    more: str = ""


@dataclass(frozen=True)
class Note(Event):
    """A line for people; ``detail``: only for those who want to know more."""

    text: str
    detail: bool = False


@dataclass(frozen=True)
class Warned(Event):
    """Something is not as it should be, and work goes on. Options are written as in errors (``nircolor.errors``)."""

    text: str


@dataclass(frozen=True)
class Retreat(Warned):
    """Memory ran out, and work goes on with smaller batches or tiles."""


@dataclass(frozen=True)
class EngineReady(Event):
    """A network is loaded. ``weights``: the name that was asked for. ``workers``: how many networks, 0: this one."""

    device: str
    kernel: str
    precision: str
    weights: str
    sha256: str
    workers: int = 0

    def __str__(self) -> str:
        crew = f", {self.workers} workers" if self.workers else ""
        return (
            f"device {self.device}, kernel {self.kernel}, weights {self.weights} ({self.sha256}), "
            f"precision {self.precision}{crew}"
        )


@dataclass(frozen=True)
class Ended(Event):
    """The last event of every verb, whether it returns or raises: an observer clears away what it shows."""


Observer = Callable[[Event], None]


def nobody(event: Event) -> None:
    """The observer of a job that nobody watches."""


class Reporter:
    """Inside a verb: how it reports. ``warnings`` are the lines of all warnings so far, for its result.

    A verb works within ``with Reporter(on_event, stop) as reporter``, which reports ``Ended`` at its end.
    """

    def __init__(self, on_event: Observer = nobody, stop: StopEvent | None = None) -> None:
        self.on_event, self.stop = on_event, stop
        self.warnings: list[str] = []

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.on_event(Ended())

    def check(self) -> None:
        """Raises StoppedError when the caller wants the verb to end."""
        if self.stop is not None and self.stop.is_set():
            raise StoppedError("stopped")

    def progress(self, stage: str, done: float = 0, total: float = 0, unit: str = "") -> None:
        """Raises StoppedError."""
        self.check()
        self.on_event(Progress(stage, done, total, unit))

    def told(self, stage: str, done: float, total: float, unit: str, more: str = "") -> None:
        """``progress`` for work that ends in its own way when the caller wants it to: it raises nothing."""
        self.on_event(Progress(stage, done, total, unit, more))

    def stage(self, name: str) -> Callable[[float, float], None]:
        """``progress`` of one stage, for functions that report ``(done, total)``."""
        return lambda done, total: self.progress(name, done, total)

    def note(self, text: str) -> None:
        self.on_event(Note(text))

    def detail(self, text: str) -> None:
        self.on_event(Note(text, detail=True))

    def warn(self, text: str) -> None:
        self._warn(Warned(text))

    def retreat(self, text: str) -> None:
        self._warn(Retreat(text))

    def _warn(self, event: Warned) -> None:
        self.warnings.append(event.text)
        self.on_event(event)
