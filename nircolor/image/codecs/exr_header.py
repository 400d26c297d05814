"""The header of an OpenEXR file (openexr.com, "OpenEXR File Layout").

Read here, because the library takes memory for it, or falls over one that is damaged.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from nircolor.errors import InputError

_VERSION, _DEEP, _SEVERAL = 0xFF, 0x800, 0x1000  # of the field that follows on the magic number
_MOST, _LONGEST = 1000, 255  # attributes, and bytes of a name
_COMPRESSIONS = 12
_HEAD = 1 << 16  # bytes in which most headers end
_SIZES = {"box2i": 16, "compression": 1, "lineOrder": 1, "float": 4, "v2f": 8}
_NEEDED = {
    "channels": "chlist",
    "compression": "compression",
    "dataWindow": "box2i",
    "displayWindow": "box2i",
    "lineOrder": "lineOrder",
    "pixelAspectRatio": "float",
    "screenWindowCenter": "v2f",
    "screenWindowWidth": "float",
}
_TYPES = {0: "uint32", 1: "float16", 2: "float32"}

Window = tuple[int, int, int, int]  # left, top, right, bottom: the last ones are inside


@dataclass(frozen=True)
class Channel:
    """One band: its type, ``uint32``, ``float16`` or ``float32``, and whether each pixel has a sample."""

    type: str
    full: bool


@dataclass(frozen=True)
class ExrHeader:
    """What matters of the attributes."""

    data: Window
    display: Window
    channels: dict[str, Channel]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of what is stored."""
        left, top, right, bottom = self.data
        return bottom - top + 1, right - left + 1


def size_of(stream: BinaryIO) -> tuple[int, int]:
    """Height and width of what is stored. Raises ``InputError``."""
    return read_header(stream.read(_HEAD)).shape


def read_header(data: bytes) -> ExrHeader:
    """Read the header of a file of one part. Raises ``InputError`` for others, and for what makes no sense."""
    try:
        (field,) = struct.unpack_from("<I", data, 4)
        if field & _VERSION != 2 or field & (_DEEP | _SEVERAL):
            raise InputError("is an OpenEXR of several parts, or a deep one", remedy="save one flat part alone first")
        attributes = _attributes(data)
        _check(attributes)
        windows = [struct.unpack("<4i", attributes[name][1]) for name in ("dataWindow", "displayWindow")]
        return ExrHeader(windows[0], windows[1], _channels(attributes["channels"][1]))
    except (ValueError, KeyError, struct.error) as error:
        raise InputError("is damaged: the OpenEXR has no header that makes sense", remedy="get a fresh copy") from error


def _attributes(data: bytes) -> dict[str, tuple[str, bytes]]:
    """Type and value of each attribute."""
    found: dict[str, tuple[str, bytes]] = {}
    place = 8
    for _ in range(_MOST):
        name, place = _text(data, place)
        if not name:
            return found
        kind, place = _text(data, place)
        (size,) = struct.unpack_from("<I", data, place)
        place += 4 + size
        if place > len(data):
            raise ValueError("an attribute beyond the end")
        if name in found:
            raise ValueError("an attribute twice")
        found[name] = kind, data[place - size : place]
    raise ValueError("too many attributes")


def _text(data: bytes, place: int) -> tuple[str, int]:
    """A text that ends with a zero, and where the next begins."""
    end = data.index(b"\0", place, place + _LONGEST + 1)
    return data[place:end].decode("latin-1"), end + 1


def _check(attributes: dict[str, tuple[str, bytes]]) -> None:
    for name, kind in _NEEDED.items():
        if attributes[name][0] != kind or len(attributes[name][1]) != _SIZES.get(kind, len(attributes[name][1])):
            raise ValueError(f"{name} of a wrong type")
    if attributes["compression"][1][0] >= _COMPRESSIONS or attributes["lineOrder"][1][0] > 2:
        raise ValueError("an unknown compression")


def _channels(value: bytes) -> dict[str, Channel]:
    found: dict[str, Channel] = {}
    place = 0
    while value[place:] != b"\0":
        name, place = _text(value, place)
        kind, _, across, down = struct.unpack_from("<iIii", value, place)
        found[name] = Channel(_TYPES[kind], (across, down) == (1, 1))
        place += 16
    return found
