"""Decoded once, kept as far as memory goes."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock

import numpy as np
import pytest

from nircolor.training.cache import Cache, Pixels


class Loads:
    """Loads a picture of 100 bytes, slowly, and counts."""

    def __init__(self) -> None:
        self.counts, self._lock = Counter[int](), Lock()

    def __call__(self, key: int) -> Pixels:
        with self._lock:
            self.counts[key] += 1
        time.sleep(0.002)
        return (np.full(100, key, np.uint8),)


def never(needed: int) -> None:
    pytest.fail(f"told that {needed} bytes do not fit")


def test_each_picture_is_loaded_once_however_many_threads_want_it() -> None:
    loads, together = Loads(), Barrier(8)
    cache = Cache(loads, 10_000, 20, never)

    def work(index: int) -> list[int]:
        together.wait()
        return [int(pixels[0][0]) for key in range(20) if (pixels := cache.get(key))]

    with ThreadPoolExecutor(8) as pool:
        assert all(found == list(range(20)) for found in pool.map(work, range(8)))
    assert loads.counts == Counter(range(20))


def test_beyond_the_limit_it_loads_anew_and_says_once_what_all_would_need() -> None:
    loads, told = Loads(), []
    cache = Cache(loads, 350, 20, told.append)
    for _ in range(2):
        assert [cache.get(key)[0][0] for key in range(5)] == list(range(5))  # type: ignore[index]
    assert [loads.counts[key] for key in range(5)] == [1, 1, 1, 2, 2]
    assert told == [2000]


def test_nothing_is_kept_without_memory() -> None:
    loads, told = Loads(), []
    cache = Cache(loads, 0, 7, told.append)
    cache.get(1)
    cache.get(1)
    assert loads.counts[1] == 2
    assert told == [700]


def test_what_cannot_be_loaded_is_remembered_and_an_error_is_not() -> None:
    asked: list[int] = []

    def load(key: int) -> None:
        asked.append(key)
        if key == 2:
            raise ValueError("no such thing")

    cache: Cache[int] = Cache(load, 0, 2, never)
    assert [cache.get(1), cache.get(1)] == [None, None]
    for _ in range(2):
        with pytest.raises(ValueError, match="no such thing"):
            cache.get(2)
    assert asked == [1, 2, 2]
