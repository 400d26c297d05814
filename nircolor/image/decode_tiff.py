"""TIFF and BigTIFF files through tifffile: strips or tiles, any band layout, one page.

Segments are decoded one by one into the wanted bands only, so a file with twelve bands costs the memory of one.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, TiffPage

from nircolor.errors import InputError
from nircolor.image import exif, ifd, tiff_checks
from nircolor.image.raster import Raster, Request, Samples, choose_bands

_MINISWHITE, _PALETTE = 0, 3
_MAX_SAMPLE_VALUE = 281
_ICC = 34675
_ASSOCIATED, _UNASSOCIATED = 1, 2  # ExtraSamples: alpha that the colours are multiplied by, or are not
_KEPT = {1: "none", 5: "lzw"}  # compression tag -> ImageInfo.compression; deflate for all others
_BUFFER = 16 << 20  # encoded bytes read ahead


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read one page of a TIFF file. Raises ``InputError``."""
    size = stream.seek(0, 2)
    stream.seek(0)
    with TiffFile(stream) as file:
        page = tiff_checks.choose_page(file, request.page)
        tiff_checks.check_page(page)
        tiff_checks.check_segments(page, size, stream)
        raster = _palette(page, request) if page.photometric == _PALETTE else _samples(page, request)
        if tiff_checks.has_mask(file):
            raster.warnings.append("the transparency mask page is not kept")
        _describe(raster, page, stream)
    return raster


def _samples(page: TiffPage, request: Request) -> Raster:
    kind, alpha = _alpha(page)
    bands = choose_bands(page.samplesperpixel, alpha, request.band)
    masks = () if bands.alpha is None else (bands.alpha,)
    planes = _read(page, (*bands.colour, *masks))
    raster = Raster("TIFF", planes[: len(bands.colour)], peak=_peak(page), inverted=page.photometric == _MINISWHITE)
    if masks:
        raster.alpha, raster.premultiplied = planes[-1], kind == _ASSOCIATED
        raster.alpha_band = bands.alpha_band
    return raster


def _palette(page: TiffPage, request: Request) -> Raster:
    bands = choose_bands(3, None, request.band)
    colours = _colours(page)
    indices = _read(page, (0,))[0]
    if int(indices.max()) >= colours.shape[1]:
        raise InputError("is damaged: its palette has too few colours; get a fresh copy")
    return Raster("TIFF", [colours[band][indices] for band in bands.colour], peak=float(np.iinfo(colours.dtype).max))


def _alpha(page: TiffPage) -> tuple[int, int | None]:
    """Kind and number (from 0) of the first extra sample that is an alpha channel."""
    first = page.samplesperpixel - len(page.extrasamples)
    for index, kind in enumerate(page.extrasamples):
        if kind in (_ASSOCIATED, _UNASSOCIATED):
            return int(kind), first + index
    return 0, None


def _peak(page: TiffPage) -> float:
    """Stored value that means 1.0: from the number of bits, or from MaxSampleValue where it is a full range of bits.

    Any other MaxSampleValue is the largest value some writer happened to find, and the range must not depend on data.
    """
    if tiff_checks.sample_type(page).kind == "f":
        return 1.0
    bits = page.bitspersample
    if bits == 16:
        value = page.tags.valueof(_MAX_SAMPLE_VALUE, 0)
        value = value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value
        if value in {2**fewer - 1 for fewer in range(9, 16)}:
            return float(value)
    return float(2**bits - 1)


def _read(page: TiffPage, wanted: tuple[int, ...]) -> list[Samples]:
    """The ``wanted`` samples (from 0), each (H, W) uint8, uint16 or float32."""
    height, width = page.imagelength, page.imagewidth
    planes = [np.zeros((height, width), tiff_checks.sample_type(page)) for _ in wanted]

    def place(decoded: tuple[NDArray[Any] | None, tuple[int, ...], tuple[int, ...]]) -> None:
        block, (sample, _, top, left, _), _ = decoded
        if block is None:  # a hole in a sparse file
            return
        part = block[0, : height - top, : width - left]
        rows, columns = slice(top, top + part.shape[0]), slice(left, left + part.shape[1])
        # float64 beyond float32 becomes infinite and is dealt with as such
        with np.errstate(over="ignore", invalid="ignore"):
            for plane, number in zip(planes, wanted, strict=True):
                if page.planarconfig == 1:
                    plane[rows, columns] = part[:, :, number]
                elif sample == number:
                    plane[rows, columns] = part[:, :, 0]

    for _ in page.segments(func=place, buffersize=_BUFFER):
        pass
    return planes


def _colours(page: TiffPage) -> NDArray[Any]:
    """The palette, (3, N) uint8 where it has no more than 8 bits, else uint16."""
    colormap = page.colormap
    if colormap is None:
        raise InputError("is damaged: it has no palette; get a fresh copy")
    for scale in (257, 256):  # 256: a common mistake, 8 bits shifted up and not scaled
        if not (colormap % scale).any():
            return (colormap // scale).astype(np.uint8)
    return colormap


def _describe(raster: Raster, page: TiffPage, stream: BinaryIO) -> None:
    raster.compression = _KEPT.get(int(page.compression), "deflate")
    icc = page.tags.valueof(_ICC)
    raster.icc = icc if isinstance(icc, bytes) else None
    if page.is_geotiff:
        raster.warnings.append("the georeference (GeoTIFF tags) is not kept")
    try:
        raster.exif, raster.resolution = exif.from_tiff(stream, page.offset)
    except ifd.CutOffError as error:
        raise InputError(f"is truncated: {error}; get a fresh copy") from error
    except ValueError:
        raster.warnings.append("the tags of the TIFF are damaged; its descriptive ones are not kept")
