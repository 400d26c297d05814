"""Boxes of ISO files (ISO/IEC 14496-12 and 15444-1): JPEG 2000, JPEG XL, AVIF and HEIF are made of them.

And what the boxes of an AVIF or HEIF file say of its main picture (ISO/IEC 23008-12).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from nircolor.errors import InputError

Content = memoryview
Place = tuple[int, int, int, int]  # of an item: its number, construction method, offset and length
_MOST = 10_000  # boxes in one place; honest files have some dozens
_NESTED = 4  # bytes of version and flags before the content of a full box
EXIF_ITEM, XMP_ITEM = b"Exif", b"application/rdf+xml"


def walk(data: Content) -> Iterator[tuple[bytes, Content]]:
    """Type and content of each box in ``data``. Raises ``InputError`` where one ends beyond it."""
    place = 0
    for _ in range(_MOST):
        if place >= len(data):
            return
        size, kind, start = _header(data, place)
        end = len(data) if size == 0 else place + size
        if end < place + start or end > len(data):
            reason = f"is truncated: its box {kind.decode('latin-1')!a} has {len(data) - place} of {size} bytes"
            raise InputError(reason, remedy="get a fresh copy")
        yield kind, data[place + start : end]
        place = end
    raise InputError("is damaged: it has too many boxes", remedy="get a fresh copy")


def _header(data: Content, place: int) -> tuple[int, bytes, int]:
    """Size and type of a box, and how long its header is. Size 0: up to the end."""
    if len(data) - place < 8:
        raise InputError("is truncated: it ends within a box", remedy="get a fresh copy")
    size, kind = struct.unpack_from(">I4s", data, place)
    if size != 1:
        return size, kind, 8
    if len(data) - place < 16:
        raise InputError("is truncated: it ends within a box", remedy="get a fresh copy")
    return struct.unpack_from(">Q", data, place + 8)[0], kind, 16


def find(stream: BinaryIO, wanted: bytes, most: int) -> bytes:
    """The content, or its first ``most`` bytes, of the first box of a type; nothing else of the file is read.

    Raises ``InputError`` where there is none.
    """
    end, place = stream.seek(0, 2), 0
    for _ in range(_MOST):
        stream.seek(place)
        head = stream.read(16)
        if len(head) < 8:
            break
        size, kind, start = _header(memoryview(head), 0)
        if kind == wanted:
            stream.seek(place + start)
            return stream.read(min(most, size - start if size else most))
        if size < start or place + size >= end:
            break
        place += size
    raise InputError("is damaged: it describes no picture", remedy="get a fresh copy")


def build(kind: bytes, content: bytes) -> bytes:
    """One box, of less than 4 GiB."""
    return struct.pack(">I4s", len(content) + 8, kind) + content


def first(data: Content) -> dict[bytes, Content]:
    """Content of the first box of each type."""
    found: dict[bytes, Content] = {}
    for kind, content in walk(data):
        found.setdefault(kind, content)
    return found


# --- AVIF and HEIF ----------------------------------------------------------------------------------------------------


@dataclass
class Still:
    """The main picture of a file, as its boxes describe it."""

    width: int = 0
    height: int = 0
    bits: int = 0
    icc: bytes | None = None
    space: tuple[int, int] | None = None
    """Primaries and transfer curve, as ``coding`` has them."""
    turns: list[tuple[bytes, int]] = field(default_factory=list)
    """``irot`` quarter turns to the left, ``imir`` 1 for left and right exchanged, 0 for top and bottom: in order."""
    exif: bytes | None = None
    xmp: bytes | None = None


def still(data: bytes) -> Still:
    """Read the boxes of an AVIF or HEIF file. Raises ``InputError`` where they make no sense."""
    top = first(memoryview(data))
    if b"moov" in top:
        raise InputError("is an animation", remedy="extract one picture first")
    if b"meta" not in top:
        raise InputError("is damaged: it describes no picture", remedy="get a fresh copy")
    try:
        found = described(top[b"meta"])
        found.exif, found.xmp = _about(data, first(top[b"meta"][_NESTED:]))
        return found
    except (struct.error, KeyError, IndexError) as error:
        raise InputError("is damaged: the description of its picture ends early", remedy="get a fresh copy") from error


def described(content: Content) -> Still:
    """What a ``meta`` box says of the main picture, without EXIF and XMP, which lie elsewhere.

    Raises what ``still`` makes an ``InputError`` of.
    """
    meta, found = first(content[_NESTED:]), Still()
    primary = _number(meta[b"pitm"][_NESTED:], 4 if meta[b"pitm"][0] else 2)
    shared = first(meta[b"iprp"])
    properties = list(walk(shared[b"ipco"]))
    for index in _indices(shared[b"ipma"], primary):
        if 1 <= index <= len(properties):
            _apply(found, *properties[index - 1])
    return found


def _apply(found: Still, kind: bytes, content: Content) -> None:
    if kind == b"ispe":
        found.width, found.height = struct.unpack_from(">II", content, _NESTED)
    elif kind == b"av1C":
        found.bits = 8 + 2 * (content[2] >> 6 & 1) * (1 + (content[2] >> 5 & 1))
    elif kind == b"pixi":
        found.bits = max(found.bits, *content[_NESTED + 1 : _NESTED + 1 + content[_NESTED]])
    elif kind == b"colr" and bytes(content[:4]) == b"nclx":
        found.space = struct.unpack_from(">HH", content, 4)
    elif kind == b"colr":
        found.icc = bytes(content[4:])
    elif kind in (b"irot", b"imir"):
        found.turns.append((kind, content[0] & (3 if kind == b"irot" else 1)))


def _indices(content: Content, item: int) -> list[int]:
    """Numbers, from 1, of the properties of ``item`` (ipma)."""
    version, wide = content[0], content[3] & 1
    (count,), place = struct.unpack_from(">I", content, _NESTED), _NESTED + 4
    for _ in range(min(count, _MOST)):
        size = 4 if version else 2
        number, amount = _number(content[place:], size), content[place + size]
        start, step = place + size + 1, 2 if wide else 1
        if number == item:
            mask = 0x7FFF if wide else 0x7F  # the highest bit says that it matters
            return [_number(content[start + step * index :], step) & mask for index in range(amount)]
        place = start + step * amount
    return []


def _about(data: bytes, meta: dict[bytes, Content]) -> tuple[bytes | None, bytes | None]:
    """EXIF and XMP: the first item of each kind, where it lies in one piece."""
    places = {place[0]: place for place in reversed(list(_places(meta[b"iloc"])))} if b"iloc" in meta else {}
    if any(method == 0 and start + size > len(data) for _, method, start, size in places.values()):
        raise InputError("is truncated: some of its data lies beyond its end", remedy="get a fresh copy")
    found: dict[bytes, Content] = {}
    for number, kind in _items(meta.get(b"iinf")):
        if number in places and kind not in found:
            _, method, start, size = places[number]
            source = memoryview(data) if method == 0 else meta.get(b"idat", memoryview(b""))
            found[kind] = source[start : start + size]
    return exif_of(found.get(EXIF_ITEM, memoryview(b""))), bytes(found.get(XMP_ITEM, b"")) or None


def exif_of(content: Content) -> bytes | None:
    """The TIFF structure in an item or box of EXIF, which begins with the distance to it; None where there is none."""
    return bytes(content[4 + struct.unpack_from(">I", content)[0] :]) or None if len(content) > 4 else None


def _items(content: Content | None) -> Iterator[tuple[int, bytes]]:
    """Number and kind of each item (iinf): EXIF_ITEM, XMP_ITEM, or another."""
    if content is None:
        return
    for kind, entry in walk(content[_NESTED + (4 if content[0] else 2) :]):
        if kind == b"infe" and entry[0] in (2, 3):
            size = 2 if entry[0] == 2 else 4
            type, names = bytes(entry[_NESTED + size + 2 : _NESTED + size + 6]), bytes(entry[_NESTED + size + 6 :])
            is_text = type == b"mime"  # name and kind of the content follow, each with a zero at its end
            yield _number(entry[_NESTED:], size), (names.split(b"\0")[1:2] or [b""])[0] if is_text else type


def _places(content: Content) -> Iterator[Place]:
    """Of each item in one piece (iloc)."""
    version, sizes = content[0], _number(content[_NESTED:], 2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size, wide = (sizes & 15 if version else 0), 4 if version == 2 else 2
    count, place = _number(content[_NESTED + 2 :], wide), _NESTED + 2 + wide
    for _ in range(min(count, _MOST)):
        number, place = _number(content[place:], wide), place + wide
        method = _number(content[place:], 2) & 15 if version else 0
        place += (2 if version else 0) + 2
        base, place = _number(content[place:], base_size), place + base_size
        extents, place = _number(content[place:], 2), place + 2
        start = base + _number(content[place + index_size :], offset_size)
        length = _number(content[place + index_size + offset_size :], length_size)
        if extents == 1:
            yield number, method, start, length
        place += extents * (index_size + offset_size + length_size)


def _number(content: Content, size: int) -> int:
    if len(content) < size:
        raise IndexError
    return int.from_bytes(content[:size], "big")
