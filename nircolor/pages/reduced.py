"""A small copy of a large picture that comes piece by piece."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.pages.thumbnails import LONGEST


class Reduced:
    """Means of square cells of whole pixels, so many that the longer side has ``longest`` of them at most."""

    def __init__(self, size: tuple[int, int], longest: int = LONGEST) -> None:
        """``size``: height and width of the picture."""
        self._cell = -(-max(size) // longest)
        self._shape = -(-size[0] // self._cell), -(-size[1] // self._cell)
        self._count = np.zeros((*self._shape, 1))
        self._sum = np.zeros((*self._shape, 1))

    def add(self, top: int, left: int, pixels: NDArray[Any]) -> None:
        """(h, w) or (h, w, C), each pixel of the picture once."""
        planes = pixels.reshape(*pixels.shape[:2], -1)
        rows, heights = self._cells(top, planes.shape[0])
        columns, widths = self._cells(left, planes.shape[1])
        starts = np.cumsum(heights) - heights, np.cumsum(widths) - widths
        sums = np.add.reduceat(np.add.reduceat(planes, starts[1], axis=1, dtype=np.float64), starts[0], axis=0)
        if self._sum.shape[2] != planes.shape[2]:
            self._sum = np.zeros((*self._shape, planes.shape[2]))
        self._sum[rows, columns] += sums
        self._count[rows, columns] += np.multiply.outer(heights, widths)[..., None]

    def picture(self) -> NDArray[np.float32]:
        """(h, w) or (h, w, C)."""
        means = (self._sum / np.maximum(self._count, 1)).astype(np.float32)
        return means[..., 0] if means.shape[2] == 1 else means

    def _cells(self, start: int, length: int) -> tuple[slice, NDArray[np.int64]]:
        """The cells from ``start`` on, and how many of the ``length`` pixels each has."""
        first, last = start // self._cell, -(-(start + length) // self._cell)
        edges = np.clip(np.arange(first, last + 1) * self._cell, start, start + length)
        return slice(first, last), edges[1:] - edges[:-1]
