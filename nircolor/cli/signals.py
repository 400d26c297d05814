"""Ctrl-C, SIGTERM and SIGHUP all end a command in the same way: through every ``finally`` that cleans up after it.

``Interrupts`` does so at once, and surrounds every command. ``Stopper`` is for verbs that take a ``stop`` event: the
first signal sets it, so that what is in hand is finished, and the second one ends the work at once.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any


class Interrupted(BaseException):
    """A signal asks the command to end. Not a KeyboardInterrupt: Typer would turn that into a silent exit."""


_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Interrupts:
    """While entered, signals raise ``Interrupted``. ``signum`` is the last one that came, 0 when none did.

    An exception that is raised while C code imports or calls back can be lost on its way; ``check`` raises it again.
    Signals that the parent process had ignored (nohup, a background job) stay ignored.
    """

    def __init__(self) -> None:
        self.signum = 0
        self._armed = True
        self._patient = False
        self._handlers: dict[int, Any] = {}
        self._hook: Callable[[sys.UnraisableHookArgs], Any] = sys.unraisablehook

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
            for number in _numbers():
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._handlers[number] = signal.signal(number, self._raise)
            self._hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if sys.unraisablehook == self._unraisable:
            sys.unraisablehook = self._hook

    @property
    def exit_code(self) -> int:
        """128 and the signal's number, as shells count: 130 after Ctrl-C."""
        return 128 + self.signum

    def check(self) -> None:
        """Raise ``Interrupted`` when a signal has come already."""
        if self.signum:
            raise Interrupted

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within, a first signal waits for the next ``check``, for the sake of work that must not be torn apart; a
        second one, of somebody who will not wait, raises at once."""
        self._patient = True
        try:
            yield
        finally:
            self._patient = False

    def disarm(self) -> None:
        """From now on signals raise nothing: the command is ending already."""
        self._armed = False

    def _raise(self, signum: int, frame: FrameType | None) -> None:
        if self._armed:
            first, self.signum = not self.signum, signum
            if self._patient and first:
                return
            raise Interrupted

    def _unraisable(self, event: sys.UnraisableHookArgs) -> None:
        if not isinstance(event.exc_value, Interrupted):
            self._hook(event)


class Stopper:
    """While entered, the first signal sets ``stop`` and is kept in ``signum``; later ones do what they did before.

    ``say``: gets a line about what happens now. Until ``begun`` is set, the first signal, too, does what it did before:
    there is nothing yet to be finished. ``hand``: what is in hand.
    """

    def __init__(
        self, stop: threading.Event, say: Callable[[str], None], begun: bool = True, hand: str = "picture"
    ) -> None:
        self.signum, self.begun = 0, begun
        self._stop, self._say, self._hand = stop, say, hand
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Stopper:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
            for number in _numbers():
                if callable(signal.getsignal(number)):
                    self._handlers[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if not self.begun or (self._stop.is_set() and self.signum):
            self._handlers[signum](signum, frame)
            return
        self.signum = signum
        self._stop.set()
        self._say(f"finishing the {self._hand} in flight; once more ends at once")


def _numbers() -> list[int]:
    return [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]  # Windows has no SIGHUP
