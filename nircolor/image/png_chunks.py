"""The chunks of a PNG file: a strict walk on reading, metadata chunks on writing (PNG third edition, section 5)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from nircolor.errors import InputError
from nircolor.image.icc import NO_PROFILE

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_END = len(SIGNATURE) + 12 + 13
"""Where the IHDR chunk ends, and with it the only place that is right for every metadata chunk."""

_MAX_PROFILE = 16 << 20  # bytes; an honest ICC profile has some hundred kilobytes, a bomb has gigabytes
_INCH = 0.0254  # metres


def walk(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
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
            raise InputError(
                f"is truncated: the PNG ends within its {kind.decode('latin-1')!a} chunk; get a fresh copy"
            )
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(view[start + 4 : end - 4]) == checksum:
            yield kind, view[start + 8 : end - 4]
        elif not kind[0] & 32:  # an upper-case first letter marks a critical chunk
            raise InputError(
                f"is damaged: PNG chunk {kind.decode('latin-1')!a} fails its checksum", remedy="get a fresh copy"
            )
        start = end


def profile(content: memoryview) -> bytes:
    """The ICC profile of an iCCP chunk; where it cannot be unpacked, what no reader takes for one."""
    name, _, packed = bytes(content).partition(b"\0")
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(packed[1:], _MAX_PROFILE)
    except zlib.error:
        return NO_PROFILE
    return unpacked if name and unpacker.eof else NO_PROFILE


def resolution(content: memoryview) -> tuple[float, float] | None:
    """Pixels per inch of a pHYs chunk, None where it gives a ratio only."""
    if len(content) != 9 or content[8] != 1:
        return None
    x, y = struct.unpack_from(">II", content)
    return (x * _INCH, y * _INCH) if x and y else None


def metadata(icc: bytes | None, exif: bytes | None, pixels_per_inch: tuple[float, float] | None) -> bytes:
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
