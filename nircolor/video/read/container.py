"""Video files by their first bytes: what they are, whether they carry sound, and with which codec one is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nircolor.image.formats import by_suffix

CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG", ".webm": "VP90"}
"""Suffixes of videos that can be written, and the codec of each: one that every build of OpenCV has."""

_OTHERS = (
    *(".3gp", ".264", ".265", ".apng", ".asf", ".flv", ".gif", ".h264", ".h265", ".hevc", ".m1v", ".m2ts", ".m2v"),
    *(".mjpeg", ".mjpg", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".wmv", ".y4m"),
)
HEAD = 400
"""Bytes that ``sniff`` needs."""

_MP4 = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
_LOOK = 1 << 20  # bytes at the start of a file in which its tracks are listed
_PACKETS = ((0, 188), (4, 192))  # where the packets of MPEG-TS begin, and their length; those of camcorders have a time
_DEEP = 8  # nesting of boxes: a damaged file may hold itself


def sniff(head: bytes) -> str | None:
    """Name of the container that begins with ``head``, None where it is none of those that are read.

    OpenCV would open much else by its content, such as playlists that name other files.
    """
    if head[4:8] in _MP4:
        return "MP4"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "AVI"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "Matroska"
    if head.startswith(b"\x00\x00\x01\xba"):
        return "MPEG-PS"
    if head.startswith(b"FLV\x01"):
        return "FLV"
    if head.startswith(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"):
        return "ASF"
    if head.startswith(b"YUV4MPEG2 "):
        return "Y4M"
    if any(head[start::step][:3] == b"GGG" for start, step in _PACKETS):
        return "MPEG-TS"
    return _sniff_raw(head)


def _sniff_raw(head: bytes) -> str | None:
    """Video without a container, by its first unit (ITU-T H.264 and H.265, annex B): parameters, or what precedes."""
    start = re.match(rb"\x00?\x00\x00\x01(.)(.)", head, re.DOTALL)
    if not start:
        return None
    first, second = start[1][0], start[2][0]
    if first in (0x40, 0x42, 0x44, 0x46) and second == 1:
        return "H.265"
    return "H.264" if first in (0x06, 0x09, 0x27, 0x47, 0x67) else None


def lacks_index(stream: BinaryIO) -> bool:
    """Whether an MP4 or MOV file has no list of what it holds, which is written last."""
    size = stream.seek(0, 2)
    return not any(kind == b"moov" for kind, _, _ in _boxes(stream, 0, size))


def has_sound(stream: BinaryIO, container: str) -> bool | None:
    """Whether one of the tracks is sound; None where that is not easily known."""
    if container == "MP4":
        size = stream.seek(0, 2)
        return any(handler == b"soun" for handler in _handlers(stream, 0, size))
    stream.seek(0)
    if container == "AVI":
        return re.search(rb"strh.{4}auds", stream.read(_LOOK), re.DOTALL) is not None
    if container == "Matroska":
        _, found, tracks = stream.read(_LOOK).partition(b"\x16\x54\xae\x6b")
        return b"\x83\x81\x02" in tracks if found else None  # TrackType, one byte long: 2
    return None


def _handlers(stream: BinaryIO, start: int, end: int, depth: int = 0) -> Iterator[bytes]:
    """What each track of an MP4 or MOV file is: moov > trak > mdia > hdlr (ISO/IEC 14496-12)."""
    for kind, begin, stop in _boxes(stream, start, end):
        if kind in (b"moov", b"trak", b"mdia") and depth < _DEEP:
            yield from _handlers(stream, begin, stop, depth + 1)
        elif kind == b"hdlr":
            stream.seek(begin + 8)
            yield stream.read(4)


def _boxes(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each box between two places."""
    while start + 8 <= end:
        stream.seek(start)
        head = stream.read(16)
        size, begin = int.from_bytes(head[:4], "big"), start + 8
        if size == 1:  # the size is a long one, behind the kind
            size, begin = int.from_bytes(head[8:16], "big"), start + 16
        stop = min(start + size, end) if size else end
        if stop < begin:
            return
        yield head[4:8], begin, stop
        start = stop


def is_video(path: Path) -> bool:
    """Whether ``path`` is named like a video that can be written."""
    return path.suffix.lower() in CODECS


def is_another_file(path: Path) -> bool:
    """Whether ``path`` is named like a file, but not like a video that can be written: no name for a folder."""
    return not is_video(path) and (path.suffix.lower() in _OTHERS or by_suffix(path) is not None)


def default_output(source: Path) -> Path:
    """``night.mp4`` -> ``night_rgb.mp4`` and a folder ``frames`` -> ``frames_rgb``, beside it.

    A video whose suffix stands for nothing that can be written becomes an MP4.
    """
    if source.is_dir():
        place = source if source.name not in ("", "..") else source.resolve()
        return place.with_name(f"{place.name}_rgb")
    return source.with_name(f"{source.stem}_rgb{source.suffix if is_video(source) else '.mp4'}")
