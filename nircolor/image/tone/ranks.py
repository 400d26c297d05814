"""Histogram equalisation of a picture of any size, window by window: each value becomes its rank among all pixels."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nircolor.image.tone.floats import steps
from nircolor.image.tone.histogram import count_levels, equalization, row_blocks


class _Picture(Protocol):
    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, window: tuple[slice, slice], /) -> NDArray[Any]: ...


class Ranks:
    """A picture equalised: windows of it are made of windows of ``picture``, which is read once to count its values.

    ``picture``: (H, W), an array or what is read like one: uint8, uint16, or float32 in [0, 1]. Windows have its type,
    the darkest value at 0, the brightest at the top, ranks rounded to nearest; a picture of one value stays as it is.
    Doing it twice moves no pixel by more than one level.
    """

    def __init__(self, picture: _Picture) -> None:
        self._picture, counts, kind = picture, np.zeros(1, np.int64), np.dtype(np.uint8)
        for rows in row_blocks(*self.shape):
            block = picture[rows, 0 : self.shape[1]]
            levels = _levels(block)
            kind = block.dtype
            counts = counts + count_levels(levels, int(np.iinfo(levels.dtype).max) + 1)
        table = equalization(counts)
        if kind.kind != "f":
            table = np.rint(table * (table.size - 1))
        self._table: NDArray[Any] = table.astype(kind)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self._picture.shape
        return height, width

    def __getitem__(self, window: tuple[slice, slice], /) -> NDArray[Any]:
        """Slices without a step, as of an array."""
        values = self._picture[window]
        ranks = np.empty(values.shape, self._table.dtype)
        for rows in row_blocks(*values.shape):  # looked up whole, it would be turned into 64-bit indices
            ranks[rows] = self._table[_levels(values[rows])]
        return ranks


def equalize(nir: NDArray[Any]) -> NDArray[Any]:
    """``Ranks`` of all of an array (H, W), as ``read_nir(..., equalize=True)`` makes them. It stays as it is."""
    return Ranks(nir)[0 : nir.shape[0], 0 : nir.shape[1]]


def _levels(values: NDArray[Any]) -> NDArray[Any]:
    """uint8 and uint16 as they are; floats as uint16, NaN as 0."""
    if values.dtype.kind != "f":
        return values
    unit = np.clip(np.nan_to_num(values, nan=0, posinf=1, neginf=0), 0, 1)
    return steps(unit)
