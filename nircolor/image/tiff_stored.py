"""The samples of a TIFF page, window by window: only strips and tiles that a window touches are decoded.

What is decoded is kept for the windows to come: all of a small picture; of a large one as many rows of strips or tiles
as the tallest window touches, those that were used last.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffPage

from nircolor.errors import InputError
from nircolor.image import tiff_checks
from nircolor.image.decode import in_short
from nircolor.image.raster import Damaged, Raster, Samples
from nircolor.image.stored import Block

_JPEG = 7
_KEPT = 256 << 20  # bytes of decoded samples that are kept whatever the windows


@dataclass(frozen=True)
class Wanted:
    """Which samples of a pixel are read, counted from 0."""

    colour: tuple[int, ...]
    alpha: int | None

    @property
    def all(self) -> tuple[int, ...]:
        """Colours first, then alpha."""
        return self.colour if self.alpha is None else (*self.colour, self.alpha)


class _Segment(NamedTuple):
    """A decoded strip or tile, of which what lies beyond the picture is cut off; None: a hole of a sparse file."""

    planes: list[Samples] | None
    lost: bool = False


class TiffStored:
    """A ``Stored`` over ``page``, whose file is open."""

    def __init__(self, page: TiffPage, stream: BinaryIO, meaning: Raster, wanted: Wanted, damaged: Damaged) -> None:
        self.meaning, self.channels = meaning, len(wanted.colour)
        self.shape, self.dtype = (page.imagelength, page.imagewidth), tiff_checks.sample_type(page)
        self._page, self._stream, self._wanted, self._damaged = page, stream, wanted, damaged
        self._side = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
        self._across, self._down = (-(-self.shape[axis] // self._side[axis]) for axis in (1, 0))
        self._rows: OrderedDict[int, dict[int, _Segment]] = OrderedDict()
        row = min(self._side[0], self.shape[0]) * self.shape[1] * self.dtype.itemsize * len(wanted.all)
        self._most = max(1, _KEPT // row)
        self._damage = _Damage(meaning.warnings)

    def read(self, rows: slice, columns: slice) -> Block:
        """See ``Stored``."""
        shape = rows.stop - rows.start, columns.stop - columns.start
        planes = [np.empty(shape, self.dtype) for _ in self._wanted.all]
        lost = np.zeros(shape, bool) if self._damaged == "nodata" else None
        touched = [_touched(window, side) for window, side in zip((rows, columns), self._side, strict=True)]
        self._make_room(touched[0])
        for row in touched[0]:
            for column in touched[1]:
                segment = self._segment(row, column)
                here, there = self._overlap(rows, columns, row, column)
                for number, plane in enumerate(planes):
                    plane[here] = self._hole() if segment.planes is None else segment.planes[number][there]
                if lost is not None and segment.lost:
                    lost[here] = True
        alpha = None if self._wanted.alpha is None else planes.pop()
        return Block(planes, alpha, lost if lost is not None and lost.any() else None)

    def _make_room(self, touched: range) -> None:
        """Make the rows that are ``touched`` those that were used last, and let go of those used before the others."""
        self._most = max(self._most, len(touched))
        for row in touched:
            self._rows.setdefault(row, {})
            self._rows.move_to_end(row)
        while len(self._rows) > self._most:
            self._rows.popitem(last=False)

    def _overlap(
        self, rows: slice, columns: slice, row: int, column: int
    ) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Where a segment lies in a window, and the window in the segment."""
        places = [
            _shared(window, number * side, side)
            for window, number, side in zip((rows, columns), (row, column), self._side, strict=True)
        ]
        return (places[0][0], places[1][0]), (places[0][1], places[1][1])

    def _segment(self, row: int, column: int) -> _Segment:
        known = self._rows[row]
        if column not in known:
            known[column] = self._decoded(row, column)
        return known[column]

    def _decoded(self, row: int, column: int) -> _Segment:
        """Raises ``InputError``, which says where the segment lies."""
        index = row * self._across + column
        try:
            if self._page.planarconfig == 1:
                block = self._unpacked(index)
                return _Segment(None if block is None else [self._sample(block, each) for each in self._wanted.all])
            blocks = [self._unpacked(each * self._across * self._down + index) for each in self._wanted.all]
            return _Segment(self._separate(blocks, row, column))
        except MemoryError:
            raise
        except Exception as error:  # the decoders of damaged files raise whatever they stumble over
            return self._without(row, column, error)

    def _unpacked(self, index: int) -> NDArray[Any] | None:
        """Segment number ``index``, (h, w, samples); None for a hole."""
        page, offset, count = self._page, self._page.dataoffsets[index], self._page.databytecounts[index]
        if not offset and not count:
            return None
        self._stream.seek(offset)
        data, options = self._stream.read(count), {}
        if len(data) < count or not offset or not count:
            raise InputError("is truncated", remedy="get a fresh copy")
        if page.compression == _JPEG:
            tiff_checks.check_jpeg(data, page.jpegtables or b"", self._side)
            options = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}
        block, (_, _, top, left, _), _ = page.decode(data, index, _fullsize=False, **options)
        height, width = self.shape
        return None if block is None else np.asarray(block[0, : height - top, : width - left])

    def _sample(self, block: NDArray[Any], number: int) -> Samples:
        # float64 beyond float32 becomes infinite and is dealt with as such
        with np.errstate(over="ignore", invalid="ignore"):
            return np.ascontiguousarray(block[:, :, number], self.dtype)

    def _separate(self, blocks: list[NDArray[Any] | None], row: int, column: int) -> list[Samples] | None:
        """One block for each of the wanted samples, some of which may be holes."""
        if all(block is None for block in blocks):
            return None
        (top, left), (height, width) = (row * self._side[0], column * self._side[1]), self.shape
        shape = min(self._side[0], height - top), min(self._side[1], width - left)
        hole = np.full(shape, self._hole(), self.dtype)
        return [hole if block is None else self._sample(block, 0) for block in blocks]

    def _hole(self) -> float:
        """What is in the holes of a sparse file: the nodata value, where the type can hold it."""
        nodata, dtype = self.meaning.nodata, self.dtype
        fits = nodata is not None and (dtype.kind == "f" or (0 <= nodata <= np.iinfo(dtype).max and nodata % 1 == 0))
        return nodata if fits and nodata is not None else 0

    def _without(self, row: int, column: int, error: Exception) -> _Segment:
        """A segment without data, or the ``InputError`` that says so."""
        kind = "tile" if self._page.is_tiled else "strip"
        place = f"its {kind} at row {row * self._side[0]}, column {column * self._side[1]}"
        reason = error.reason.removeprefix("is damaged: ") if isinstance(error, InputError) else in_short(error)
        place = f"{place} ({reason})"
        if self._damaged == "nodata":
            self._damage.add((row, column), place, self._across * self._down)
            return _Segment(None, lost=True)
        raise InputError(
            f"is damaged: {place}", remedy="get a fresh copy, or read the rest of it with `damaged=nodata`"
        ) from error


class _Damage:
    """Which segments are lost, and one line about them among ``warnings``, which is kept up to date."""

    def __init__(self, warnings: list[str]) -> None:
        self._warnings, self._places, self._first = warnings, set[tuple[int, int]](), ""
        self._line: int | None = None

    def add(self, place: tuple[int, int], name: str, all: int) -> None:
        self._places.add(place)
        if self._line is None:
            self._first, self._line = name, len(self._warnings)
            self._warnings.append("")
        count = len(self._places)
        self._warnings[self._line] = f"{count} of its {all} strips or tiles became no data, the first: {self._first}"


def _touched(window: slice, side: int) -> range:
    return range(window.start // side, -(-window.stop // side))


def _shared(window: slice, start: int, side: int) -> tuple[slice, slice]:
    """What ``window`` and the ``side`` samples from ``start`` have in common, as places in each of the two."""
    low, high = max(window.start, start), min(window.stop, start + side)
    return slice(low - window.start, high - window.start), slice(low - start, high - start)
