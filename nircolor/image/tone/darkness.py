"""A picture that uses a small part of its range comes out dark: a warning says so, and which range would use it all."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_SHARE = {"uint8": 1 / 16, "uint16": 1 / 4, "float32": 1 / 4}
"""Part of the range, by type, below which a picture is dark. A night photograph of 8 bits may well be dark."""
_BRIGHTEST = 0.001  # part of the pixels that may lie above it: hot pixels, lamps
_FULL = (
    *(2**bits - 1 for bits in range(1, 13)),
    10000,
    *(2**bits - 1 for bits in (14, 15, 16)),
)  # bits; reflectance times 10000


def limit(dtype: str, curve: NDArray[np.float64] | None) -> float:
    """Part of the range up to which a picture is dark. ``curve`` (n,): how bright values look, from 0 to 1."""
    return _SHARE[dtype] if curve is None else int(np.searchsorted(curve, _SHARE[dtype])) / (curve.size - 1)


def allowed(pixels: int) -> int:
    """How many of so many pixels may be brighter."""
    return math.floor(_BRIGHTEST * pixels)


def words(share: float, dtype: str, span: tuple[float, float], inverted: bool) -> list[str]:
    """One line, or none, for a picture of which up to ``share`` of the range is used (0: enough).

    ``span``: stored values that became 0 and 1, without a stretch. ``inverted``: the other way round.
    """
    black, peak = span
    used = black + share * (peak - black)
    if not share or (dtype != "float32" and used - black < 1):
        return []
    used = float(f"{used:.3g}") if dtype == "float32" else round(used)
    look, high = "pale" if inverted else "dark", _round_up(used, dtype)
    return [
        f"uses only {100 * share:.2g} % of its range (up to {used:.10g} of {peak:g}), so the result is {look}; "
        f"add `range={black:.10g},{high:.10g}`, which suits all of a series alike"
    ]


def used_of_levels(shown: NDArray[np.float32], counts: NDArray[np.int64], most: float) -> float:
    """Up to which part of the range the pixels reach; 0 where that is more than ``most``, or nothing.

    ``shown`` (n,): where in the range, from 0 to 1, each level lies, never falling. ``counts`` (n,): its pixels.
    """
    fewer = allowed(int(counts.sum()))
    occupied = np.flatnonzero(counts)
    if not occupied.size or shown[occupied[0]] == shown[occupied[-1]] or counts[shown > most].sum() > fewer:
        return 0.0
    from_above = np.cumsum(counts[::-1])
    return float(shown[::-1][np.searchsorted(from_above, fewer, side="right")])


class Brightest:
    """The same of floats that are shown block by block: only the brightest thousandth of them is kept."""

    def __init__(self, most: float, pixels: int) -> None:
        self.done = False
        self._most, self._keep = most, allowed(pixels) + 1
        self._top, self._bright, self._counted, self._lowest = np.empty(0, np.float32), 0, 0, math.inf

    def add(self, shown: NDArray[np.float32]) -> None:
        """``shown`` (n,): where in the range, from 0 to 1, pixels lie."""
        if not shown.size:
            return
        self._counted += shown.size
        self._lowest = min(self._lowest, float(shown.min()))
        self._bright += int(np.count_nonzero(shown > self._most))
        self.done = self._bright >= self._keep
        self._top = np.concatenate((self._top, shown))
        if self._top.size > self._keep:
            self._top = np.partition(self._top, -self._keep)[-self._keep :]

    def used(self) -> float:
        """See ``used_of_levels``."""
        fewer = allowed(self._counted)
        if self._bright > fewer or not self._top.size or self._lowest == float(self._top.max()):
            return 0.0
        return float(np.partition(self._top, -1 - fewer)[-1 - fewer])


def _round_up(used: float, dtype: str) -> float:
    """The largest value of the scale that a picture up to ``used`` is likely to have; for floats a round one."""
    if dtype == "float32":
        power = float(10.0 ** math.floor(math.log10(used)))
        return min(step * power for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * power >= used)
    return float(min(value for value in _FULL if value >= used))
