"""Where one picture comes from, and where it goes to: a path, a file in the network, bytes, or a stream."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from nircolor.errors import InputError, display_name
from nircolor.files import final_path, remove_abandoned
from nircolor.image.geo import gdal_guard
from nircolor.image.limits import MAX_BYTES
from nircolor.image.source import open_source

Source = str | Path | bytes | BinaryIO
Target = Path | BinaryIO
_BLOCK = 1 << 20  # bytes


def path_of(place: Source | Target) -> Path | None:
    """The path of a file; the name alone of one in the network; None for bytes and streams."""
    if isinstance(place, str) and gdal_guard.is_remote(place):
        return Path(gdal_guard.last_name(place))
    return Path(place) if isinstance(place, (str, Path)) else None


def make_room(target: Target) -> None:
    """Remove what killed runs have left where ``target`` will lie: it may be gigabytes."""
    if (path := path_of(target)) is not None:
        remove_abandoned(final_path(path).parent)


def name_of(place: Source | Target, stream: str) -> str:
    return display_name(place) if isinstance(place, (str, Path)) else stream


def content_of(source: Source) -> str | Path | bytes:
    return source if isinstance(source, (str, Path, bytes)) else _all_of(source)


def _all_of(stream: BinaryIO) -> bytes:
    """What is left of a stream, or as much of it as shows that it is too large; a raw one hands out pieces."""
    blocks, left = [], MAX_BYTES + 1
    try:
        while left and (block := stream.read(min(left, _BLOCK))):
            blocks.append(block)
            left -= len(block)
    except (OSError, ValueError) as error:  # ValueError: it is closed
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read ({reason})", path=b"") from error
    return b"".join(blocks)


def check_source(path: Path) -> None:
    """A missing input is reported before a missing folder of its output."""
    try:
        with open_source(path):
            pass
    except InputError as error:
        raise error.at(path) from error.__cause__


def is_same(source: Source, target: Path) -> bool:
    """Whether both are one file, be it by way of links or of a redirection to standard input."""
    if isinstance(source, bytes):
        return False
    try:
        status = os.stat(source) if isinstance(source, (str, Path)) else os.fstat(source.fileno())  # noqa: PTH116
        return os.path.samestat(status, target.stat())
    except (OSError, ValueError, AttributeError):  # no such target, or a stream that is no file
        return False
