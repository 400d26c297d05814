"""Histogram equalisation of a picture in memory, the same for training and for every use of what was trained."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.image.histogram import count_levels, equalization, row_blocks
from nircolor.image.stretch import Stretch
from nircolor.image.tone import to_unit


def equalize(nir: NDArray[Any]) -> NDArray[Any]:
    """Give each value its rank among all pixels, as ``read_nir(..., equalize=True)`` does.

    Args:
        nir: (H, W), uint8, uint16, or float32 in [0, 1], which is sorted into 65536 levels. It stays as it is.

    Returns:
        (H, W) of the same type, the darkest value at 0, the brightest at the top, ranks rounded to nearest; a picture
        of one value comes back unchanged. Doing it twice moves no pixel by more than one level.
    """
    if nir.dtype.kind == "f":
        return to_unit(nir.copy(), 1.0, False, Stretch(), equalize=True, valid=None)[0]
    levels = int(np.iinfo(nir.dtype).max) + 1
    table = np.rint(equalization(count_levels(nir, levels)) * (levels - 1)).astype(nir.dtype)
    ranks = np.empty_like(nir)
    for rows in row_blocks(*nir.shape):  # looked up whole, the picture would be turned into 64-bit indices
        ranks[rows] = table[nir[rows]]
    return ranks
