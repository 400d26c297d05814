"""Strips and tiles of a TIFF that are pictures of their own: LERC, JPEG 2000, WebP, JPEG XL.

Each has a header with a size, which is what its decoder allocates; it must be that of the strip or tile, or less.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from contextlib import suppress

from tifffile import TiffPage

from nircolor.errors import InputError

Size = tuple[int, int]  # height, width

_LERC_PARAMETERS = 50674
_PLAIN, _DEFLATE, _ZSTD = 0, 1, 2  # what a LERC blob is packed with
_LERC_HEAD = 28  # bytes, up to the number of bands
_SLACK = 1 << 16


def check(page: TiffPage, data: bytes) -> None:
    """Refuse with ``InputError`` an encoded strip or tile that says it is larger than the directory has it."""
    most = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
    try:
        height, width = SIZES[page.compression](page, data)
    except (struct.error, zlib.error, IndexError, KeyError) as error:
        raise InputError("is damaged: a strip or tile has no header", remedy="get a fresh copy") from error
    if height > most[0] or width > most[1]:
        raise InputError(
            f"is damaged: a strip or tile says it has {width} x {height} pixels", remedy="get a fresh copy"
        )


def prepare(page: TiffPage) -> None:
    """Before threads ``check`` and decode: what else tifffile reads when it is first asked for, from the place where
    the file stands, which threads would take from each other. A page that it cannot decode says so tile by tile."""
    page.tags.valueof(_LERC_PARAMETERS)
    with suppress(Exception):
        page.init_decode()  # looks into the first tile of a JPEG


def _lerc(page: TiffPage, data: bytes) -> Size:
    """LERC 2, which is what TIFF has (github.com/Esri/lerc)."""
    data = _unpacked(page, data)
    if data[:6] != b"Lerc2 ":
        raise KeyError
    (version,) = struct.unpack_from("<i", data, 6)
    place = 14 if version >= 3 else 10  # behind the checksum
    height, width = struct.unpack_from("<ii", data, place)
    bands = struct.unpack_from("<i", data, place + 8)[0] if version >= 4 else 1
    if min(height, width) < 1 or not 1 <= bands <= max(page.samplesperpixel, 1):
        raise KeyError
    return height, width


def _unpacked(page: TiffPage, data: bytes) -> bytes:
    """The beginning of a LERC blob that may be packed once more."""
    packing = (*(page.tags.valueof(_LERC_PARAMETERS) or ()), _PLAIN, _PLAIN)[1]
    if packing == _DEFLATE:
        return zlib.decompressobj().decompress(data, _LERC_HEAD)
    if packing == _ZSTD:
        import imagecodecs

        pixels = page.tilewidth * page.tilelength if page.is_tiled else page.rowsperstrip * page.imagewidth
        most = pixels * page.samplesperpixel * page.bitspersample // 4 + _SLACK
        return bytes(imagecodecs.zstd_decode(data, out=most))[:_LERC_HEAD]
    return data


def _jpeg2000(page: TiffPage, data: bytes) -> Size:
    from nircolor.image.codecs.boxes import first
    from nircolor.image.codecs.jpeg2000 import CODESTREAM, codestream

    code = memoryview(data) if data.startswith(CODESTREAM) else first(memoryview(data))[b"jp2c"]
    header = codestream(code)
    return header.height, header.width


def _webp(page: TiffPage, data: bytes) -> Size:
    from nircolor.image.codecs.webp import size_of

    width, height = size_of(data)
    return height, width


def _jpeg_xl(page: TiffPage, data: bytes) -> Size:
    from nircolor.image.codecs.jxl import header_of

    header = header_of(data)
    return header.height, header.width


SIZES: dict[int, Callable[[TiffPage, bytes], Size]] = {
    34712: _jpeg2000, 33005: _jpeg2000, 34887: _lerc, 50001: _webp, 50002: _jpeg_xl,
}  # fmt: skip
"""Compression tag -> what tells the size of a strip or tile; 33005 is JPEG 2000 in RGB of a maker of slide scanners."""
