"""Image file directories: the tag tables inside TIFF files and EXIF blocks, read and written byte for byte.

A general EXIF library would decode and re-encode every value and so damage the ones it does not know.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

SUB_IFDS, EXIF_IFD, GPS_IFD, INTEROP_IFD = 330, 34665, 34853, 40965
XMP, IPTC, RESOURCES = 700, 33723, 34377
ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 274, 282, 283, 296
SHORT, LONG, LONG8 = 3, 4, 16
_TEXT = 2
_WHOLE = (1, SHORT, LONG, 13, LONG8, 18)  # kinds of whole numbers without a sign

# kind -> (bytes of one value, bytes of its units, which are what byte order acts on)
_KINDS = {
    1: (1, 1), 2: (1, 1), 3: (2, 2), 4: (4, 4), 5: (8, 4), 6: (1, 1), 7: (1, 1),
    8: (2, 2), 9: (4, 4), 10: (8, 4), 11: (4, 4), 12: (8, 8), 13: (4, 4),
    16: (8, 8), 17: (8, 8), 18: (8, 8),
}  # fmt: skip
_SIGNED = {6: "<i1", 8: "<i2", 9: "<i4", 11: "<f4", 12: "<f8"}
_MAX_VALUE = 1 << 20  # a larger value is no metadata
_MAX_VALUES = 1 << 26  # bytes of all values of one directory
_MAX_ENTRIES = 4096
_SLACK = 1 << 16  # small values are sometimes shared by several tags
_CLASSIC, _BIG = 42, 43


class CutOffError(ValueError):
    """A directory or a value lies beyond the end of its file."""


@dataclass(frozen=True)
class IfdLayout:
    """Byte order (``<`` or ``>``) and the sizes that differ between TIFF and BigTIFF."""

    order: str
    big: bool = False


@dataclass(frozen=True)
class IfdEntry:
    """One tag. ``data`` is little-endian; ``position`` is where the value lies in the stream it was read from."""

    tag: int
    kind: int
    count: int
    data: bytes
    position: int = -1

    def numbers(self) -> tuple[float, ...]:
        """The values of an integer or rational tag; empty for any other kind, and where a denominator is 0."""
        units = np.frombuffer(self.data, f"<u{_KINDS[self.kind][1]}").tolist()
        if self.kind in _WHOLE:
            return tuple(units)
        if self.kind == 5 and all(units[1::2]):
            return tuple(top / bottom for top, bottom in zip(units[::2], units[1::2], strict=True))
        return ()

    def values(self) -> tuple[float, ...]:
        """``numbers``, and those of signed and floating kinds, which may be negative, NaN or infinite."""
        if self.kind == 10:
            units = np.frombuffer(self.data, "<i4").tolist()
            return tuple(
                top / bottom if bottom else math.nan for top, bottom in zip(units[::2], units[1::2], strict=True)
            )
        kind = _SIGNED.get(self.kind)
        return tuple(np.frombuffer(self.data, kind).tolist()) if kind else self.numbers()


def read_header(stream: BinaryIO) -> tuple[IfdLayout, int]:
    """IfdLayout and offset of the first directory of a TIFF structure. Raises ``ValueError``."""
    stream.seek(0)
    head = stream.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        raise ValueError("no TIFF structure")
    magic = struct.unpack(f"{order}H", head[2:4])[0]
    if magic == _BIG and len(head) == 16:
        return IfdLayout(order, big=True), struct.unpack(f"{order}Q", head[8:16])[0]
    if magic != _CLASSIC:
        raise ValueError("no TIFF structure")
    return IfdLayout(order), struct.unpack(f"{order}I", head[4:8])[0]


def read_ifd(
    stream: BinaryIO,
    offset: int,
    layout: IfdLayout,
    wanted: Container[int] | None = None,
    most: int = _MAX_VALUE,
    cut: bool = False,
) -> tuple[list[IfdEntry], int]:
    """Entries of the directory at ``offset``, or its ``wanted`` tags, and the position of its link to the next one.

    Entries of unknown kinds and those of more than ``most`` bytes are left out; with ``cut`` an oversized text is one
    that ends early. Raises ``ValueError``, or ``CutOffError``.
    """
    size, inline = (20, 8) if layout.big else (12, 4)
    start, records = _records(stream, offset, layout)
    _check_claims(records, stream.seek(0, io.SEEK_END))
    entries, total = [], 0
    for index, (tag, kind, values, field) in enumerate(records):
        if wanted is None or tag in wanted:
            position = start + size * (index + 1) - inline
            values = min(values, most) if cut and kind == _TEXT else values
            entry = _entry(stream, layout, (tag, kind, values), field, position, most)
            entries += [entry] if entry else []
            total += len(entry.data) if entry else 0
        if total > _MAX_VALUES:
            raise ValueError("a directory holds too much")
    return entries, start + size * len(records)


def tags(stream: BinaryIO, offset: int, layout: IfdLayout) -> set[int]:
    """All tags of the directory at ``offset``. Raises ``ValueError``, or ``CutOffError``."""
    return {tag for tag, *_ in _records(stream, offset, layout)[1]}


def _records(stream: BinaryIO, offset: int, layout: IfdLayout) -> tuple[int, list[tuple[int, int, int, bytes]]]:
    """Where the table of a directory begins, and its records: tag, kind, count, value or its offset."""
    head, record = ("Q", "HHQ8s") if layout.big else ("H", "HHI4s")
    _seek(stream, offset)
    (count,) = struct.unpack(layout.order + head, _exactly(stream, struct.calcsize("<" + head)))
    if count > _MAX_ENTRIES:
        raise ValueError(f"{count} tags in one directory")
    start, table = stream.tell(), _exactly(stream, struct.calcsize("<" + record) * count)
    return start, list(struct.iter_unpack(layout.order + record, table))


def follow(stream: BinaryIO, link: int, layout: IfdLayout) -> int:
    """Where the link at ``link`` leads; 0 = nowhere. Raises ``CutOffError``."""
    size = 8 if layout.big else 4
    _seek(stream, link)
    return int.from_bytes(_exactly(stream, size), "little" if layout.order == "<" else "big")


def _check_claims(records: list[tuple[int, int, int, bytes]], stored: int) -> None:
    # values that share their bytes make a small file grow without end in memory
    sizes = (_KINDS[kind][0] * count for _, kind, count, _ in records if kind in _KINDS)
    if sum(size for size in sizes if size <= stored) > stored + _SLACK:
        raise CutOffError("a directory promises more than its file holds")


def _entry(
    stream: BinaryIO, layout: IfdLayout, record: tuple[int, int, int], field: bytes, position: int, most: int
) -> IfdEntry | None:
    tag, kind, count = record
    if kind not in _KINDS or _KINDS[kind][0] * count > most:
        return None
    size = _KINDS[kind][0] * count
    if size > len(field):
        position = int.from_bytes(field, "little" if layout.order == "<" else "big")
        _seek(stream, position)
        data = _exactly(stream, size)
    else:
        data = field[:size]
    return IfdEntry(tag, kind, count, data if layout.order == "<" else swap(data, kind), position)


def _seek(stream: BinaryIO, offset: int) -> None:
    try:
        stream.seek(offset)
    except (OSError, OverflowError) as error:
        raise CutOffError(f"offset {offset} is impossible") from error


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise CutOffError("a directory is cut off")
    return data


def swap(data: bytes, kind: int) -> bytes:
    """The values of ``data`` in the other byte order."""
    return np.frombuffer(data, f"u{_KINDS[kind][1]}").byteswap().tobytes()


def build_ifd(entries: Sequence[IfdEntry], offset: int, big: bool = False) -> bytes:
    """A little-endian directory that lies at ``offset`` (even) of its file, its values after it, no next directory.

    ``big``: as a BigTIFF has it. Its length does not depend on ``offset``.
    """
    head, record, field = ("<Q", "<HHQ", "<Q") if big else ("<H", "<HHI", "<I")
    inline = struct.calcsize(field)
    size = struct.calcsize(head) + (struct.calcsize(record) + inline) * len(entries) + inline
    table, values = struct.pack(head, len(entries)), b""
    for entry in sorted(entries, key=lambda entry: entry.tag):
        table += struct.pack(record, entry.tag, entry.kind, entry.count)
        if len(entry.data) > inline:
            values = word_aligned(values)
            table += struct.pack(field, offset + size + len(values))
            values += entry.data
        else:
            table += entry.data.ljust(inline, b"\0")
    return table + struct.pack(field, 0) + values


def append_texts(block: bytes, table: slice, order: str, texts: dict[int, bytes]) -> bytes:
    """A block whose first directory, with the records of ``table`` and ``texts`` by tag, lies at its end."""
    kept = [block[at : at + 12] for at in range(table.start, table.stop, 12)]
    block = word_aligned(block)
    values, start = b"", len(block) + 2 + 12 * (len(kept) + len(texts)) + 4
    for tag, data in texts.items():
        field = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(f"{order}I", start + len(values))
        kept.append(struct.pack(f"{order}HHI4s", tag, 2, len(data), field))
        values += word_aligned(data) if len(data) > 4 else b""
    kept.sort(key=lambda record: struct.unpack_from(f"{order}H", record))
    head = block[:4] + struct.pack(f"{order}I", len(block))
    return head + block[8:] + struct.pack(f"{order}H", len(kept)) + b"".join(kept) + bytes(4) + values


def word_aligned(data: bytes) -> bytes:
    """``data``, with a zero at the end where its length is odd (TIFF 6.0, section 2)."""
    return data + bytes(len(data) % 2)
