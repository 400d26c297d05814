"""From [0, 1] to stored samples, rounded to the nearest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nircolor.image.histogram import row_blocks
from nircolor.image.icc import Convert
from nircolor.image.raster import Samples

_TYPES = {8: np.uint8, 16: np.uint16, 32: np.float32}


def quantize(
    rgb: NDArray[np.floating], alpha: NDArray[np.floating] | None, depth: int, convert: Convert | None = None
) -> Samples:
    """(H, W, 3) and maybe (H, W), clipped to [0, 1] -> (H, W, 3 or 4) uint8, uint16 or float32 (``depth`` 32).

    ``convert`` is applied to the colours before they are rounded.
    """
    height, width, _ = rgb.shape
    samples = np.empty((height, width, 3 if alpha is None else 4), _TYPES[depth])
    for rows in row_blocks(height, width):
        colours = np.clip(rgb[rows], 0, 1)
        samples[rows, :, :3] = _steps(convert(colours) if convert else colours, depth)
        if alpha is not None:
            samples[rows, :, 3] = _steps(alpha[rows], depth)
    return samples


def _steps(values: NDArray[np.floating], depth: int) -> NDArray[np.float32]:
    steps = np.clip(values.astype(np.float32, copy=False), 0, 1)
    if depth == 32:
        return steps
    steps *= 2**depth - 1
    return np.rint(steps, out=steps)
