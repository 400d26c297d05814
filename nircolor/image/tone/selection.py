"""Percentiles of floats that are too many to be held: exact, in two passes of bounded memory.

The bits of a float32, read as a whole number, are in the order of the values once negative ones are turned round
(radix selection). The first pass counts their upper halves, the second the lower halves of those few that matter.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_HALF = 1 << 16
_SIGN = np.uint32(1 << 31)


def _keys(values: NDArray[np.float32]) -> NDArray[np.uint32]:
    """(n,) finite ``values`` -> whole numbers in the same order."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _value(key: int) -> float:
    bits = np.uint32(key)
    turned = bits & ~_SIGN if bits & _SIGN else ~bits
    return float(np.asarray(turned, np.uint32).view(np.float32))


class UpperHalves:
    """First pass: how many values have each upper half."""

    def __init__(self) -> None:
        self.counts = np.zeros(_HALF, np.int64)

    def add(self, values: NDArray[np.float32]) -> None:
        """(n,) finite ``values``."""
        self.counts += np.bincount(_keys(values) >> 16, minlength=_HALF)


class LowerHalves:
    """Second pass: how many values have each lower half, of those that ``percents`` lie among."""

    def __init__(self, upper: UpperHalves, percents: tuple[float, ...]) -> None:
        self._below = np.cumsum(upper.counts)
        total = int(self._below[-1])
        self._ranks = [(total - 1) * (percent / 100) for percent in percents] if total else []
        wanted = {self._upper(place) for rank in self._ranks for place in (math.floor(rank), math.ceil(rank))}
        self._counts = {half: np.zeros(_HALF, np.int64) for half in wanted}

    def add(self, values: NDArray[np.float32]) -> None:
        """The same ``values`` as in the first pass."""
        keys = _keys(values)
        upper = keys >> 16
        for half, counts in self._counts.items():
            counts += np.bincount(keys[upper == half] & (_HALF - 1), minlength=_HALF)

    def percentiles(self) -> list[float]:
        """What ``numpy.percentile`` gives, by linear interpolation; empty where there are no values."""
        return [self._between(rank) for rank in self._ranks]

    def _upper(self, place: int) -> int:
        return int(np.searchsorted(self._below, place, side="right"))

    def _at(self, place: int) -> float:
        """The value that has ``place`` smaller ones before it."""
        half = self._upper(place)
        inside = place - (int(self._below[half - 1]) if half else 0)
        lower = int(np.searchsorted(np.cumsum(self._counts[half]), inside, side="right"))
        return _value(half << 16 | lower)

    def _between(self, rank: float) -> float:
        low, high, part = self._at(math.floor(rank)), self._at(math.ceil(rank)), rank - math.floor(rank)
        return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)
