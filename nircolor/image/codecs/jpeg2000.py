"""JPEG 2000 files, .jp2 boxes or a bare codestream, 1 to 16 bits: OpenJPEG decodes them, by way of imagecodecs.

The headers are read here (ISO/IEC 15444-1, annexes A and I): what OpenJPEG allocates is decided by them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

import imagecodecs

from nircolor.errors import InputError
from nircolor.image.codecs.boxes import find, first, walk
from nircolor.image.limits import check_size
from nircolor.image.metadata.kept import gather
from nircolor.image.raster import Raster, Request, choose_bands, only_page, pick
from nircolor.image.sample_types import sample_type

CODESTREAM = b"\xff\x4f\xff\x51"
_BOXED = b"\0\0\0\x0cjP  "
_WORKING = 4  # bytes a sample that OpenJPEG computes with
_MOST_BITS = 16
_TILES = 65535  # as the standard says
_EXIF = b"JpgTiffExif->JP2"  # the UUID that Adobe and ExifTool write
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_GEO = bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03")  # GeoJP2: a small GeoTIFF
_YCC = 18  # EnumCS
_OPACITY, _PREMULTIPLIED = 1, 2
_TILE_PART, _END = 0xFF90, 0xFFD9  # markers
_LEAST = 14  # bytes of a tile part
_AGAIN = "get a fresh copy"


@dataclass(frozen=True)
class Codestream:
    """What the SIZ marker says."""

    width: int
    height: int
    components: int
    bits: int
    """Of the deepest component."""


@dataclass
class _About:
    """What the boxes beside the codestream say."""

    alpha: int | None = None
    premultiplied: bool = False
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    notes: tuple[str, ...] = ()


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read a JPEG 2000 file. Raises ``InputError``."""
    only_page(request.page)
    data = stream.read()
    boxes = first(memoryview(data)) if data.startswith(_BOXED) else {}
    if boxes and b"jp2c" not in boxes:
        raise InputError("is damaged: the JPEG 2000 holds no picture", remedy=_AGAIN)
    code = memoryview(boxes.get(b"jp2c", data))
    header, about = codestream(code), _about(data, boxes)
    check_size(header.width, header.height, _WORKING * header.components, len(code), None)
    pixels = imagecodecs.jpeg2k_decode(data)
    count = 1 if pixels.ndim == 2 else pixels.shape[2]
    bands = choose_bands(count, about.alpha if (about.alpha or 0) < count else None, request.band)
    kind = sample_type(pixels.dtype, header.bits)
    planes, alpha = pick(pixels, bands)
    converted = [kind.convert(plane) for plane in planes]
    mask = None if alpha is None else kind.convert(alpha, mask=True)[0]
    raster = Raster("JP2", [plane for plane, _ in converted], mask, bands.alpha_band, peak=kind.peak, depth=kind.depth)
    raster.warnings += kind.remarks(sum(below for _, below in converted))
    raster.premultiplied, raster.icc, raster.exif = about.premultiplied, about.icc, about.exif
    raster.metadata = gather(about.exif, packet=about.xmp)
    raster.warnings += about.notes
    return raster


def size_of(stream: BinaryIO) -> tuple[int, int]:
    """Height and width as the codestream has them. Raises ``InputError``, or ``struct.error`` where it ends early."""
    code = stream.read(24)
    if not code.startswith(CODESTREAM):
        code = find(stream, b"jp2c", 24)
    right, bottom, left, top = struct.unpack_from(">4I", code, 8)
    return bottom - top, right - left


def codestream(code: memoryview | bytes) -> Codestream:
    """Read the header of a codestream. Raises ``InputError`` for what is damaged or no plain picture."""
    if bytes(code[:4]) != CODESTREAM or len(code) < 42:
        raise InputError("is damaged: the JPEG 2000 has no header", remedy=_AGAIN)
    right, bottom, left, top, tile_width, tile_height, tile_x, tile_y, count = struct.unpack_from(">8IH", code, 8)
    kinds = bytes(code[42 : 42 + 3 * count])
    if not count or len(kinds) < 3 * count or not tile_width or not tile_height:
        raise InputError("is damaged: the JPEG 2000 has no header", remedy=_AGAIN)
    width, height = right - left, bottom - top
    tiles = -(-max(right - tile_x, 0) // tile_width) * -(-max(bottom - tile_y, 0) // tile_height)
    if tiles > _TILES:
        raise InputError(f"is damaged: the JPEG 2000 says that it has {tiles} tiles", remedy=_AGAIN)
    _check_components(kinds)
    _check_tiles(code, tiles)
    return Codestream(width, height, count, max((kind & 127) + 1 for kind in kinds[::3]))


def _check_components(kinds: bytes) -> None:
    """``kinds``: sign and bits, and steps along x and y, of each component."""
    bits = max((kind & 127) + 1 for kind in kinds[::3])
    if bits > _MOST_BITS:
        raise InputError(f"has {bits} bits a sample, which is not supported", remedy="convert it to 8 or 16 bits first")
    if len(set(kinds[::3])) > 1 or set(kinds[1::3]) | set(kinds[2::3]) != {1}:
        raise InputError("has bands of different sizes or depths", remedy="save them alike, or one alone, first")


def _check_tiles(code: memoryview | bytes, count: int) -> None:
    """Each of ``count`` tiles has to be there: OpenJPEG leaves the others black."""
    found: set[int] = set()
    place = 2
    while place + 12 <= len(code):
        marker, size = struct.unpack_from(">HH", code, place)
        if marker == _END:
            break
        if marker != _TILE_PART:
            place += 2 + size  # of the main header
            continue
        tile, length = struct.unpack_from(">HI", code, place + 4)
        if 0 < length < _LEAST or place + length > len(code):
            raise InputError(f"is truncated: tile {tile + 1} of the JPEG 2000 lies beyond its end", remedy=_AGAIN)
        found.add(tile)
        place += length or len(code)  # 0: up to the end
    if not found.issuperset(range(count)):
        raise InputError(f"is damaged: the JPEG 2000 has {len(found)} of {count} tiles", remedy=_AGAIN)


def _about(data: bytes, boxes: dict[bytes, memoryview]) -> _About:
    found, header = _About(), first(boxes[b"jp2h"]) if b"jp2h" in boxes else {}
    colour = header.get(b"colr", b"")
    if colour[:1] == b"\1" and int.from_bytes(colour[3:7], "big") == _YCC:
        raise InputError("holds luma and chroma", remedy="convert it to grey or RGB first")
    if colour[:1] == b"\2":
        found.icc = bytes(colour[3:])
    channels = bytes(header.get(b"cdef", b""))
    for place in range(2, len(channels) - 5, 6):
        number, kind, _ = struct.unpack_from(">3H", channels, place)
        if kind in (_OPACITY, _PREMULTIPLIED):
            found.alpha, found.premultiplied = number, kind == _PREMULTIPLIED
    if boxes:
        own = [bytes(content) for kind, content in walk(memoryview(data)) if kind == b"uuid"]
        found.exif, found.xmp = (next((each[16:] for each in own if each.startswith(id)), None) for id in (_EXIF, _XMP))
        if any(content.startswith(_GEO) for content in own):
            found.notes = ("the georeference (GeoJP2 box) is not kept",)
    return found
