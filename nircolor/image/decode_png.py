"""PNG files: 1 to 16 bits, grey, palette or RGB, with or without alpha.

imagecodecs decodes because Pillow reads 16-bit RGB as 8-bit. It expands a palette to RGB, 1, 2 and 4 bits to the full
range of 8, and a transparent colour to an alpha channel.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

import imagecodecs
import numpy as np

from nircolor.errors import InputError
from nircolor.image import png_chunks, png_colour
from nircolor.image.limits import check_size
from nircolor.image.raster import Raster, Request, choose_bands, only_page, pick

_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # colour type -> samples a pixel
_DEFLATE = 1032  # the most that one byte of deflate can become


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read a PNG file. Raises ``InputError``."""
    only_page(request.page)
    data = stream.read()
    chunks: dict[bytes, memoryview] = {}
    stored = 0
    for kind, content in png_chunks.walk(data):
        chunks.setdefault(kind, content)
        stored += len(content) if kind == b"IDAT" else 0
    _check_header(chunks, stored)
    pixels = imagecodecs.png_decode(data)
    count = 1 if pixels.ndim == 2 else pixels.shape[2]
    bands = choose_bands(count, count - 1 if count in (2, 4) else None, request.band)
    return Raster(
        "PNG",
        *pick(pixels, bands),
        bands.alpha_band,
        peak=float(np.iinfo(pixels.dtype).max),
        icc=png_chunks.profile(chunks[b"iCCP"]) if b"iCCP" in chunks else None,
        exif=bytes(chunks[b"eXIf"]) if b"eXIf" in chunks else None,
        resolution=png_chunks.resolution(chunks[b"pHYs"]) if b"pHYs" in chunks else None,
        warnings=png_colour.notes(chunks),
    )


def _check_header(chunks: dict[bytes, memoryview], stored: int) -> None:
    if next(iter(chunks)) != b"IHDR" or len(chunks[b"IHDR"]) != 13:
        raise InputError("is damaged: the PNG has no header", remedy="get a fresh copy")
    width, height, bits, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    if colour not in _SAMPLES:
        raise InputError(f"is damaged: the PNG has colour type {colour}", remedy="get a fresh copy")
    check_size(width, height, _SAMPLES[colour] * bits / 8, stored, _DEFLATE)
    if b"acTL" in chunks:
        raise InputError("is an animated PNG", remedy="extract one picture first")
