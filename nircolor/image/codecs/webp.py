"""WebP files, lossy and lossless: the RIFF chunks are read here, the pixels by libwebp through imagecodecs.

Pillow writes them, with their metadata.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

import imagecodecs

from nircolor.errors import InputError
from nircolor.image.info import ImageInfo
from nircolor.image.limits import check_size
from nircolor.image.metadata.kept import gather
from nircolor.image.raster import Raster, Request, Samples, choose_bands, only_page, pick

_ANIMATED = 2  # flag in the VP8X chunk


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read a WebP file (8 bits, RGB or RGBA). Raises ``InputError``."""
    only_page(request.page)
    data = stream.read()
    chunks = _chunks(data)
    if b"VP8X" in chunks and chunks[b"VP8X"][0] & _ANIMATED:
        raise InputError("is an animated WebP", remedy="extract one picture first")
    # no bound on the ratio: a flat picture of any size takes some 30 bytes
    check_size(*_size(chunks), bytes_per_pixel=4, stored=len(data), ratio=None)
    pixels = imagecodecs.webp_decode(data)
    bands = choose_bands(pixels.shape[2], 3 if pixels.shape[2] == 4 else None, request.band)
    block, packet = (bytes(chunks[kind]) if kind in chunks else None for kind in (b"EXIF", b"XMP "))
    return Raster(
        "WEBP",
        *pick(pixels, bands),
        bands.alpha_band,
        peak=255.0,
        icc=bytes(chunks[b"ICCP"]) if b"ICCP" in chunks else None,
        exif=block,
        metadata=gather(block, packet=packet),
    )


def encode(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3 or 4) uint8, lossless: lossy WebP always halves the resolution of colour."""
    from nircolor.image.codecs.pillow import save  # reading needs no Pillow

    # for lossless files quality is effort: 20 takes a third of the time of the default 80 for the same size;
    # exact keeps the colour of transparent pixels
    kept = {"icc_profile": info.icc, "exif": info.exif or b"", "xmp": info.metadata.xmp or b""}
    save(stream, samples, "WEBP", lossless=True, quality=20, exact=True, **kept)


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height of a whole WebP file. Raises ``InputError`` where it ends early."""
    return _size(_chunks(data))


def _chunks(data: bytes) -> dict[bytes, memoryview]:
    """Content of the first chunk of each type. Raises ``InputError`` where the file ends early."""
    (size,) = struct.unpack_from("<I", data, 4)
    end, start = size + 8, 12
    chunks: dict[bytes, memoryview] = {}
    while start + 8 <= end:
        if start + 8 > len(data):
            raise InputError("is truncated: the WebP is shorter than it says", remedy="get a fresh copy")
        kind, size = struct.unpack_from("<4sI", data, start)
        if start + 8 + size > len(data):
            raise InputError("is truncated: the WebP is shorter than it says", remedy="get a fresh copy")
        chunks.setdefault(kind, memoryview(data)[start + 8 : start + 8 + size])
        start += 8 + size + size % 2
    return chunks


def _size(chunks: dict[bytes, memoryview]) -> tuple[int, int]:
    """Width and height: what the bitstream says, which is what libwebp allocates."""
    if b"VP8L" in chunks:
        (bits,) = struct.unpack_from("<I", chunks[b"VP8L"], 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if b"VP8 " in chunks:
        width, height = struct.unpack_from("<HH", chunks[b"VP8 "], 6)
        return width & 0x3FFF, height & 0x3FFF
    raise InputError("is damaged: the WebP holds no picture", remedy="get a fresh copy")
