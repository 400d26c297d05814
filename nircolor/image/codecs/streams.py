"""Pictures one after the other in one file, as cameras and FFmpeg's pipes write them: raw MJPEG and its like.

A reader of single pictures would take the first and keep silent about the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from mmap import mmap

from nircolor.image.formats import sniff

Bytes = bytes | mmap

_FILLED = re.compile(rb"[^\0]")
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in compressed data: all but stuffing, restarts and padding
_SCAN, _END, _APP2, _FRAME = 0xDA, 0xD9, 0xE2, 0xC0
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # which hold the size
_MOST_SEGMENTS = 10_000  # of an honest JPEG, which has some dozens
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length


def is_stream(data: Bytes) -> bool:
    """Whether a second picture of the format of the first follows on it.

    A JPEG may carry a preview, a depth map or the other eye behind it, and is one picture: it says so itself (MPF), or
    what follows is of another size.
    """
    end = _end(data, 0)
    start = None if end is None else _next(data, end)
    if start is None or sniff(data[:16]) != "JPEG":
        return start is not None
    first, second = list(_header(data, 0)), list(_header(data, start))
    return _size(first) == _size(second) and not any(k == _APP2 and c.startswith(b"MPF\0") for k, c in first)


def parts(data: Bytes) -> Iterator[bytes]:
    """Each picture of a stream, and as the last part whatever is left where one does not end."""
    start: int | None = 0
    while start is not None:
        end = _end(data, start)
        yield bytes(data[start:end])
        start = None if end is None else _past_padding(data, end)


def _next(data: Bytes, end: int) -> int | None:
    """Where the picture after one that ended at ``end`` begins."""
    start = _past_padding(data, end)
    return start if start is not None and sniff(data[start : start + 16]) == sniff(data[:16]) else None


def _past_padding(data: Bytes, place: int) -> int | None:
    found = _FILLED.search(data, place)
    return found.start() if found else None


def _end(data: Bytes, start: int) -> int | None:
    """Where the picture that begins at ``start`` ends; None where it does not, or nobody knows."""
    find = _ENDS.get(sniff(data[start : start + 16]) or "")
    end = find(data, start) if find else None
    return end if end is not None and start < end <= len(data) else None


def _jpeg(data: Bytes, start: int) -> int | None:
    place = start + 2
    for _ in range(_MOST_SEGMENTS):
        if (found := _marker(data, place)) is None:
            return None
        kind, place = found
        if kind == _END:
            return place
        place += _length(data, place, kind)
        if kind == _SCAN:
            rest = _MARKER.search(data, place)
            place = rest.start() if rest else len(data)
    return None


def _header(data: Bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Kind and beginning of the content of each segment before the pixels; all kinds of frames count as one."""
    place = start + 2
    for _ in range(_MOST_SEGMENTS):
        if (found := _marker(data, place)) is None or found[0] in (_SCAN, _END):
            return
        kind, place = found
        yield (_FRAME if kind in _FRAMES else kind), bytes(data[place + 2 : place + 7])
        place += _length(data, place, kind)


def _size(header: list[tuple[int, bytes]]) -> bytes | None:
    return next((content for kind, content in header if kind == _FRAME), None)


def _marker(data: Bytes, place: int) -> tuple[int, int] | None:
    """Kind of the marker at ``place``, which may be padded, and where it ends."""
    while data[place : place + 2] == b"\xff\xff":
        place += 1
    two = data[place : place + 2]
    return (two[1], place + 2) if len(two) == 2 and two[0] == 0xFF else None


def _length(data: Bytes, place: int, kind: int) -> int:
    return 0 if kind in _ALONE else int.from_bytes(data[place : place + 2], "big")


def _png(data: Bytes, start: int) -> int | None:
    place = start + 8
    while len(head := data[place : place + 8]) == 8:
        place += 12 + int.from_bytes(head[:4], "big")
        if head[4:] == b"IEND":
            return place
    return None


def _bmp(data: Bytes, start: int) -> int | None:
    size = int.from_bytes(data[start + 2 : start + 6], "little")
    return start + size if size > 14 else None


def _webp(data: Bytes, start: int) -> int | None:
    size = int.from_bytes(data[start + 4 : start + 8], "little")
    return start + 8 + size + size % 2


_ENDS: dict[str, Callable[[Bytes, int], int | None]] = {"JPEG": _jpeg, "PNG": _png, "BMP": _bmp, "WEBP": _webp}
