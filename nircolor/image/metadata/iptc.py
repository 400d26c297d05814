"""IPTC records (IIM 4.2), alone or among the image resources of Photoshop, read and written byte for byte."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

MAX_BYTES = 1 << 20
"""Of a record; an honest one has some kilobytes."""

_MARK, _LONG = 0x1C, 0x8000
_RECORDS = (1, 2)  # envelope and application; 3 and higher are about the pixels, or hold them
_OUTDATED = {(2, 130), (2, 131), (2, 200), (2, 201), (2, 202)}  # kind and orientation of the picture, and its preview

_IPTC = 1028  # number of the resource
# what the output says itself: resolution, thumbnails, ICC, EXIF, XMP, digest, version; settings of Photoshop's dialogs
_SILENT = {1005, 1011, 1013, 1014, 1016, 1024, 1025, 1026, 1030, 1032, 1033, 1036, 1037, 1039, 1041, 1044, 1049, 1050,
           1054, 1057, 1058, 1059, 1060, 1061, 1062, 1064, 1077, 1082, 1083, 1088, 10000}  # fmt: skip


class Iptc(NamedTuple):
    """A record fit for the output, and what was lost: one line each."""

    record: bytes | None
    lost: tuple[str, ...] = ()


def tidy(record: bytes | None) -> Iptc:
    """Take what is about the old pixels out of a record. A damaged one is left out, with a line."""
    if not record or not record.strip(b"\0"):
        return Iptc(None)
    if len(record) > MAX_BYTES:
        return Iptc(None, ("the IPTC record is too large and is not kept",))
    try:
        parts = [part for key, part in _datasets(record) if key[0] in _RECORDS and key not in _OUTDATED]
    except (ValueError, IndexError):
        return Iptc(None, ("the IPTC record is damaged and is not kept",))
    return Iptc(b"".join(parts) or None)


def _datasets(record: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """(record, number) and all bytes of each data set. Raises ``ValueError`` or ``IndexError`` where they break off."""
    place, filled = 0, len(record.rstrip(b"\0"))
    while place < filled:
        if record[place] != _MARK or place + 5 > len(record):
            raise ValueError("no data set")
        size, start = int.from_bytes(record[place + 3 : place + 5], "big"), place + 5
        if size & _LONG:  # so many bytes hold the length
            digits = size - _LONG
            size, start = int.from_bytes(record[start : start + min(digits, 8)], "big"), start + digits
        if start + size > len(record):
            raise ValueError("a data set is cut off")
        yield (record[place + 1], record[place + 2]), record[place : start + size]
        place = start + size


def of_resources(resources: bytes | None) -> Iptc:
    """The record among Photoshop's image resources (TIFF tag 34377, JPEG APP13), not yet tidied."""
    if not resources:
        return Iptc(None)
    record, lost = None, dict[str, None]()
    try:
        for number, content in _resources(resources):
            if number == _IPTC and record is None:
                record = content
            elif number not in _SILENT and number != _IPTC:
                lost["Photoshop's own data (paths, guides, copyright flag, ...) are not kept"] = None
    except struct.error:
        lost["the image resources of Photoshop are damaged: what is behind the damage is not kept"] = None
    return Iptc(record, tuple(lost))


def _resources(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each resource. Raises ``struct.error`` where they break off."""
    place, filled = 0, len(data.rstrip(b"\0"))
    while place < filled:
        kind, number, name = struct.unpack_from(">4sHB", data, place)
        start = place + 6 + (name + 2) // 2 * 2  # the name and its length take an even number of bytes
        (size,) = struct.unpack_from(">I", data, start)
        content = data[start + 4 : start + 4 + size]
        if kind not in (b"8BIM", b"8B64", b"MeSa", b"AgHg", b"PHUT", b"DCSR") or len(content) != size:
            raise struct.error("no resource")
        yield number, content
        place = start + 4 + size + size % 2


def to_resources(record: bytes) -> bytes:
    """Image resources that hold a record and nothing else."""
    return b"8BIM" + struct.pack(">HHI", _IPTC, 0, len(record)) + record + bytes(len(record) % 2)
