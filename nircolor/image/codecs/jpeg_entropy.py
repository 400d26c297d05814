"""How many blocks the entropy-coded data of a JPEG really holds: Huffman codes are followed, pixels are not computed.

libjpeg fills lost data with grey and goes on; of its warnings neither Pillow nor imagecodecs hands one on. Here each
function walks through one run of data between two markers, stuffing removed, and returns how many blocks (or MCUs) are
whole and the bit behind the last of them. A code that does not exist ends the walk like the end of the data.

``data``: bytes, followed by at least ``PADDING`` zeros; ``last``: how many bits of it count. A table has 65536 entries,
one for each possible next 16 bits: length of the code times 256 plus its symbol, 0 where there is no such code.
References: ITU-T T.81, F.2.2 (sequential) and G.2.2 (progressive).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

PADDING = 32
"""Zero bytes behind the data, so that a block that runs out of it needs no check at each bit."""


def _jit(function: Callable[..., Any]) -> Callable[..., Any]:
    # a disk cache, or none where no folder can be written; no kernel calls another, or numba would not find it again
    try:
        return numba.njit(cache=True, nogil=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return numba.njit(nogil=True)(function)  # type: ignore[no-any-return]


@_jit
def sequential(data: Any, last: int, mcus: int, units: Any, end: int, dc: Any, ac: Any) -> tuple[int, int]:
    """MCUs of a sequential scan (``end`` 63), or of the first DC scan of a progressive picture (``end`` 0).

    ``units``: for each block of an MCU the rows of ``dc`` and ``ac`` (n, 65536) that its codes are in.
    """
    whole, bit = 0, 0
    for mcu in range(mcus):
        for unit in range(units.shape[0]):
            k = 0
            while k <= end:
                at = bit >> 3
                word = (int(data[at]) << 16) | (int(data[at + 1]) << 8) | int(data[at + 2])
                index = (word >> (8 - (bit & 7))) & 0xFFFF
                code = int(dc[units[unit, 0], index]) if k == 0 else int(ac[units[unit, 1], index])
                run, size = (code >> 4) & 15, code & 15
                bit += (code >> 8) + size
                if code == 0 or bit > last:
                    return mcu, whole
                if k == 0:
                    k = 1
                elif size == 0:
                    k = k + 16 if run == 15 else 64
                else:
                    k += run + 1
                    if k > 64:  # a coefficient behind the last one
                        return mcu, whole
        whole = bit
    return mcus, whole


@_jit
def spectral(
    data: Any, last: int, first: int, blocks: int, start: int, end: int, table: Any, present: Any
) -> tuple[int, int]:
    """Blocks ``first`` to ``first + blocks`` in the first scan of the coefficients ``start`` to ``end``.

    ``present`` (all blocks,) int64: bit k - 1 says that coefficient k is not zero; those found are added.
    """
    whole, bit, skip = 0, 0, 0
    for block in range(blocks):
        k = 64 if skip else start
        skip = max(skip - 1, 0)
        while k <= end:
            at = bit >> 3
            word = (int(data[at]) << 16) | (int(data[at + 1]) << 8) | int(data[at + 2])
            code = int(table[(word >> (8 - (bit & 7))) & 0xFFFF])
            run, size = (code >> 4) & 15, code & 15
            bit += code >> 8
            if code == 0 or bit > last:
                return block, whole
            if size == 0 and run < 15:  # this block and the next ones end here
                at = bit >> 3
                word = (int(data[at]) << 16) | (int(data[at + 1]) << 8) | int(data[at + 2])
                skip = (1 << run) - 1 + ((word >> (24 - (bit & 7) - run)) & ((1 << run) - 1))
                bit += run
                k = 64
            elif size == 0:
                k += 16
            else:
                k += run
                bit += size
                if k > end:
                    return block, whole
                present[first + block] |= 1 << (k - 1)
                k += 1
            if bit > last:
                return block, whole
        whole = bit
    return blocks, whole


@_jit
def refinement(
    data: Any, last: int, first: int, blocks: int, start: int, end: int, table: Any, present: Any
) -> tuple[int, int]:
    """The same for a scan that gives the coefficients ``start`` to ``end`` one more bit of precision."""
    whole, bit, skip = 0, 0, 0
    for block in range(blocks):
        k = start
        while k <= end and skip == 0:
            at = bit >> 3
            word = (int(data[at]) << 16) | (int(data[at + 1]) << 8) | int(data[at + 2])
            code = int(table[(word >> (8 - (bit & 7))) & 0xFFFF])
            run, size = (code >> 4) & 15, code & 15
            bit += code >> 8
            if code == 0 or bit > last or size > 1:
                return block, whole
            if size == 0 and run < 15:
                at = bit >> 3
                word = (int(data[at]) << 16) | (int(data[at + 1]) << 8) | int(data[at + 2])
                skip = (1 << run) + ((word >> (24 - (bit & 7) - run)) & ((1 << run) - 1))
                bit += run
                break
            bit += size
            while k <= end:  # a correction bit for each coefficient that is there; ``run`` that are not are passed over
                if (present[first + block] >> (k - 1)) & 1:
                    bit += 1
                elif run == 0:
                    break
                else:
                    run -= 1
                k += 1
            if size and k > end:
                return block, whole
            if size:
                present[first + block] |= 1 << (k - 1)
            k += 1
            if bit > last:
                return block, whole
        if skip:
            while k <= end:
                bit += (present[first + block] >> (k - 1)) & 1
                k += 1
            skip -= 1
        if bit > last:
            return block, whole
        whole = bit
    return blocks, whole
