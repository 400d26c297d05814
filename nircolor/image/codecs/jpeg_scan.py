"""One scan of a JPEG: into which runs restart markers cut its data, and whether each holds the blocks it should."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import InputError
from nircolor.image.codecs import jpeg_entropy as entropy
from nircolor.image.codecs.jpeg_markers import Bytes, Component, JpegFrame, Scan, Tables

REMEDY = "get a fresh copy, or save it anew as PNG if it looks whole in a viewer"

Present = dict[Component, NDArray[np.int64]]
"""For each component of a progressive picture and each of its blocks, a bit for each coefficient that is not zero."""


class Marks:
    """Where the markers of a stream are; those within its data are the restart markers and what ends it."""

    def __init__(self, data: bytes) -> None:
        self.data: Bytes = np.frombuffer(data, np.uint8)
        places = np.flatnonzero(self.data[:-1] == 0xFF)
        kinds = self.data[places + 1]
        restarts = (kinds & 0xF8) == 0xD0
        self._restarts, self._others = places[restarts], places[~restarts & (kinds != 0) & (kinds != 0xFF)]

    def end(self, start: int) -> int:
        """Where the data that begins at ``start`` ends."""
        index = int(np.searchsorted(self._others, start))
        if index == len(self._others):
            raise InputError("is truncated: the JPEG ends before its end marker", remedy="get a fresh copy")
        return int(self._others[index])

    def runs(self, start: int) -> list[tuple[int, Bytes]]:
        """Number of the restart marker before each run of data (7 before the first one) and the data, not stuffed."""
        end = self.end(start)
        places = self._restarts[slice(*np.searchsorted(self._restarts, (start, end)))].tolist()
        numbers = [7, *(int(self.data[place + 1]) & 7 for place in places)]
        begins, stops = [start, *(place + 2 for place in places)], [*places, end]
        return [(n, _plain(self.data[begin:stop])) for n, begin, stop in zip(numbers, begins, stops, strict=True)]


def _plain(run: Bytes) -> Bytes:
    """``run`` without stuffing, and without the 0xFF that may fill the room before a marker."""
    filled = len(run)
    while filled and run[filled - 1] == 0xFF:
        filled -= 1
    zeros = np.flatnonzero(run[1:filled] == 0) + 1
    return np.delete(run[:filled], zeros[run[zeros - 1] == 0xFF])


@dataclass(frozen=True)
class BlockGrid:
    """How the MCUs of a scan lie: ``rows`` is the height of one in pixels, ``blocks`` (of all MCUs) its components."""

    across: int
    down: int
    rows: int
    blocks: tuple[tuple[Component, int, int], ...]


def grid(frame: JpegFrame, scan: Scan) -> BlockGrid:
    """T.81, A.2: a component alone comes block by block, several come in MCUs that are made whole at the edges."""
    widest, highest = (max(getattr(part, side) for part in frame.components) for side in ("across", "down"))
    if len(scan.components) > 1:
        blocks = tuple(entry for entry in scan.components for _ in range(entry[0].across * entry[0].down))
        return BlockGrid(ceil(frame.width / (8 * widest)), ceil(frame.height / (8 * highest)), 8 * highest, blocks)
    ((part, _, _),) = scan.components
    width, height = ceil(frame.width * part.across / widest), ceil(frame.height * part.down / highest)
    return BlockGrid(ceil(width / 8), ceil(height / 8), 8 * highest // part.down, scan.components)


def check_scan(frame: JpegFrame, scan: Scan, tables: Tables, runs: list[tuple[int, Bytes]], present: Present) -> None:
    """Refuse with ``InputError`` a scan whose ``runs`` do not hold exactly its blocks."""
    lie = grid(frame, scan)
    count = lie.across * lie.down
    step = tables.restart or count
    for number, first in enumerate(range(0, count, step)):
        wanted = min(step, count - first)
        if number >= len(runs) or runs[number][0] != (number - 1) % 8:
            raise _missing(frame, lie, first)
        done, left = _walk(scan, tables, lie, first, wanted, runs[number][1], present)
        if done < wanted:
            raise _missing(frame, lie, first + done)
        if left:
            raise _too_much(frame, lie, first + wanted, left)
    if len(runs) > ceil(count / step):
        raise _too_much(frame, lie, count, sum(len(run) for _, run in runs[ceil(count / step) :]))


def _missing(frame: JpegFrame, lie: BlockGrid, block: int) -> InputError:
    row = block // lie.across * lie.rows
    return InputError(f"is damaged: data is missing from row {row} of {frame.height} on", remedy=REMEDY)


def _too_much(frame: JpegFrame, lie: BlockGrid, block: int, left: int) -> InputError:
    row = min(ceil(block / lie.across) * lie.rows, frame.height)
    return InputError(
        f"is damaged: {left} bytes are left over at row {row} of {frame.height}: rows above it are wrong", remedy=REMEDY
    )


def _walk(
    scan: Scan, tables: Tables, lie: BlockGrid, first: int, count: int, run: Bytes, present: Present
) -> tuple[int, int]:
    """How many of ``count`` MCUs from number ``first`` on are whole in ``run``, and how many bytes lie behind them."""
    if not scan.start and scan.before:  # one bit for each block
        done = min(count, 8 * len(run) // len(lie.blocks))
        bits = done * len(lie.blocks)
    else:
        done, bits = _follow(scan, tables, lie, first, count, run, present)
    return done, len(run) - ceil(bits / 8)


def _follow(
    scan: Scan, tables: Tables, lie: BlockGrid, first: int, count: int, run: Bytes, present: Present
) -> tuple[int, int]:
    data = np.concatenate([run, np.zeros(entropy.PADDING, np.uint8)])
    if not scan.start:
        units, dc, ac = _units(scan, tables, lie)
        return _ints(entropy.sequential(data, 8 * len(run), count, units, scan.end, dc, ac))
    ((part, _, number),) = scan.components
    coefficients = present.setdefault(part, np.zeros(lie.across * lie.down, np.int64))
    kernel = entropy.refinement if scan.before else entropy.spectral
    table = tables.get(1, number)
    return _ints(kernel(data, 8 * len(run), first, count, scan.start, scan.end, table, coefficients))


def _units(
    scan: Scan, tables: Tables, lie: BlockGrid
) -> tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[np.uint16]]:
    """For each block of an MCU where its tables are, and the tables: (blocks, 2), (n, 65536), (n, 65536)."""
    where = [scan.components.index(entry) for entry in lie.blocks]
    dc = [tables.get(0, number) for _, number, _ in scan.components]
    ac = [tables.get(1, number) for _, _, number in scan.components] if scan.end else dc
    return np.repeat(np.array(where, np.int64)[:, None], 2, axis=1), np.stack(dc), np.stack(ac)


def _ints(pair: tuple[Any, Any]) -> tuple[int, int]:
    return int(pair[0]), int(pair[1])
