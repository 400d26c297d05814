"""Pairs that turn out bad in the middle of a run: one or two are left out, many end it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from nircolor.errors import InputError

MOST = 0.01
"""Largest share of bad pairs with which a run goes on."""


class Faults:
    """Counts the bad pairs among ``total``; safe for many threads."""

    def __init__(self, total: int, on_warning: Callable[[str], None]) -> None:
        self._total, self._on_warning, self._count, self._lock = total, on_warning, 0, Lock()

    def add(self, error: InputError) -> None:
        """Warn of one more. Raises InputError once they are more than 1 % of all."""
        with self._lock:
            self._count += 1
            count = self._count
        if count > MOST * self._total:
            raise InputError(
                f"{error} (bad pair {count} of {self._total}: more than {MOST:.0%}; "
                "repair or remove such pairs, then resume)"
            ) from error
        self._on_warning(f"{error} (the pair is skipped)")
