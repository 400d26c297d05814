"""Decoded pictures, kept in memory as far as it goes; each is decoded once, whoever asks for it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

K = TypeVar("K", bound=Hashable)
Pixels = tuple[NDArray[Any], ...]


class Cache(Generic[K]):
    """What ``load`` makes of a key, for many threads at once. None, for what cannot be loaded, is remembered as well.

    Once ``limit`` bytes are full, what is not in them is loaded anew each time, and ``on_full`` is told so once: with
    the bytes that all ``count`` keys would need, judged by those seen so far.
    """

    def __init__(
        self, load: Callable[[K], Pixels | None], limit: int, count: int, on_full: Callable[[int], None]
    ) -> None:
        self._load, self._limit, self._count, self._on_full = load, limit, count, on_full
        self._futures: dict[K, Future[Pixels | None]] = {}
        self._lock, self._used, self._kept, self._told = Lock(), 0, 0, False

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
            told, self._told = self._told, True
            needed = (self._used + size) * self._count // (self._kept + 1)
        if not told:
            self._on_full(needed)

    def _forget(self, key: K) -> None:
        with self._lock:
            del self._futures[key]
