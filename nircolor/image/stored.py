"""One picture in an open file, read window by window: what every input is to the rest of the program.

A decoder that can fetch parts of a picture (tiles or strips of a TIFF, whatever GDAL opens) offers a ``Stored``; one
that cannot hands over arrays, which ``Arrays`` makes one of. What it gives are stored samples, untouched; tone,
transparency and colour are made of them elsewhere, window by window.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from nircolor.image.raster import Raster, Samples
from nircolor.image.tone.histogram import Mask


class Block(NamedTuple):
    """A window of stored samples: one plane, or red, green and blue, each (h, w); and those of the mask, or None."""

    planes: list[Samples]
    alpha: Samples | None
    gone: Mask | None = None
    """(h, w) True where there is no picture, whatever the samples say; None = nowhere."""


class Stored(Protocol):
    """A picture whose samples stay in the file until they are asked for. Not upright yet: as it is stored."""

    @property
    def meaning(self) -> Raster:
        """What the samples mean: black, peak, nodata, ICC, EXIF, warnings, ... Its ``planes`` are empty.

        Its ``warnings`` may grow while windows are read.
        """

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8, uint16 or float32."""

    @property
    def channels(self) -> int:
        """Planes of each block: 1 or 3."""

    def read(self, rows: slice, columns: slice) -> Block:
        """The samples of a window that lies within the picture.

        Windows are asked for from top to bottom, and from left to right within a row of them; neighbours overlap. The
        memory that is held on to is that of one row of windows. Raises ``InputError`` for damage, which names where.
        Nobody writes into what is returned.
        """


class Arrays:
    """The ``Stored`` of a picture that its decoder has read whole."""

    def __init__(self, raster: Raster) -> None:
        self._planes, self._alpha = raster.planes, raster.alpha
        self.meaning = replace(raster, planes=[], alpha=None)
        height, width = self._planes[0].shape
        self.shape, self.dtype, self.channels = (height, width), self._planes[0].dtype, len(self._planes)

    def read(self, rows: slice, columns: slice) -> Block:
        """See ``Stored``. The planes are views."""
        alpha = None if self._alpha is None else self._alpha[rows, columns]
        return Block([plane[rows, columns] for plane in self._planes], alpha)
