"""The eight EXIF orientations as array operations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

UPRIGHT = 1


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn stored (H, W) ``pixels`` upright: (H, W), or (W, H) for orientations 5 to 8. C-contiguous result."""
    match orientation:
        case 2:
            pixels = pixels[:, ::-1]
        case 3:
            pixels = pixels[::-1, ::-1]
        case 4:
            pixels = pixels[::-1]
        case 5:
            pixels = pixels.T
        case 6:
            pixels = pixels.T[:, ::-1]
        case 7:
            pixels = pixels[::-1, ::-1].T
        case 8:
            pixels = pixels.T[::-1]
    return np.ascontiguousarray(pixels)


def swaps_axes(orientation: int) -> bool:
    """True where width and height change places."""
    return 5 <= orientation <= 8


def stored_window(rows: slice, columns: slice, shape: tuple[int, int], orientation: int) -> tuple[slice, slice]:
    """Where ``rows`` and ``columns`` of the upright picture lie in the stored one, which has ``shape``.

    What ``upright`` makes of that window is the window of the upright picture.
    """
    if swaps_axes(orientation):
        rows, columns = columns, rows
    if orientation in (3, 4, 6, 7):
        rows = _mirrored(rows, shape[0])
    if orientation in (2, 3, 7, 8):
        columns = _mirrored(columns, shape[1])
    return rows, columns


def _mirrored(window: slice, length: int) -> slice:
    return slice(length - window.stop, length - window.start)
