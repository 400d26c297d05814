"""TIFF and BigTIFF files through tifffile: strips or tiles, any band layout, one page.

Segments are decoded one by one into the wanted bands only, so a file with twelve bands costs the memory of one.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, TiffPage

from nircolor.errors import InputError
from nircolor.image import exif, geo, ifd, nodata, tiff_checks, tiff_pages
from nircolor.image.raster import Raster, Request, Samples, choose_bands
from nircolor.image.tiff_values import Values, values_of

_PALETTE = 3
_ICC = 34675
_ASSOCIATED, _UNASSOCIATED = 1, 2  # ExtraSamples: alpha that the colours are multiplied by, or are not
_KEPT = {1: "none", 5: "lzw"}  # compression tag -> ImageInfo.compression; deflate for all others
_BUFFER = 16 << 20  # encoded bytes read ahead


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read one page of a TIFF file. Raises ``InputError``."""
    contents = tiff_pages.contents(stream)
    picture = contents.choose(request.page)
    size = stream.seek(0, 2)
    stream.seek(0)
    # of the kinds that are denied here tifffile would follow the links from page to page on opening
    with TiffFile(stream, is_lsm=False, is_ndpi=False, is_scanimage=False) as file:
        page = _page(file, picture)
        tiff_checks.check_page(page)
        tiff_checks.check_segments(page, size, stream)
        block, resolution, notes = _kept(contents.places(picture), stream)
        values = values_of(page, stream)
        read = _palette if page.photometric == _PALETTE else _samples
        raster = read(page, request, values)
        raster.exif, raster.resolution = block, resolution
        raster.warnings += [*contents.remarks(picture), *values.notes, *notes]
        _describe(raster, page)
        raster.geo, lost = geo.from_tiff(stream, page.offset)
        raster.warnings += lost
    return raster


def _page(file: TiffFile, picture: tiff_pages.TiffPicture) -> TiffPage:
    if picture.offset == file.pages.first.offset:
        return file.pages.first
    file.filehandle.seek(picture.offset)
    return TiffPage(file, index=1)


def _samples(page: TiffPage, request: Request, values: Values) -> Raster:
    kind, alpha = _alpha(page)
    bands = choose_bands(page.samplesperpixel, alpha, request.band, values.labels)
    values.choose(bands.colour, asked=request.band is not None)
    masks = () if bands.alpha is None else (bands.alpha,)
    planes = _read(page, (*bands.colour, *masks), values, bands.alpha)
    values.doubt(planes[0])
    raster = Raster("TIFF", planes[: len(bands.colour)], peak=values.peak, inverted=values.inverted)
    raster.black, raster.nodata, raster.declared = values.black, values.nodata, values.kind.recoded
    raster.depth = values.kind.depth
    if masks:
        raster.alpha, raster.premultiplied = planes[-1], kind == _ASSOCIATED
        raster.alpha_band = bands.alpha_band
    return raster


def _palette(page: TiffPage, request: Request, values: Values) -> Raster:
    bands = choose_bands(3, None, request.band)
    colours = _colours(page)
    indices = _read(page, (0,), values)[0]
    gone = nodata.missing([indices], values.nodata)
    if gone is not None:
        indices[gone] = 0
    if int(indices.max()) >= colours.shape[1]:
        raise InputError("is damaged: its palette has too few colours", remedy="get a fresh copy")
    peak = np.iinfo(colours.dtype).max
    raster = Raster("TIFF", [colours[band][indices] for band in bands.colour], peak=float(peak))
    if gone is not None:
        raster.alpha = np.where(gone, 0, peak).astype(colours.dtype)
        raster.warnings.append(nodata.remark(gone, values.kind.declared or 0))
    return raster


def _alpha(page: TiffPage) -> tuple[int, int | None]:
    """Kind and number (from 0) of the first extra sample that is an alpha channel."""
    first = page.samplesperpixel - len(page.extrasamples)
    for index, kind in enumerate(page.extrasamples):
        if kind in (_ASSOCIATED, _UNASSOCIATED):
            return int(kind), first + index
    return 0, None


def _read(page: TiffPage, wanted: tuple[int, ...], values: Values, mask: int | None = None) -> list[Samples]:
    """The ``wanted`` samples (from 0), each (H, W) uint8, uint16 or float32; holes of a sparse file are no data.

    ``mask``: which of them is transparency.
    """
    shape, kind = (page.imagelength, page.imagewidth), values.kind
    height, width = shape
    planes = [np.full(shape, _hole(kind.handed, values.nodata), kind.handed) for _ in wanted]

    def place(decoded: tuple[NDArray[Any] | None, tuple[int, ...], tuple[int, ...]]) -> int:
        block, (sample, _, top, left, _), _ = decoded
        if block is None:  # a hole in a sparse file
            return 0
        part = block[0, : height - top, : width - left]
        rows, columns = slice(top, top + part.shape[0]), slice(left, left + part.shape[1])
        clipped = 0
        for plane, number in zip(planes, wanted, strict=True):
            if page.planarconfig == 1 or sample == number:
                stored = part[:, :, number if page.planarconfig == 1 else 0]
                plane[rows, columns], below = kind.convert(stored, mask=number == mask)
                clipped += below
        return clipped

    values.notes += kind.remarks(sum(page.segments(func=place, buffersize=_BUFFER)))
    return planes


def _hole(dtype: np.dtype[Any], nodata: float | None) -> float:
    fits = nodata is not None and (dtype.kind == "f" or (0 <= nodata <= np.iinfo(dtype).max and nodata % 1 == 0))
    return nodata if fits and nodata is not None else 0


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
