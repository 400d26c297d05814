"""TIFF files put together by hand: directories that lead anywhere, tags that no library writes or leaves out."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from image_files import tiff

SIDE = 4  # pixels: each directory holds one small grey picture of its own
_SHORT, _LONG, _LONG8 = 3, 4, 16


@dataclass(frozen=True)
class Directory:
    """Where the links of one directory lead: numbers of others, -1 = beyond the end of the file."""

    following: int | None = None
    beneath: tuple[int, ...] = ()
    exif: int | None = None
    kind: int = 0


def directories(*nodes: Directory, big: bool = False, order: str = "<", first: int = 0) -> bytes:
    """A TIFF of ``nodes``; the picture of number N has the value N + 1 everywhere. Any link may lead to any of them."""
    size, start = 16 + 12 * 22, 16 + len(nodes) * (SIDE * SIDE)
    size += sum(8 * len(node.beneath) for node in nodes)
    places = [start + index * size for index in range(len(nodes))]

    def place(number: int | None) -> int:
        return 0 if number is None else 1 << 30 if number < 0 else places[number]

    data = b"".join(bytes([index + 1]) * (SIDE * SIDE) for index in range(len(nodes)))
    tables = [
        _directory(node, 16 + index * SIDE * SIDE, places[index], place, big, order).ljust(size, b"\0")
        for index, node in enumerate(nodes)
    ]
    return _header(place(first), big, order) + data + b"".join(tables)


def _header(first: int, big: bool, order: str) -> bytes:
    mark = b"II" if order == "<" else b"MM"
    if big:
        return mark + struct.pack(order + "HHHQ", 43, 8, 0, first)
    return (mark + struct.pack(order + "HI", 42, first)).ljust(16, b"\0")


def _directory(
    node: Directory, pixels: int, own: int, place: Callable[[int | None], int], big: bool, order: str
) -> bytes:
    one = {254: node.kind, 256: SIDE, 257: SIDE, 258: 8, 259: 1, 262: 1, 273: pixels, 277: 1, 278: SIDE, 279: SIDE**2}
    tags = {tag: (value,) for tag, value in one.items()}
    if node.beneath:
        tags[330] = tuple(place(number) for number in node.beneath)
    if node.exif is not None:
        tags[34665] = tags[34853] = (place(node.exif),)
    head, record, offset, inline = ("Q", "HHQ", "Q", 8) if big else ("H", "HHI", "I", 4)
    table = struct.pack(order + head, len(tags))
    end = own + len(table) + len(tags) * (struct.calcsize("<" + record) + inline) + inline
    values = b""
    for tag, numbers in sorted(tags.items()):
        content = struct.pack(f"{order}{len(numbers)}{offset}", *numbers)
        table += struct.pack(order + record, tag, _LONG8 if big else _LONG, len(numbers))
        table += content if len(content) <= inline else struct.pack(order + offset, end + len(values))
        values += content if len(content) > inline else b""
    return table + struct.pack(order + offset, place(node.following)) + values


def without_photometric(pixels: np.ndarray, **options: object) -> bytes:
    """A TIFF file whose tag 262 has become 263, which says nothing about the values."""
    data = tiff(pixels, **options)
    start = data.index(struct.pack("<HHI", 262, _SHORT, 1))
    return data[:start] + struct.pack("<H", 263) + data[start + 2 :]


def nodata(pixels: np.ndarray, text: str, **options: object) -> bytes:
    """A TIFF file that declares its value for no data as GDAL does."""
    return tiff(pixels, extratags=[(42113, 2, 0, text, True)], **options)
