"""TIFF and BigTIFF files through tifffile: one page, what its tags say, and which of its bands are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffPage

from nircolor.errors import InputError
from nircolor.image.geo import tags as geo
from nircolor.image.metadata import exif
from nircolor.image.raster import Raster, Request, choose_bands
from nircolor.image.stored import Stored
from nircolor.image.tiff import checks as tiff_checks
from nircolor.image.tiff import entry as tiff_entry
from nircolor.image.tiff import ifd
from nircolor.image.tiff import mask as tiff_mask
from nircolor.image.tiff import packets as tiff_metadata
from nircolor.image.tiff import pages as tiff_pages
from nircolor.image.tiff.page_list import Page
from nircolor.image.tiff.pages import Contents, TiffPicture
from nircolor.image.tiff.stored import TiffStored, Wanted
from nircolor.image.tiff.values import Values, values_of

_PALETTE = 3
_ICC = 34675
_ASSOCIATED, _UNASSOCIATED = 1, 2  # ExtraSamples: alpha that the colours are multiplied by, or are not
_KEPT = {1: "none", 5: "lzw"}  # compression tag -> ImageInfo.compression; deflate for all others


@contextmanager
def opened(stream: BinaryIO, request: Request) -> Iterator[Stored]:
    """Open one page of a TIFF file. Raises ``InputError``."""
    contents, picture, remarks = _chosen(stream, request.page)
    size = stream.seek(0, 2)
    with tiff_entry.opened(stream, picture.offset, picture.shift) as page:
        tiff_checks.check_page(page)
        tiff_checks.check_segments(page, size, request.damaged)
        block, resolution, notes = _kept(contents.places(picture), stream)
        values = values_of(page, stream)
        read = _palette if page.photometric == _PALETTE else _samples
        raster, wanted = read(page, request, values)
        raster.exif, raster.resolution, raster.gaps = block, resolution, request.damaged == "nodata"
        raster.metadata = tiff_metadata.read(stream, contents.places(picture), block)
        raster.warnings += [*remarks, *contents.remarks_on(picture), *values.notes, *notes]
        _describe(raster, page)
        raster.geo, lost = geo.from_tiff(stream, page.offset)
        raster.warnings += lost
        stored = TiffStored(page, stream, size, raster, wanted, request.damaged)
        mask = tiff_mask.mask_of(contents, picture)
        if mask is None:
            yield stored
            return
        with tiff_entry.opened(stream, mask.offset) as hidden:
            yield tiff_mask.masked(stored, hidden, stream, size, request.damaged)


def _chosen(stream: BinaryIO, page: int | Page | None) -> tuple[Contents, TiffPicture, list[str]]:
    """What the file holds, the page to be read, and what the user should know about the file."""
    if isinstance(page, Page):
        return page.contents, page.contents.choose(page.number), []
    contents = tiff_pages.contents(stream)
    return contents, contents.choose(page), contents.remarks()


def _samples(page: TiffPage, request: Request, values: Values) -> tuple[Raster, Wanted]:
    kind, alpha = _alpha(page)
    bands = choose_bands(page.samplesperpixel, alpha, request.band, values.labels)
    values.choose(bands.colour, asked=request.band is not None)
    raster = Raster("TIFF", [], peak=values.peak, inverted=values.inverted, levels=values.source)
    raster.black, raster.type_peak = values.black, values.type_peak
    raster.nodata, raster.declared = values.nodata, values.kind.recoded
    raster.depth, raster.infrared = values.kind.depth, values.infrared
    if bands.alpha is not None:
        raster.premultiplied, raster.alpha_band = kind == _ASSOCIATED, bands.alpha_band
    return raster, Wanted(bands.colour, bands.alpha, values.kind)


def _palette(page: TiffPage, request: Request, values: Values) -> tuple[Raster, Wanted]:
    bands = choose_bands(3, None, request.band)
    colours = _colours(page)
    raster = Raster("TIFF", [], peak=float(np.iinfo(colours.dtype).max), nodata=values.nodata)
    raster.palette, raster.declared = colours[list(bands.colour)], values.kind.recoded
    return raster, Wanted((0,), None, values.kind)


def _alpha(page: TiffPage) -> tuple[int, int | None]:
    """Kind and number (from 0) of the first extra sample that is an alpha channel."""
    first = page.samplesperpixel - len(page.extrasamples)
    for index, kind in enumerate(page.extrasamples):
        if kind in (_ASSOCIATED, _UNASSOCIATED):
            return int(kind), first + index
    return 0, None


def _colours(page: TiffPage) -> NDArray[Any]:
    """The palette, (3, N) uint8 where it has no more than 8 bits, else uint16."""
    colormap = page.colormap
    if colormap is None:
        raise InputError("is damaged: it has no palette", remedy="get a fresh copy")
    for scale in (257, 256):  # 256: a common mistake, 8 bits shifted up and not scaled
        if not (colormap % scale).any():
            return (colormap // scale).astype(np.uint8)
    return colormap


def _describe(raster: Raster, page: TiffPage) -> None:
    raster.compression = _KEPT.get(int(page.compression), "deflate")
    icc = page.tags.valueof(_ICC)
    raster.icc = icc if isinstance(icc, bytes) else None


def _kept(offsets: tuple[int, ...], stream: BinaryIO) -> tuple[bytes | None, tuple[float, float] | None, list[str]]:
    """EXIF block, resolution and warnings of the directories at ``offsets``. Raises ``InputError``."""
    try:
        return *exif.from_tiff(stream, *offsets), []
    except ifd.CutOffError as error:
        raise InputError(f"is truncated: {error}", remedy="get a fresh copy") from error
    except ValueError:
        return None, None, ["the tags of the TIFF are damaged; its descriptive ones are not kept"]
