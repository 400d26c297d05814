"""Histograms of stored values and look-up tables over them: exact, with small temporary arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nircolor.image.raster import Samples

_BLOCK = 1 << 20  # pixels worked on at a time, which bounds the temporary arrays

Mask = NDArray[np.bool_]


def row_blocks(height: int, width: int) -> Iterator[slice]:
    """Slices of about a million pixels that together cover all rows."""
    step = max(1, _BLOCK // max(1, width))
    return (slice(top, min(top + step, height)) for top in range(0, height, step))


def count_levels(samples: Samples, levels: int, valid: Mask | None = None) -> NDArray[np.int64]:
    """Histogram (levels,) int64 of unsigned integer (H, W) ``samples``."""
    histogram = np.zeros(levels, np.int64)
    for rows in row_blocks(*samples.shape):
        block = samples[rows] if valid is None else samples[rows][valid[rows]]
        histogram += np.bincount(block.ravel(), minlength=levels)
    return histogram


def percentile_of(histogram: NDArray[np.int64], percent: float) -> float:
    """Percentile of the values behind ``histogram``, by linear interpolation: what ``numpy.percentile`` gives."""
    below = np.cumsum(histogram)
    rank = percent / 100 * (int(below[-1]) - 1)
    lower, upper = (int(np.searchsorted(below, place, side="right")) for place in (int(rank), int(np.ceil(rank))))
    return lower + (upper - lower) * (rank - int(rank))


def equalization(histogram: NDArray[np.int64]) -> NDArray[np.float64]:
    """Where each level goes, (levels,) in [0, 1]: its rank among the pixels, the darkest at 0, the brightest at 1.

    A picture of one level only stays as it is.
    """
    below = np.cumsum(histogram)
    occupied = np.flatnonzero(histogram)
    if occupied.size < 2:
        return np.linspace(0, 1, histogram.size)
    darkest = int(histogram[occupied[0]])
    return np.clip((below - darkest) / (int(below[-1]) - darkest), 0, 1)
