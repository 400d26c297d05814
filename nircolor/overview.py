"""A small copy of a whole picture, from which colours are decided: averaged in bands, so that any picture fits."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.image.quantize import SCALES
from nircolor.planes import area_mean, mean_rows
from nircolor.tiling import Picture

_WINDOW = 1 << 20  # pixels that are read and averaged at once, or one row of the copy
_BAND, _NARROWEST = 1 << 24, 1 << 10  # pixels of the largest window, and the least width of its parts


def reduce_area(picture: Picture, size: int) -> NDArray[np.float32]:
    """Area average of a picture (H, W) down to at most ``size`` squared pixels, values in [0, 1]; smaller ones stay as
    they are. It is read once, from top to bottom, in bands.
    """
    height, width = picture.shape[:2]
    rows, columns = reduced_shape(picture.shape, size)
    if (rows, columns) == (height, width):
        return in_unit(picture[0:height, 0:width])
    edges, picked = np.round(np.linspace(0, height, rows + 1)).astype(int), []
    together = max(1, _WINDOW // (width * (height // rows + 1)))  # rows of the copy
    for first in range(0, rows, together):
        picked.append(_mean_rows(picture, edges[first : first + together + 1], columns))
    return np.concatenate(picked)


def reduced_shape(shape: tuple[int, ...], size: int) -> tuple[int, int]:
    """Height and width with the ratio of ``shape``, as large as it, but of at most ``size`` squared pixels."""
    scale = min(1.0, size / (shape[0] * shape[1]) ** 0.5)
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _mean_rows(picture: Picture, edges: NDArray[np.int_], columns: int) -> NDArray[np.float32]:
    """(len(edges) - 1, columns): means of bands of rows, in [0, 1]; wide ones are read a part at a time."""
    top, bottom, width = int(edges[0]), int(edges[-1]), picture.shape[1]
    parts = max(1, min((bottom - top) * width // _BAND, width // _NARROWEST))
    means = []
    for left, right in pairwise(np.linspace(0, width, parts + 1).astype(int).tolist()):
        window = picture[top:bottom, left:right]
        means.append(mean_rows(window, edges[:-1] - top, edges[1:] - top) * unit_of(window))
    return area_mean(np.concatenate(means, 1), (len(edges) - 1, columns))


def in_unit(values: NDArray[Any]) -> NDArray[np.float32]:
    """As float32 in [0, 1], whose range comes from the type; those that are so already stay what they are."""
    floats, unit = np.asarray(values, np.float32), unit_of(values)
    return floats if unit == 1 else floats * unit


def unit_of(values: NDArray[Any]) -> np.float32:
    """What makes values of this type [0, 1]."""
    return np.float32(1 / SCALES[values.dtype])
