"""Files of words and numbers that a command reads whole: recipes, lists, tables, records of runs.

Regular files alone, of a bounded size: a device would never end, a pipe might never begin. What is parsed from them is
plain and not nested deeper than anybody writes by hand, so that whoever walks through it later comes to an end.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

MOST = 64 << 20
"""Bytes that such a file may have: a split of a million pictures has fewer."""
DEEPEST = 32
"""Tables and arrays within each other."""
_BLOCK = 1 << 20  # bytes
_LARGEST = 64  # bits of a whole number: Python takes long over those of very many digits, and refuses to write them


def open_regular(path: Path) -> BinaryIO:
    """A stream to read ``path`` from. Raises OSError, and ValueError with a reason where it is no regular file."""
    if not stat.S_ISREG(path.stat().st_mode):  # before opening: a pipe that nobody writes to would wait for ever
        raise ValueError("it is a folder" if path.is_dir() else "it is no regular file")
    return path.open("rb")


def read_small(path: Path, most: int = MOST) -> bytes:
    """All of a file. Raises OSError, and ValueError with a reason for what is no regular file or has more bytes."""
    with open_regular(path) as stream:
        return read_at_most(stream, most, os.fstat(stream.fileno()).st_size)


def read_at_most(stream: BinaryIO, most: int = MOST, expected: int = _BLOCK) -> bytes:
    """All that is left of a stream, which has perhaps ``expected`` bytes. Raises ValueError with a reason where it has
    more than ``most``.
    """
    ask = min(expected, most) + 1  # memory is taken for as much as is asked for
    blocks, size = [stream.read(ask)], ask
    while len(blocks[-1]) == ask and size <= most:
        ask = min(_BLOCK, most + 1 - size)
        blocks.append(stream.read(ask))
        size += ask
    if sum(map(len, blocks)) > most:
        raise ValueError(f"it is larger than {most >> 10} KiB")
    return b"".join(blocks) if len(blocks) > 1 else blocks[0]


def parsed(parse: Callable[[str], Any], text: str) -> Any:
    """What ``parse`` makes of ``text``. Raises ValueError, with a reason, also for what is not plain."""
    try:
        value = parse(text)
    except RecursionError as error:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels") from error
    check_plain(value)
    return value


def check_plain(value: Any) -> None:
    """Raise ValueError, with a reason, for tables and arrays that are nested too deep, and for numbers and texts that
    could not be written down again.
    """
    for item in nested(value):
        _check_leaf(item)


def nested(value: Any, deepest: int = DEEPEST) -> Iterator[Any]:
    """``value`` and all that is in it. Raises ValueError, with a reason, once that is nested too deep."""
    level, depth = [value], 0
    while level:
        if depth > deepest:
            raise ValueError(f"it is nested deeper than {deepest} levels")
        yield from level
        level, depth = [inner for item in level for inner in _inner(item)], depth + 1


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []


def _check_leaf(value: Any) -> None:
    if isinstance(value, int) and value.bit_length() > _LARGEST:
        raise ValueError(f"it holds a whole number of more than {_LARGEST} bits")
    if isinstance(value, str) and "\0" in value:
        raise ValueError("it holds a NUL character, which no text and no name has")
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError("it holds half a character, which is no text") from error
