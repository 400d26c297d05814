"""From [0, 1] to stored samples, rounded to the nearest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.image.raster import Samples
from nircolor.image.tone.histogram import row_blocks
from nircolor.image.tone.icc import Convert

SCALES: dict[np.dtype[Any], float] = {
    np.dtype(np.uint8): 255.0,
    np.dtype(np.uint16): 65535.0,
    np.dtype(np.float32): 1.0,
}
"""What stands for 1 in each type of stored samples."""
TYPES: dict[int, np.dtype[Any]] = {8: np.dtype(np.uint8), 16: np.dtype(np.uint16), 32: np.dtype(np.float32)}
"""What stores samples of so many bits."""
_BLOCK = 1 << 16  # numbers worked on at once: they stay in the cache, in memory that is used again


def round_to(values: NDArray[np.floating], dtype: np.dtype[Any]) -> NDArray[Any]:
    """[0, 1] -> the full range of an integer type, rounded to the nearest (never truncated), halves to even.

    What lies outside of [0, 1] is clipped. For float32 the values stay as they are. The arithmetic is that of the type
    of ``values``.
    """
    if SCALES[dtype] == 1:
        return values
    rounded = np.empty(values.shape, dtype)
    rows = max(1, _BLOCK // max(1, values[:1].size))
    for top in range(0, len(values), rows):
        steps: NDArray[np.floating] = np.clip(values[top : top + rows], 0, 1)
        steps *= steps.dtype.type(SCALES[dtype])
        rounded[top : top + rows] = np.rint(steps, out=steps)
    return rounded


def quantize(
    rgb: NDArray[np.floating], alpha: NDArray[np.floating] | None, depth: int, convert: Convert | None = None
) -> Samples:
    """(H, W, 3) and maybe (H, W), clipped to [0, 1] -> (H, W, 3 or 4) uint8, uint16 or float32 (``depth`` 32).

    ``convert`` is applied to the colours before they are rounded.
    """
    height, width, _ = rgb.shape
    dtype = TYPES[depth]
    samples = np.empty((height, width, 3 if alpha is None else 4), dtype)
    for rows in row_blocks(height, width):
        colours = convert(np.clip(rgb[rows], 0, 1)) if convert else rgb[rows]
        samples[rows, :, :3] = _single(colours, dtype)
        if alpha is not None:
            samples[rows, :, 3] = _single(alpha[rows], dtype)
    return samples


def _single(values: NDArray[np.floating], dtype: np.dtype[Any]) -> NDArray[Any]:
    values = values.astype(np.float32, copy=False)
    return np.clip(values, 0, 1) if dtype.kind == "f" else round_to(values, dtype)
