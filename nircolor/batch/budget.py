"""How much may be under way at once, so that memory stays flat however many pictures there are, and however large."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition

MOST = 32_000_000  # pixels that are read but not yet written; about 24 bytes each
SHARES = 32  # and no more pictures than this, however small

_PATIENCE = 0.1  # seconds between looks at whether the batch has been stopped


class Budget:
    """Pixels to be taken before a picture is read, and given back once it is written."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._taken, self._changed = most, 0, Condition()

    def take(self, pixels: int, stopped: Callable[[], bool]) -> int:
        """Wait until there is room, and return what to give back. A picture larger than all there is goes alone."""
        amount = min(max(pixels, self._most // SHARES), self._most)
        with self._changed:
            while self._taken + amount > self._most and not stopped():
                self._changed.wait(_PATIENCE)
            self._taken += amount
        return amount

    def give(self, amount: int) -> None:
        with self._changed:
            self._taken -= amount
            self._changed.notify_all()
