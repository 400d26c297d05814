"""A small copy of a whole picture, from which colours are decided: averaged in bands, so that any picture fits."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.image.quantize import SCALES
from nircolor.planes import area_mean
from nircolor.tiling import Picture

_BAND, _NARROWEST = 1 << 24, 1 << 10  # pixels of a window that is averaged, and its least width


def reduce_area(picture: Picture, size: int) -> NDArray[np.float32]:
    """Area average of a picture (H, W) down to at most ``size`` squared pixels, values in [0, 1]; smaller ones stay as
    they are. It is read once, from top to bottom, in bands.
    """
    height, width = picture.shape[:2]
    rows, columns = reduced_shape(picture.shape, size)
    if (rows, columns) == (height, width):
        whole = picture[0:height, 0:width]
        return np.asarray(np.multiply(whole, unit_of(whole), dtype=np.float32))
    edges = np.round(np.linspace(0, height, rows + 1)).astype(int)
    if isinstance(picture, np.ndarray) and picture.size <= _BAND:
        return _mean_rows(picture, edges, columns)
    bands = pairwise(edges.tolist())
    return np.stack([_mean_row(picture, slice(top, bottom), columns) for top, bottom in bands])


def reduced_shape(shape: tuple[int, ...], size: int) -> tuple[int, int]:
    """Height and width with the ratio of ``shape``, as large as it, but of at most ``size`` squared pixels."""
    scale = min(1.0, size / (shape[0] * shape[1]) ** 0.5)
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _mean_rows(picture: NDArray[Any], edges: NDArray[np.int_], columns: int) -> NDArray[np.float32]:
    """What ``_mean_row`` says of all bands, for a picture that is there, in fewer steps."""
    tops, heights = edges[:-1], np.diff(edges)
    sums = picture[tops].astype(np.float32)
    for row in range(1, heights.max()):
        taller = heights > row
        sums[taller] += picture[tops[taller] + row]
    lines = sums / heights.astype(np.float32)[:, None]
    return np.asarray(area_mean(lines, (len(lines), columns)) * unit_of(picture))


def _mean_row(picture: Picture, rows: slice, columns: int) -> NDArray[np.float32]:
    """(columns,): means of a band of rows, in [0, 1]; a wide one is read a part at a time."""
    width = picture.shape[1]
    parts = max(1, min((rows.stop - rows.start) * width // _BAND, width // _NARROWEST))
    edges = np.linspace(0, width, parts + 1).astype(int).tolist()
    bands = (picture[rows, left:right] for left, right in pairwise(edges))
    means, units = zip(*((band.mean(0, dtype=np.float32), unit_of(band)) for band in bands), strict=True)
    return np.asarray(area_mean(np.concatenate(means)[None], (1, columns))[0] * units[0])


def unit_of(values: NDArray[Any]) -> np.float32:
    """What makes values of this type [0, 1]."""
    return np.float32(1 / SCALES[values.dtype])
