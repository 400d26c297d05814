"""Whether the codes of an LZW strip or tile make sense: decoders follow those that do not into memory of others.

What imagecodecs does not look at is the first code after a clear code, which must be a byte: any other stands for what
was never defined, and ends the process. Reference: TIFF 6.0, section 13; old files have the order of bits, and the
place where codes become longer, of GIF.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from nircolor.errors import InputError

_CLEAR, _END, _FIRST, _MOST = 256, 257, 258, 4096
_PADDING = bytes(4)


def _jit(function: Callable[..., Any]) -> Callable[..., Any]:
    # a disk cache, or none where no folder can be written
    try:
        return numba.njit(cache=True, nogil=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return numba.njit(nogil=True)(function)  # type: ignore[no-any-return]


def check_lzw(data: bytes) -> None:
    """Follow all codes of ``data``. Raises ``InputError`` for one that stands for nothing.

    Data that ends early is none of it: it gives too few samples, which shows.
    """
    old = len(data) > 1 and data[0] == 0 and data[1] & 1 == 1
    if not _makes_sense(np.frombuffer(data + _PADDING, np.uint8), 8 * len(data), old):
        raise InputError("is damaged: it has LZW codes that stand for nothing", remedy="get a fresh copy")


@_jit
def _makes_sense(data: Any, last: int, old: bool) -> bool:
    """``data``: bytes and at least 3 more, ``last``: how many bits of it count; ``old``: lowest bit first."""
    bit, width, known, fresh = 0, 9, _FIRST, True
    early = 0 if old else 1  # codes become longer one code before they have to
    while bit + width <= last:
        at, shift = bit >> 3, bit & 7
        if old:
            word = int(data[at]) | (int(data[at + 1]) << 8) | (int(data[at + 2]) << 16)
            code = (word >> shift) & ((1 << width) - 1)
        else:
            word = (int(data[at]) << 16) | (int(data[at + 1]) << 8) | int(data[at + 2])
            code = (word >> (24 - shift - width)) & ((1 << width) - 1)
        bit += width
        if code == _END:
            return True
        if code == _CLEAR:
            width, known, fresh = 9, _FIRST, True
        elif fresh:
            if code > _CLEAR:
                return False
            fresh = False
        else:
            if code > known or known >= _MOST:
                return False
            known += 1
            if known + early == 1 << width and width < 12:
                width += 1
    return True
