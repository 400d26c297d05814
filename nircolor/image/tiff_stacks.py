"""How many pictures the first page of a TIFF promises: some programs store a stack of them behind a single page.

ImageJ does so beyond 4 GB, tifffile on request, MetaMorph always. What is not listed as a page cannot be chosen.
"""

from __future__ import annotations

import json
import math
import re
from typing import BinaryIO

from nircolor.image import ifd
from nircolor.image.ifd import IfdEntry

_WIDTH, _HEIGHT, _DESCRIPTION, _SAMPLES, _DEPTH, _METAMORPH = 256, 257, 270, 277, 32997, 33629
_MOST = 10**9  # a description may promise anything
_WANTED = (_WIDTH, _HEIGHT, _DESCRIPTION, _SAMPLES, _DEPTH, _METAMORPH)


def promised(stream: BinaryIO, offset: int) -> int:
    """Number of pictures that the page at ``offset`` says there are; 1 where it says nothing, or is damaged."""
    layout, _ = ifd.read_header(stream)
    try:
        entries, _ = ifd.read_ifd(stream, offset, layout, _WANTED)
    except ValueError:  # reported, with all else that is wrong with the page, when it is read
        return 1
    found = {entry.tag: entry for entry in reversed(entries)}
    planes = found[_METAMORPH].count if _METAMORPH in found else 1
    text = found[_DESCRIPTION].data.rstrip(b"\0") if _DESCRIPTION in found else b""
    if text.startswith(b"ImageJ="):
        images = re.search(rb"^images=(\d{1,9})\s*$", text, re.MULTILINE)
        return max(planes, int(images[1]) if images else 1)
    return max(planes, _shaped(text, found))


def _shaped(text: bytes, found: dict[int, IfdEntry]) -> int:
    """By the shape that tifffile notes: {"shape": [10, 480, 640], ...}."""
    if not text.startswith(b'{"shape"'):
        return 1
    try:
        shape = json.loads(text)["shape"]
        values = math.prod(int(side) for side in shape)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return 1
    sides = [found[tag].numbers() for tag in (_WIDTH, _HEIGHT, _SAMPLES, _DEPTH) if tag in found]
    page = math.prod(int(side[0]) for side in sides if side)
    return min(values // page, _MOST) if page else 1
