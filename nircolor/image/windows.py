"""A near-infrared picture that is read window by window: what ``read_nir`` gives, without holding all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nircolor.image.info import ImageInfo, NirImage
from nircolor.image.raster import Damaged
from nircolor.image.read import read_nir
from nircolor.image.stretch import Stretch

_NO_STRETCH = Stretch()


class NirWindows:
    """An upright picture, from which windows are taken. Equal, to the bit, to what ``read_nir`` makes of the file."""

    def __init__(self, image: NirImage) -> None:
        self._image = image

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, upright."""
        height, width = self._image.pixels.shape
        return height, width

    @property
    def has_alpha(self) -> bool:
        """Whether ``alpha`` has something to say."""
        return self._image.alpha is not None

    @property
    def info(self) -> ImageInfo:
        """What has to be kept, and the warnings so far: some libraries complain only when a part is decoded."""
        return self._image.info

    def __getitem__(self, window: tuple[slice, slice], /) -> NDArray[np.float32]:
        """(h, w) float32 in [0, 1]. Slices without a step, as of an array. Raises ``InputError`` for damage."""
        return self._image.pixels[window]

    def alpha(self, rows: slice, columns: slice) -> NDArray[np.float32] | None:
        """(h, w) float32 in [0, 1], 1 = opaque; None where the file has no mask."""
        return None if self._image.alpha is None else self._image.alpha[rows, columns]


@contextmanager
def open_nir(
    source: str | Path | bytes,
    *,
    band: int | None = None,
    page: int | None = None,
    stretch: Stretch = _NO_STRETCH,
    equalize: bool = False,
    grey: bool = False,
    damaged: Damaged = "refuse",
) -> Iterator[NirWindows]:
    """Open a picture for reading by windows; arguments and errors are those of ``read_nir``.

    Ask for windows from top to bottom, and from left to right within a row of them; they may overlap. Only a row of
    windows is then held in memory, whatever the height, where the file allows it (TIFF in tiles or strips).
    """
    yield NirWindows(read_nir(source, band=band, page=page, stretch=stretch, equalize=equalize, grey=grey))
