"""PNG files: 1 to 16 bits, grey, palette or RGB, with or without alpha in; 8 or 16 bits, RGB or RGBA out.

imagecodecs decodes and encodes because Pillow reads 16-bit RGB as 8-bit, and has none to write. It expands a palette to
RGB, 1, 2 and 4 bits to the full range of 8, and a transparent colour to an alpha channel. The chunks beside the pixels
are read and written here (PNG third edition, section 5).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import imagecodecs
import numpy as np

from nircolor.errors import InputError
from nircolor.image.codecs import coding
from nircolor.image.info import ImageInfo
from nircolor.image.limits import check_size
from nircolor.image.metadata import png_text
from nircolor.image.raster import Raster, Request, Samples, choose_bands, only_page, pick
from nircolor.image.tone.icc import NO_PROFILE

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_END = len(SIGNATURE) + 12 + 13
"""Where the IHDR chunk ends, and with it the only place that is right for every metadata chunk."""

_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # colour type -> samples a pixel
_DEFLATE = 1032  # the most that one byte of deflate can become
_FAST = {"level": 4, "strategy": imagecodecs.PNG.STRATEGY.RLE, "filter": imagecodecs.PNG.FILTER.PAETH}
"""What a photograph leaves after Paeth's filter has runs, and hardly anything else to be found again: as small as level
4 makes it otherwise (8 bits 1 % larger, 16 bits 2 % smaller), in a half to a third of the time."""
_MAX_PROFILE = 16 << 20  # bytes; an honest ICC profile has some hundred kilobytes, a bomb has gigabytes
_INCH = 0.0254  # metres
_SRGB_GAMMA, _GAMMA_STEP = 0.45455, 0.025  # a difference that nobody sees
_SRGB_COLOURS = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)  # white, red, green, blue, each x and y
_COLOUR_STEP = 0.005


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read a PNG file. Raises ``InputError``."""
    only_page(request.page)
    data = stream.read()
    chunks: dict[bytes, memoryview] = {}
    texts: list[tuple[bytes, memoryview]] = []
    stored = 0
    for kind, content in _walk(data):
        chunks.setdefault(kind, content)
        texts += [(kind, content)] if kind in png_text.KINDS else []
        stored += len(content) if kind == b"IDAT" else 0
    _check_header(chunks, stored)
    pixels = imagecodecs.png_decode(data)
    count = 1 if pixels.ndim == 2 else pixels.shape[2]
    bands = choose_bands(count, count - 1 if count in (2, 4) else None, request.band)
    metadata, block = png_text.read(texts, bytes(chunks[b"eXIf"]) if b"eXIf" in chunks else None)
    return Raster(
        "PNG",
        *pick(pixels, bands),
        bands.alpha_band,
        peak=float(np.iinfo(pixels.dtype).max),
        icc=_profile(chunks[b"iCCP"]) if b"iCCP" in chunks else None,
        exif=block,
        metadata=metadata,
        resolution=_resolution(chunks[b"pHYs"]) if b"pHYs" in chunks else None,
        warnings=_colour_notes(chunks),
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


def encode(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3 or 4) uint8 or uint16 ``samples`` to ``stream``."""
    data = memoryview(imagecodecs.png_encode(samples, **_FAST))
    stream.write(data[:HEADER_END])
    stream.write(_metadata(info.icc, info.exif, info.resolution))
    stream.writelines(_chunk(kind, content) for kind, content in png_text.write(info.metadata))
    stream.write(data[HEADER_END:])


# --- chunks -----------------------------------------------------------------------------------------------------------


def _walk(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yield (type, content) of every chunk up to IEND.

    Raises ``InputError`` where the file ends early or a chunk that matters for the pixels fails its checksum; other
    chunks that fail theirs are left out.
    """
    view, start, kind = memoryview(data), len(SIGNATURE), b""
    while kind != b"IEND":
        if start + 12 > len(data):
            raise InputError("is truncated: the PNG ends without its last chunk", remedy="get a fresh copy")
        size, kind = struct.unpack_from(">I4s", data, start)
        end = start + 12 + size
        if end > len(data):
            reason = f"is truncated: the PNG ends within its {kind.decode('latin-1')!a} chunk"
            raise InputError(reason, remedy="get a fresh copy")
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(view[start + 4 : end - 4]) == checksum:
            yield kind, view[start + 8 : end - 4]
        elif not kind[0] & 32:  # an upper-case first letter marks a critical chunk
            reason = f"is damaged: PNG chunk {kind.decode('latin-1')!a} fails its checksum"
            raise InputError(reason, remedy="get a fresh copy")
        start = end


def _profile(content: memoryview) -> bytes:
    """The ICC profile of an iCCP chunk; where it cannot be unpacked, what no reader takes for one."""
    name, _, packed = bytes(content).partition(b"\0")
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(packed[1:], _MAX_PROFILE)
    except zlib.error:
        return NO_PROFILE
    return unpacked if name and unpacker.eof else NO_PROFILE


def _resolution(content: memoryview) -> tuple[float, float] | None:
    """Pixels per inch of a pHYs chunk, None where it gives a ratio only."""
    if len(content) != 9 or content[8] != 1:
        return None
    x, y = struct.unpack_from(">II", content)
    return (x * _INCH, y * _INCH) if x and y else None


def _metadata(icc: bytes | None, exif: bytes | None, pixels_per_inch: tuple[float, float] | None) -> bytes:
    """The iCCP, pHYs and eXIf chunks for what there is; they belong at ``HEADER_END``."""
    chunks = b""
    if icc:
        chunks += _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc))
    if pixels_per_inch:
        per_metre = (min(round(value / _INCH), 2**31 - 1) for value in pixels_per_inch)
        chunks += _chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1))
    if exif:
        chunks += _chunk(b"eXIf", exif)
    return chunks


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


# --- colours ----------------------------------------------------------------------------------------------------------


def _colour_notes(chunks: Mapping[bytes, memoryview]) -> list[str]:
    """What the user should know, of the chunk types and contents of a file. cICP counts first, then iCCP, sRGB, gAMA
    and cHRM; a profile is dealt with elsewhere.
    """
    if len(chunks.get(b"cICP", b"")) == 4:
        return coding.remarks("cICP", *chunks[b"cICP"][:2])
    if b"iCCP" in chunks or b"sRGB" in chunks:
        return []
    return _left_out([*_gamma(chunks.get(b"gAMA", b"")), *_colours(chunks.get(b"cHRM", b""))])


def _left_out(found: list[str]) -> list[str]:
    return [coding.left_out(what) for what in found]


def _gamma(content: memoryview | bytes) -> list[str]:
    gamma = struct.unpack(">I", content)[0] / 100_000 if len(content) == 4 else 0
    return [f"gamma of {gamma:g} (gAMA)"] if gamma and abs(gamma - _SRGB_GAMMA) > _GAMMA_STEP else []


def _colours(content: memoryview | bytes) -> list[str]:
    if len(content) != 32:
        return []
    stored = (value / 100_000 for value in struct.unpack(">8I", content))
    far = any(abs(value - own) > _COLOUR_STEP for value, own in zip(stored, _SRGB_COLOURS, strict=True))
    return ["choice of red, green, blue and white (cHRM)"] if far else []
