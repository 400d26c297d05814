"""One picture in an open file, read window by window: what every large input is to the rest of the program.

A decoder that can fetch parts of a picture (tiles or strips of a TIFF, whatever GDAL opens) offers a ``Stored``. What it
hands out are stored samples, untouched; tone, transparency and colour are made of them elsewhere, window by window.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from nircolor.image.raster import Raster, Samples


class Block(NamedTuple):
    """A window of stored samples: one plane, or red, green and blue, each (h, w); and those of the mask, or None."""

    planes: list[Samples]
    alpha: Samples | None


class Stored(Protocol):
    """A picture whose samples stay in the file until they are asked for. Not upright yet: as it is stored."""

    @property
    def meaning(self) -> Raster:
        """What the samples mean: black, peak, nodata, ICC, EXIF, warnings, ... Its ``planes`` are empty."""

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
        """
