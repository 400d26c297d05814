"""What must hold for a TIFF page before any of it is decoded.

tifffile is lenient: it warns about missing strips and leaves them black. Here a file is whole, or refused.
"""

from __future__ import annotations

import math
import struct
from typing import Any, BinaryIO

import numpy as np
from tifffile import TiffPage

from nircolor.errors import InputError
from nircolor.image import tiff_codecs
from nircolor.image.limits import MAX_BYTES, check_size

_PHOTOMETRICS = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 6: "YCbCr"}
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


def sample_type(page: TiffPage) -> np.dtype[Any]:
    """uint8, uint16 or float32: the type that holds the samples of ``page``. Raises ``InputError`` for all others."""
    dtype, bits = page.dtype, page.bitspersample
    if dtype is None or not isinstance(bits, int):
        raise InputError(f"has {bits} bits a sample, which is not supported", remedy="convert it to 8 or 16 bits first")
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    if dtype.kind == "f":
        return np.dtype(np.float32)
    if dtype.kind != "u" or dtype.itemsize > 2:
        raise InputError(f"holds {dtype} samples", remedy="convert it to uint8, uint16 or float32 first")
    return dtype.newbyteorder("=")


def check_segments(page: TiffPage, size: int, stream: BinaryIO) -> None:
    """Refuse with ``InputError`` a page whose strips or tiles are too large or not all within the ``size`` bytes."""
    samples = page.samplesperpixel * max(1, page.bitspersample / 8)
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    sparse = any(segment == (0, 0) for segment in segments)
    ratio = None if sparse else _COMPRESSIONS[page.compression]
    check_size(page.imagewidth, page.imagelength, samples, sum(page.databytecounts), ratio)
    _check_tile(page, samples)
    if len(segments) < math.prod(page.chunked):
        raise InputError(
            f"is damaged: {len(segments)} of {math.prod(page.chunked)} strips or tiles are listed; get a fresh copy"
        )
    for offset, count in segments:
        if (offset == 0) != (count == 0) or offset + count > size:
            raise InputError("is truncated: a strip or tile lies beyond its end", remedy="get a fresh copy")
        if page.compression == _JPEG and count:
            _check_jpeg(page, stream, offset, count)
        elif page.compression in tiff_codecs.SIZES and count:
            tiff_codecs.check(page, stream, offset, count)


def _check_tile(page: TiffPage, samples: float) -> None:
    pixels = page.tilewidth * page.tilelength if page.is_tiled else page.imagewidth * page.rowsperstrip
    if pixels * samples > MAX_BYTES or pixels > max(page.imagewidth * page.imagelength, _LARGE_TILE):
        raise InputError(f"is damaged: it says that one strip or tile has {pixels} pixels", remedy="get a fresh copy")


def _check_jpeg(page: TiffPage, stream: BinaryIO, offset: int, count: int) -> None:
    """libjpeg fills what is missing with grey and believes the size in its own header; neither may pass."""
    from nircolor.image import jpeg_check  # which brings numba

    stream.seek(offset)
    data = stream.read(count)
    height, width = _jpeg_size(data)
    most = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
    if height > most[0] or width > most[1]:
        raise InputError(
            f"is damaged: a JPEG strip or tile says it has {width} x {height} pixels", remedy="get a fresh copy"
        )
    try:
        jpeg_check.check(data, page.jpegtables or b"")
    except InputError as error:
        raise InputError(f"has a JPEG strip or tile that {error.reason}", remedy=error.remedy) from error


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Height and width in the frame header of a JPEG stream. Raises ``InputError`` where there is none."""
    start = 2
    while start + 9 <= len(data) and data[start] == 0xFF:
        marker, size = struct.unpack_from(">xBH", data, start)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, start + 5)
            return height, width
        start += 2 + size
    raise InputError("is damaged: a JPEG strip or tile has no header", remedy="get a fresh copy")


def _label(value: int) -> str:
    return getattr(value, "name", None) or f"number {int(value)}"
