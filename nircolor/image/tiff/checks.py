"""What must hold for a TIFF page before any of it is decoded.

tifffile is lenient: it warns about missing strips and leaves them black. Here a file is whole, or refused.
"""

from __future__ import annotations

import math
import struct

from tifffile import TiffPage

from nircolor.errors import InputError
from nircolor.image.limits import MAX_BYTES, MAX_PIXELS, check_promise
from nircolor.image.raster import Damaged
from nircolor.image.sample_types import SampleType
from nircolor.image.sample_types import sample_type as type_of
from nircolor.image.tiff import codecs as tiff_codecs

_PHOTOMETRICS = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 4: "mask", 6: "YCbCr"}
_JPEG = 7

# compression tag -> the most that one byte can become (None: no bound)
_COMPRESSIONS: dict[int, int | None] = {
    1: 1, 5: 2048, _JPEG: 4096, 8: 1032, 32773: 64, 32946: 1032, 34925: None, 50000: None,
    **dict.fromkeys(tiff_codecs.SIZES),
}  # fmt: skip
_COMPRESSION_NAMES = "none, LZW, deflate, PackBits, JPEG, LZMA and ZSTD"

_LARGE_TILE = 1 << 26  # pixels: a tile may be larger than its picture, but not absurdly


def check_page(page: TiffPage) -> None:
    """Refuse with ``InputError`` what cannot be understood as samples from black to white."""
    if page.compression not in _COMPRESSIONS:
        raise InputError(
            f"is packed with {_label(page.compression)}", remedy=f"repack it with one of {_COMPRESSION_NAMES}"
        )
    if page.photometric not in _PHOTOMETRICS:
        raise InputError(f"holds {_label(page.photometric)} samples", remedy="convert it to a grey or RGB TIFF first")
    if page.imagedepth != 1:
        raise InputError("is a volume of several slices", remedy="save one slice first")
    sample_type(page)


def sample_type(page: TiffPage, declared: int | float | None = None) -> SampleType:
    """How the samples of ``page`` are handed on; ``declared``: the value that stands for no data.

    Raises ``InputError``, which names the type, for those that cannot be.
    """
    dtype, bits = page.dtype, page.bitspersample
    if dtype is None or not isinstance(bits, int):
        raise InputError(
            f"has {bits} bits a sample{_format(page)}, which is not supported",
            remedy="convert it to 8 or 16 bits first",
        )
    return type_of(dtype, bits, declared)


def _format(page: TiffPage) -> str:
    """The kind of number, where it is a known one and not the usual."""
    name = getattr(page.sampleformat, "name", "")
    return f" of the kind {name}" if name and name != "UINT" else ""


def check_segments(page: TiffPage, size: int, damaged: Damaged) -> None:
    """Refuse with ``InputError`` a page whose strips or tiles are too large or not all within the ``size`` bytes.

    With ``damaged="nodata"`` some may lie elsewhere.
    """
    packed = page.samplesperpixel * page.bitspersample / 8  # bytes of a pixel; decoded, a sample has one at least
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    sparse = any(segment == (0, 0) for segment in segments)
    ratio = None if sparse else _COMPRESSIONS[page.compression]
    check_promise(page.imagewidth, page.imagelength, packed, sum(page.databytecounts), ratio)
    _check_tile(page, page.samplesperpixel * max(1, page.bitspersample / 8))
    if len(segments) < math.prod(page.chunked):
        raise InputError(
            f"is damaged: {len(segments)} of {math.prod(page.chunked)} strips or tiles are listed; get a fresh copy"
        )
    if damaged == "nodata":
        return
    for offset, count in segments:
        if (offset == 0) != (count == 0) or offset + count > size:
            raise InputError("is truncated: a strip or tile lies beyond its end", remedy="get a fresh copy")


def _check_tile(page: TiffPage, samples: float) -> None:
    height, width = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
    pixels = height * width
    if pixels > max(page.imagewidth * page.imagelength, _LARGE_TILE):
        raise InputError(f"is damaged: it says that one strip or tile has {pixels} pixels", remedy="get a fresh copy")
    if pixels * samples > MAX_BYTES or min(height, page.imagelength) * page.imagewidth > MAX_PIXELS:
        raise InputError(
            f"has {page.imagewidth} x {page.imagelength} pixels in strips or tiles of {width} x {height}, a row of "
            f"which is above the limit of {MAX_PIXELS // 1_000_000} megapixels and {MAX_BYTES >> 30} GiB",
            remedy="store it in tiles of 512 x 512, or cut it into parts first",
        )


def check_jpeg(data: bytes, tables: bytes, most: tuple[int, int]) -> None:
    """Refuse with ``InputError`` a JPEG strip or tile, of at ``most`` that height and width, that is not whole.

    libjpeg fills what is missing with grey and believes the size in its own header; neither may pass.
    """
    from nircolor.image.codecs import jpeg_check  # which brings numba

    height, width = _jpeg_size(data)
    if height > most[0] or width > most[1]:
        raise InputError(f"is damaged: the JPEG says it has {width} x {height} pixels", remedy="get a fresh copy")
    jpeg_check.check(data, tables)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Height and width in the frame header of a JPEG stream. Raises ``InputError`` where there is none."""
    start = 2
    while start + 9 <= len(data) and data[start] == 0xFF:
        marker, size = struct.unpack_from(">xBH", data, start)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, start + 5)
            return height, width
        start += 2 + size
    raise InputError("is damaged: the JPEG has no frame header", remedy="get a fresh copy")


def _label(value: int) -> str:
    return getattr(value, "name", None) or f"number {int(value)}"
