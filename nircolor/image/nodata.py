"""Pixels whose stored value stands for no data: they are no picture, and come out transparent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nircolor.image.raster import Samples
from nircolor.image.tone.histogram import Mask

_HUGE = 1e30  # beyond it a value is written with few digits: -3.40282e+38 stands for the lowest float32
_CLOSE = 1e-5


def missing(planes: Sequence[Samples], nodata: float | None) -> Mask | None:
    """(H, W) True where each of the ``planes`` is ``nodata``; None where there is no such pixel."""
    if nodata is None:
        return None
    found = np.logical_and.reduce([_equal(plane, nodata) for plane in planes])
    return found if found.any() else None


def _equal(samples: Samples, nodata: float) -> Mask:
    if np.isnan(nodata):
        return np.isnan(samples)
    if _HUGE < abs(nodata) < np.inf:
        low, high = sorted((nodata * (1 - _CLOSE), nodata * (1 + _CLOSE)))
        return np.asarray((samples >= low) & (samples <= high))
    return np.equal(samples, nodata)


def remark(count: int, size: int, nodata: float) -> str:
    """What is said about ``count`` of ``size`` pixels."""
    return f"{count} of {size} pixels have its nodata value, {nodata:g}: they count for nothing and are transparent"
