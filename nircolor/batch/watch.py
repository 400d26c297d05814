"""New files in a folder that is being filled: a file counts once it has stopped growing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nircolor.batch.plan import Entry

INTERVAL = 1.0  # seconds between two looks


class Settling:
    """Remembers the last look, and what has been taken in which state."""

    def __init__(self, done: Sequence[Entry] = ()) -> None:
        self._looked: dict[str, tuple[int, int]] = {}
        self._taken = {entry.source: _state(entry) for entry in done}
        self._ours: set[str] = set()

    def take(self, entries: Sequence[Entry]) -> list[Entry]:
        """Entries whose size and time of change are those of the last look and that were not taken in that state. One
        that was taken in an earlier state may replace its own output.
        """
        now = {entry.source: _state(entry) for entry in entries}
        ready = [e for e in entries if self._looked.get(e.source) == now[e.source] != self._taken.get(e.source)]
        self._looked = now
        again = [replace(e, replace=e.replace or e.source in self._ours) for e in ready]
        self._taken |= {entry.source: now[entry.source] for entry in ready}
        self._ours |= {entry.source for entry in ready}
        return again


def _state(entry: Entry) -> tuple[int, int]:
    return entry.bytes, entry.changed
