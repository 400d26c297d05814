"""The transparency mask of a TIFF page: a page of its own, in which 1 means picture (TIFF 6.0, NewSubfileType 4).

GDAL writes such an internal mask behind the page, or behind its overviews, mostly of one bit a pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from tifffile import TiffPage

from nircolor.errors import InputError
from nircolor.image.raster import Damaged, Raster
from nircolor.image.stored import Block, Stored
from nircolor.image.tiff import checks as tiff_checks
from nircolor.image.tiff.pages import Contents, TiffPicture
from nircolor.image.tiff.stored import TiffStored, Wanted

_REDUCED, _MASK = 1, 4  # bits of NewSubfileType


def mask_of(contents: Contents, chosen: TiffPicture) -> TiffPicture | None:
    """The mask of the page ``chosen``: beneath it, or behind it before the next picture, and of its size."""
    same = (chosen.width, chosen.height)
    for picture in _behind(contents, chosen):
        if picture.kind & _MASK and not picture.kind & _REDUCED and (picture.width, picture.height) == same:
            return picture
    return None


def _behind(contents: Contents, chosen: TiffPicture) -> Iterator[TiffPicture]:
    reached = False
    for group in contents.groups:
        if reached and group[0].is_full:
            return
        reached = reached or chosen in group
        if reached:
            yield from group


def masked(stored: TiffStored, page: TiffPage, stream: BinaryIO, size: int, damaged: Damaged) -> Stored:
    """``stored`` with the mask in ``page``; as it is, with a warning, where that is none. ``stream``: of ``size``."""
    try:
        tiff_checks.check_page(page)
        tiff_checks.check_segments(page, size, damaged)
        if page.samplesperpixel != 1 or page.bitspersample > 8:
            raise InputError("has more than 8 bits a pixel")
    except InputError as error:
        stored.meaning.warnings.append(f"the transparency mask page is not kept: it {error.reason}")
        return stored
    meaning = Raster("TIFF", [], warnings=stored.meaning.warnings)
    mask = TiffStored(page, stream, size, meaning, Wanted((0,), None, tiff_checks.sample_type(page)), damaged)
    return _Masked(stored, mask)


class _Masked:
    """A ``Stored`` whose alpha is a mask, together with the alpha that it has already."""

    def __init__(self, stored: TiffStored, mask: TiffStored) -> None:
        self._stored, self._mask = stored, mask
        self.meaning, self.shape = stored.meaning, stored.shape
        self.dtype, self.channels = stored.dtype, stored.channels

    def read(self, rows: slice, columns: slice) -> Block:
        """See ``Stored``."""
        block, mask = self._stored.read(rows, columns), self._mask.read(rows, columns)
        opaque = np.float32(self.meaning.type_peak or self.meaning.peak) if block.alpha is None else block.alpha
        alpha = np.where(mask.planes[0] > 0, opaque, np.float32(0)).astype(np.float32)
        gone = block.gone if mask.gone is None else mask.gone if block.gone is None else block.gone | mask.gone
        return block._replace(alpha=alpha, gone=gone)
