"""Samples that lie in a file row after row, not compressed, all of a pixel together: .npy, PGM and its like, PFM.

Rows are read in blocks of a few megabytes, and those that a window touches are kept for its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from nircolor.errors import InputError
from nircolor.image.limits import check_promise
from nircolor.image.raster import Bands, Raster, Samples
from nircolor.image.sample_types import Clipped, SampleType
from nircolor.image.stored import Block

_BLOCK = 4 << 20  # bytes of the file that are read at once
_WIDEST = 1 << 30  # bytes of a row


@dataclass(frozen=True)
class Layout:
    """Where the samples lie."""

    start: int
    """Of the first one, in bytes."""
    height: int
    width: int
    count: int
    """Samples of a pixel."""
    dtype: np.dtype[Any]
    """With its byte order."""
    upward: bool = False
    """True where the first row in the file is the lowest of the picture."""

    @property
    def row(self) -> int:
        """Bytes of one."""
        return self.width * self.count * self.dtype.itemsize

    @property
    def end(self) -> int:
        """Where the samples end, in bytes."""
        return self.start + self.height * self.row

    def check(self, size: int) -> None:
        """Raise ``InputError`` where a file of ``size`` bytes does not hold all of them."""
        check_promise(self.width, self.height, self.dtype.itemsize, 0, None)
        if size < self.end:
            there, wanted = ((end - self.start) // self.dtype.itemsize for end in (max(size, self.start), self.end))
            raise InputError(f"is truncated: it has {there} of {wanted} samples", remedy="get a fresh copy")


class RowStored:
    """A ``Stored`` over an open file; see ``stored.Stored``."""

    def __init__(self, stream: BinaryIO, layout: Layout, bands: Bands, kind: SampleType, meaning: Raster) -> None:
        """Raises ``InputError`` where the file is shorter than ``layout`` says, or a row is too long."""
        layout.check(stream.seek(0, 2))
        if layout.row > _WIDEST:
            raise InputError(f"has rows of {layout.row} bytes", remedy="cut it into parts first")
        self.meaning, self.channels = meaning, len(bands.colour)
        self.shape, self.dtype = (layout.height, layout.width), kind.handed
        self._stream, self._layout, self._bands, self._kind = stream, layout, bands, kind
        self._step = max(1, _BLOCK // layout.row)
        self._blocks: dict[int, list[Samples]] = {}
        self._clipped = Clipped(meaning.warnings, kind)

    def read(self, rows: slice, columns: slice) -> Block:
        """See ``Stored``."""
        touched = range(rows.start // self._step, -(-rows.stop // self._step))
        self._blocks = {number: self._blocks[number] for number in touched if number in self._blocks}
        for number in touched:
            if number not in self._blocks:
                self._blocks[number] = self._load(number)
        first = touched.start * self._step
        window = slice(rows.start - first, rows.stop - first), columns
        blocks = zip(*(self._blocks[number] for number in touched), strict=True)
        planes = [_joined(parts, *window) for parts in blocks]
        alpha = None if self._bands.alpha is None else planes.pop()
        return Block(planes, alpha)

    def _load(self, number: int) -> list[Samples]:
        """The wanted planes of block ``number`` of rows, from the top of the picture; alpha is the last."""
        layout, top = self._layout, number * self._step
        count = min(self._step, layout.height - top)
        first = layout.height - top - count if layout.upward else top
        self._stream.seek(layout.start + first * layout.row)
        data = self._stream.read(count * layout.row)
        if len(data) < count * layout.row:
            raise InputError("is truncated: it has become shorter", remedy="get a fresh copy")
        stored = np.frombuffer(data, layout.dtype).reshape(count, layout.width, layout.count)
        return self._converted(stored[::-1] if layout.upward else stored, number)

    def _converted(self, stored: Samples, number: int) -> list[Samples]:
        planes, below = [], 0
        for band in self._bands.all:
            plane, clipped = self._kind.convert(stored[:, :, band], mask=band == self._bands.alpha)
            planes.append(np.ascontiguousarray(plane))
            below += clipped
        self._clipped.add(number, below)
        return planes


def _joined(parts: tuple[Samples, ...], rows: slice, columns: slice) -> Samples:
    """A window of blocks one below the other; of a single block a view."""
    if len(parts) == 1:
        return parts[0][rows, columns]
    found, place, top = [], 0, 0
    for part in parts:
        place, top = top, top + len(part)
        found.append(part[max(0, rows.start - place) : max(0, rows.stop - place), columns])
    return np.concatenate(found)
