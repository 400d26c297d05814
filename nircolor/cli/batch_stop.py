"""The first Ctrl-C (or SIGTERM, SIGHUP) asks a batch to finish what it has in hand; the second ends it at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from nircolor.cli.report import Report


class Stopper:
    """While entered, the first signal sets ``stop`` and is kept in ``signum``; later ones do what they did before."""

    def __init__(self, stop: threading.Event, report: Report) -> None:
        self.signum = 0
        self._stop, self._report = stop, report
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Stopper:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):
                number = getattr(signal, name, None)  # Windows has no SIGHUP
                if number is not None and callable(signal.getsignal(number)):
                    self._handlers[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if self._stop.is_set() and self.signum:
            self._handlers[signum](signum, frame)
        self.signum = signum
        self._stop.set()
        self._report.say("finishing the picture in flight; once more ends at once")
