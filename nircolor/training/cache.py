"""Decoded pictures, kept in memory as far as it goes: each is decoded once, whoever asks for it. And what happens to
pictures that turn out bad in the middle of a run: one or two are left out, many end it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

from nircolor.errors import InputError

K = TypeVar("K", bound=Hashable)
Pixels = tuple[NDArray[Any], ...]

MOST = 0.01
"""Largest share of bad pairs with which a run goes on."""


class Cache(Generic[K]):
    """What ``load`` makes of a key, for many threads at once. None, for what cannot be loaded, is remembered as well.

    Once ``limit`` bytes are full, what is not in them is loaded anew each time, and ``on_full`` is called once: with
    the bytes that all ``count`` keys would need, judged by those seen so far.
    """

    def __init__(
        self, load: Callable[[K], Pixels | None], limit: int, count: int, on_full: Callable[[int], None]
    ) -> None:
        self._load, self._limit, self._count, self._on_full = load, limit, count, on_full
        self._futures: dict[K, Future[Pixels | None]] = {}
        self._lock, self._used, self._kept, self._warned = Lock(), 0, 0, False

    def get(self, key: K) -> Pixels | None:
        """The pixels of ``key``. Raises whatever ``load`` raises."""
        with self._lock:
            future = self._futures.get(key)
            mine = future is None
            if future is None:
                future = self._futures[key] = Future()
        if mine:
            self._fill(key, future)
        return future.result()

    def _fill(self, key: K, future: Future[Pixels | None]) -> None:
        try:
            pixels = self._load(key)
        except BaseException as error:
            self._forget(key)
            future.set_exception(error)  # for the threads that wait for it, and for the caller
            return
        self._keep(key, sum(image.nbytes for image in pixels or ()))
        future.set_result(pixels)

    def _keep(self, key: K, size: int) -> None:
        """Count ``size`` bytes in, or let the key go where they do not fit."""
        with self._lock:
            if self._used + size <= self._limit:
                self._used, self._kept = self._used + size, self._kept + (size > 0)
                return
            del self._futures[key]
            warned, self._warned = self._warned, True
            needed = (self._used + size) * self._count // (self._kept + 1)
        if not warned:
            self._on_full(needed)

    def _forget(self, key: K) -> None:
        with self._lock:
            del self._futures[key]


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
            so_many = f"bad pair {count} of {self._total}: more than {MOST:.0%}"
            reason = f"{error.fault} ({so_many}; repair or remove such pairs, then resume)"
            raise InputError(reason, path=error.path) from error
        self._on_warning(f"{error} (the pair is skipped)")
