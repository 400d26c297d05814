"""The segments of a JPEG stream: what its frame, tables and scans say (ITU-T T.81, annex B)."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nircolor.errors import InputError

SOI, EOI, SOS, DHT, DRI = 0xD8, 0xD9, 0xDA, 0xC4, 0xDD
FRAMES = {*range(0xC0, 0xD0)} - {DHT, 0xC8, 0xCC}  # SOF0 to SOF15 but for DHT, JPG and DAC
HUFFMAN = {0xC0, 0xC1, 0xC2}  # the frames that are followed here: not lossless, not arithmetic, not hierarchical
PROGRESSIVE = 0xC2

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Component:
    """One channel: its identifier and its sampling factors."""

    name: int
    across: int
    down: int


@dataclass(frozen=True)
class JpegFrame:
    """``kind``: the marker; sizes are in pixels."""

    kind: int
    height: int
    width: int
    components: tuple[Component, ...]


@dataclass(frozen=True)
class Scan:
    """Which components come, with their numbers of DC and AC table; which coefficients, to which precision."""

    components: tuple[tuple[Component, int, int], ...]
    start: int
    end: int
    before: int
    """Bits that the coefficients lacked before this scan; 0 in their first one."""
    after: int


@dataclass
class Tables:
    """Huffman tables by class (0 DC, 1 AC) and number, and MCUs between two restart markers (0: there are none)."""

    codes: dict[tuple[int, int], NDArray[np.uint16]] = field(default_factory=dict)
    restart: int = 0

    def get(self, kind: int, number: int) -> NDArray[np.uint16]:
        """The table ``number``; where there is none the one that motion JPEG leaves out. Raises ``InputError``."""
        table = self.codes.get((kind, number))
        if table is None:
            table = usual().codes.get((kind, number))
        if table is None:
            raise InputError("is damaged: a Huffman table of the JPEG is missing", remedy="get a fresh copy")
        return table


@cache
def usual() -> Tables:
    """The tables of T.81, annex K.3, which Pillow writes."""
    stream, tables = io.BytesIO(), Tables()
    Image.new("YCbCr", (8, 8)).save(stream, "JPEG")
    for marker, _, content in walk(stream.getvalue()):
        if marker == DHT:
            define(content, tables)
    return tables


def walk(data: bytes, at: int = 0) -> Iterator[tuple[int, int, memoryview]]:
    """Marker, place behind the segment, and content of each segment from ``at`` to the next scan or the image's end.

    Raises ``InputError`` where segments do not follow one another.
    """
    while at + 2 <= len(data):
        if data[at] != 0xFF:
            raise InputError(
                "is damaged: there are stray bytes between the parts of the JPEG", remedy="get a fresh copy"
            )
        marker = data[at + 1]
        at += 1 if marker == 0xFF else 2  # any number of 0xFF may come before a marker
        if marker in (SOI, 0xFF) or 0xD0 <= marker <= 0xD7:
            continue
        if marker == EOI:
            yield marker, at, memoryview(b"")
            return
        size = int.from_bytes(data[at : at + 2], "big")
        if size < 2 or at + size > len(data):
            break
        yield marker, at + size, memoryview(data)[at + 2 : at + size]
        if marker == SOS:  # what follows is no segment
            return
        at += size
    raise InputError("is truncated: the JPEG ends before its end marker", remedy="get a fresh copy")


def frame(marker: int, content: memoryview) -> JpegFrame:
    """Raises ``struct.error`` for a header that is too short, as ``scan`` does."""
    height, width, count = struct.unpack_from(">HHB", content, 1)
    parts = [struct.unpack_from(">BB", content, 6 + 3 * number) for number in range(count)]
    components = tuple(Component(name, factors >> 4, factors & 15) for name, factors in parts)
    if not components or any(not (1 <= part.across <= 4 and 1 <= part.down <= 4) for part in components):
        raise InputError("is damaged: the JPEG header makes no sense", remedy="get a fresh copy")
    return JpegFrame(marker, height, width, components)


def scan(content: memoryview, of: JpegFrame) -> Scan:
    """Raises ``InputError`` for components that ``of`` does not have."""
    names = {component.name: component for component in of.components}
    count = content[0]
    parts = [struct.unpack_from(">BB", content, 1 + 2 * number) for number in range(count)]
    start, end, bits = struct.unpack_from(">BBB", content, 1 + 2 * count)
    if not parts or any(name not in names for name, _ in parts):
        raise InputError("is damaged: the JPEG header makes no sense", remedy="get a fresh copy")
    chosen = tuple((names[name], numbers >> 4, numbers & 15) for name, numbers in parts)
    if of.kind != PROGRESSIVE:  # some cameras write what they like here, and every decoder takes it for all
        return Scan(chosen, 0, 63, 0, 0)
    if not start <= end <= 63 or (start and len(chosen) > 1) or (not start and end):
        raise InputError("is damaged: a scan of the progressive JPEG makes no sense", remedy="get a fresh copy")
    return Scan(chosen, start, end, bits >> 4, bits & 15)


def define(content: memoryview, tables: Tables) -> None:
    """Read the Huffman tables of one segment."""
    while len(content) >= 17:
        lengths = np.frombuffer(content[1:17], np.uint8)
        symbols = np.frombuffer(content[17 : 17 + int(lengths.sum())], np.uint8)
        tables.codes[content[0] >> 4, content[0] & 15] = lookup(lengths, symbols)
        content = content[17 + int(lengths.sum()) :]


def lookup(lengths: Bytes, symbols: Bytes) -> NDArray[np.uint16]:
    """(65536,) what the next 16 bits mean; see ``jpeg_entropy``. ``lengths`` (16,): how many codes of each length."""
    sizes = np.repeat(np.arange(1, 17), lengths)[: len(symbols)]
    entries = np.repeat(sizes * 256 + symbols[: len(sizes)], 1 << (16 - sizes))
    table = np.zeros(1 << 16, np.uint16)
    table[: len(entries)] = entries[: 1 << 16]
    return table
