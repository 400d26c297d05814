"""A picture that uses a small part of its range comes out dark: a warning says so, and which range would use it all."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nircolor.image.histogram import Mask, row_blocks

_SHARE = {"uint8": 1 / 16, "uint16": 1 / 4, "float32": 1 / 4}
"""Part of the range, by type, below which a picture is dark. A night photograph of 8 bits may well be dark."""
_BRIGHTEST = 0.001  # part of the pixels that may lie above it: hot pixels, lamps
_FULL = (
    *(2**bits - 1 for bits in range(1, 13)),
    10000,
    *(2**bits - 1 for bits in (14, 15, 16)),
)  # bits; reflectance times 10000


def hint(
    unit: NDArray[np.float32],
    dtype: str,
    span: tuple[float, float],
    inverted: bool,
    valid: Mask | None,
    curve: NDArray[np.float64] | None = None,
) -> list[str]:
    """One line, or none, for ``unit``, (H, W) in [0, 1]: samples of which ``span`` became 0 and 1, without a stretch.

    ``inverted``: 0 became 1. ``valid`` (H, W): the pixels that count, None = all. ``curve`` (n,): how bright values
    look, from 0 to 1; None: as they are.
    """
    most = _SHARE[dtype] if curve is None else int(np.searchsorted(curve, _SHARE[dtype])) / (curve.size - 1)
    share = _used(unit, most, inverted, valid)
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


def _used(unit: NDArray[np.float32], most: float, inverted: bool, valid: Mask | None) -> float:
    """Up to which part of the range the pixels reach; 0 where that is more than ``most``, or nothing."""
    dark, bright = [], 0
    allowed = math.floor(_BRIGHTEST * (unit.size if valid is None else np.count_nonzero(valid)))
    for rows in row_blocks(*unit.shape):
        values = unit[rows] if valid is None else unit[rows][valid[rows]]
        values = (1 - values if inverted else values).ravel()
        bright += int(np.count_nonzero(values > most))
        if bright > allowed:  # most pictures, after the first rows
            return 0.0
        dark.append(values)
    counted = np.concatenate(dark)
    if not counted.size or counted.min() == counted.max():  # nothing to be seen in any range
        return 0.0
    return float(np.partition(counted, -1 - allowed)[-1 - allowed])


def _round_up(used: float, dtype: str) -> float:
    """The largest value of the scale that a picture up to ``used`` is likely to have; for floats a round one."""
    if dtype == "float32":
        power = float(10.0 ** math.floor(math.log10(used)))
        return min(step * power for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * power >= used)
    return float(min(value for value in _FULL if value >= used))
