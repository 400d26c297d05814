"""Stacks: pictures that lie one after the other behind the first page of a TIFF, which alone is listed.

ImageJ writes them beyond 4 GB, tifffile on request, MetaMorph always. What the page says of them is a promise: it is
kept where the samples are neither packed nor in pieces, and the file is long enough for all of them.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import BinaryIO

from nircolor.image.tiff import ifd
from nircolor.image.tiff.ifd import IfdEntry

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _DESCRIPTION, _OFFSETS, _SAMPLES, _COUNTS = 256, 257, 258, 259, 270, 273, 277, 279
_DEPTH, _METAMORPH = 32997, 33629
_MOST = 10**9  # a description may promise anything
_WANTED = (_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _DESCRIPTION, _OFFSETS, _SAMPLES, _COUNTS, _DEPTH, _METAMORPH)
_HEAD = 4096  # bytes within which the first element of OME-XML stands, after its usual comment


@dataclass(frozen=True)
class Stack:
    """What the first page says of the pictures behind it.

    count: how many there are, itself included; 1 where it says nothing, or is damaged. step: bytes from the samples of
    one picture to those of the next; None where they cannot be found. notes: what of the description has no place in
    an output.
    """

    count: int = 1
    step: int | None = None
    notes: tuple[str, ...] = ()


def stack(stream: BinaryIO, offset: int) -> Stack:
    """What the page at ``offset`` says. Its description is searched for a few words, and never parsed as XML."""
    layout, _ = ifd.read_header(stream)
    try:
        entries, end = ifd.read_ifd(stream, offset, layout, _WANTED, cut=True)
    except ValueError:  # reported, with all else that is wrong with the page, when it is read
        return Stack()
    found = {entry.tag: entry for entry in reversed(entries)}
    text = found[_DESCRIPTION].data.strip(b"\0 \t\r\n\xef\xbb\xbf") if _DESCRIPTION in found else b""
    planes = found[_METAMORPH].count if _METAMORPH in found else 1
    count = max(planes, _images(text), _shaped(text, found))
    taken = [(offset, end), *((entry.position, entry.position + len(entry.data)) for entry in entries)]
    step = _step(found, count, stream.seek(0, 2), taken) if count > 1 else None
    return Stack(count, step, _notes(text))


def _images(text: bytes) -> int:
    images = re.search(rb"^images=(\d{1,9})\s*$", text, re.MULTILINE) if text.startswith(b"ImageJ=") else None
    return int(images[1]) if images else 1


def _shaped(text: bytes, found: dict[int, IfdEntry]) -> int:
    """By the shape that tifffile notes: {"shape": [10, 480, 640], ...}."""
    if not text.startswith(b'{"shape"'):
        return 1
    try:
        shape = json.loads(text)["shape"]
        values = math.prod(int(side) for side in shape)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return 1
    page = math.prod(_number(found, tag) for tag in (_WIDTH, _HEIGHT, _SAMPLES, _DEPTH))
    return min(values // page, _MOST) if page else 1


def _step(found: dict[int, IfdEntry], count: int, size: int, taken: list[tuple[int, int]]) -> int | None:
    """Bytes of one picture, where ``count`` of them follow each other in a file of ``size`` bytes, none ``taken``."""
    strips = [tuple(map(int, found[tag].numbers())) if tag in found else () for tag in (_OFFSETS, _COUNTS)]
    starts, lengths = strips
    row = (_number(found, _WIDTH) * _number(found, _SAMPLES) * _number(found, _BITS) + 7) // 8
    step = row * _number(found, _HEIGHT)
    if not step or _number(found, _COMPRESSION) != 1 or _number(found, _DEPTH) != 1 or sum(lengths) != step:
        return None
    if len(starts) != len(lengths) or any(a + n != b for a, n, b in zip(starts, lengths, starts[1:], strict=False)):
        return None
    end = starts[0] + count * step
    free = not any(begin < end and starts[0] < stop for begin, stop in taken)
    return step if free and end <= size else None


def _number(found: dict[int, IfdEntry], tag: int) -> int:
    """The first value of a tag; 1 where it is missing, which is the default of those that may be."""
    numbers = found[tag].numbers() if tag in found else ()
    return int(numbers[0]) if numbers else 1


def _notes(text: bytes) -> tuple[str, ...]:
    if text.startswith(b"ImageJ="):
        return ("the ImageJ description is not kept: it is about the near-infrared file",)
    if text.startswith((b"<?xml", b"<OME")):
        kind = "OME-XML" if b"<OME" in text[:_HEAD] else "XML description"
        return (f"the {kind} is not kept: it is about the near-infrared file",)
    return ()
