"""The samples of a TIFF page, window by window: only strips and tiles that a window touches are decoded.

What is decoded is kept for the windows to come: all of a small picture; of a large one as many rows of strips or tiles
as the tallest window touches, those that were used last.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffPage

from nircolor.errors import DamagedInputError, InputError
from nircolor.image.raster import Damaged, Raster, Samples
from nircolor.image.sample_types import Clipped, SampleType
from nircolor.image.stored import Block
from nircolor.image.tiff import checks as tiff_checks
from nircolor.image.tiff import codecs as tiff_codecs
from nircolor.wording import in_short

_LZW, _JPEG = 5, 7
_KEPT = 256 << 20  # bytes of decoded samples that are kept whatever the windows
_WORKERS = 4

Place = tuple[int, int]
"""A strip or tile: its row and its column among them."""


@dataclass(frozen=True)
class Wanted:
    """Which samples of a pixel are read, counted from 0, and as which type they are handed on."""

    colour: tuple[int, ...]
    alpha: int | None
    kind: SampleType

    @property
    def all(self) -> tuple[int, ...]:
        """Colours first, then alpha."""
        return self.colour if self.alpha is None else (*self.colour, self.alpha)


class _Segment(NamedTuple):
    """A decoded strip or tile, of which what lies beyond the picture is cut off; None: a hole of a sparse file."""

    planes: list[Samples] | None
    lost: bool = False
    clipped: int = 0
    """How many values the type that they are handed on as cannot hold."""


class TiffStored:
    """A ``Stored`` over ``page``, whose file is open."""

    def __init__(
        self, page: TiffPage, stream: BinaryIO, size: int, meaning: Raster, wanted: Wanted, damaged: Damaged
    ) -> None:
        """``stream`` has ``size`` bytes."""
        self.meaning, self.channels = meaning, len(wanted.colour)
        self.shape, self.dtype = (page.imagelength, page.imagewidth), wanted.kind.handed
        tiff_codecs.prepare(page)
        self._page, self._stream, self._size = page, stream, size
        self._wanted, self._damaged = wanted, damaged
        self._side = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
        self._across, self._down = (-(-self.shape[axis] // self._side[axis]) for axis in (1, 0))
        self._rows: OrderedDict[int, dict[int, _Segment]] = OrderedDict()
        row = min(self._side[0], self.shape[0]) * self.shape[1] * self.dtype.itemsize * len(wanted.all)
        self._most = max(1, _KEPT // row)
        self._damage = _Damage(meaning.warnings, self._across * self._down)
        self._clipped = Clipped(meaning.warnings, wanted.kind)

    def read(self, rows: slice, columns: slice) -> Block:
        """See ``Stored``."""
        shape = rows.stop - rows.start, columns.stop - columns.start
        planes = [np.empty(shape, self.dtype) for _ in self._wanted.all]
        lost = np.zeros(shape, bool) if self._damaged == "nodata" else None
        touched = [_touched(window, side) for window, side in zip((rows, columns), self._side, strict=True)]
        self._make_room(touched[0])
        self._fill([(row, column) for row in touched[0] for column in touched[1] if column not in self._rows[row]])
        for row in touched[0]:
            for column in touched[1]:
                segment = self._rows[row][column]
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

    def _fill(self, missing: list[Place]) -> None:
        """Decode what is ``missing``, in threads where there are processors for them; codecs do not hold the GIL."""
        workers = min(_WORKERS, _processors(), len(missing))
        if workers < 2:
            for place in missing:
                self._keep(place, self._decoded(place, self._encoded(place)))
            return
        with ThreadPoolExecutor(workers) as pool:  # each task with a context of its own: that of whoever listens
            tasks = [(copy_context(), place, self._encoded(place)) for place in missing]
            outcomes = pool.map(lambda task: task[0].run(self._decoded, task[1], task[2]), tasks)
            for place, outcome in zip(missing, outcomes, strict=True):
                self._keep(place, outcome)

    def _keep(self, place: Place, outcome: _Segment | Exception) -> None:
        segment = self._settled(place, outcome)
        self._rows[place[0]][place[1]] = segment
        self._clipped.add(place, segment.clipped)

    def _indices(self, place: Place) -> list[int]:
        """Numbers of the segments at ``place``: one, or one for each of the wanted samples."""
        index = place[0] * self._across + place[1]
        if self._page.planarconfig == 1:
            return [index]
        return [each * self._across * self._down + index for each in self._wanted.all]

    def _encoded(self, place: Place) -> list[bytes | None]:
        """What the file has for each of the segments at ``place``: None for a hole, nothing for what is beyond it."""
        found: list[bytes | None] = []
        for index in self._indices(place):
            offset, count = self._page.dataoffsets[index], self._page.databytecounts[index]
            if not offset or not count or offset + count > self._size:
                found.append(b"" if offset or count else None)
                continue
            self._stream.seek(offset)
            found.append(self._stream.read(count))
        return found

    def _decoded(self, place: Place, encoded: list[bytes | None]) -> _Segment | Exception:
        """The segment at ``place``, or what is wrong with it."""
        try:
            blocks = [self._unpacked(*each) for each in zip(self._indices(place), encoded, strict=True)]
            bands = self._bands(blocks)
        except MemoryError:
            raise
        except Exception as error:  # the decoders of damaged files raise whatever they stumble over
            return error
        return _Segment(None) if all(band is None for band in bands) else self._converted(bands, place)

    def _unpacked(self, index: int, data: bytes | None) -> NDArray[Any] | None:
        """Segment number ``index``, (h, w, samples); None for a hole."""
        page, options = self._page, dict[str, Any]()
        if data is None:
            return None
        if len(data) < max(1, page.databytecounts[index]):
            raise InputError("it lies beyond the end of the file")
        if page.compression == _LZW:
            from imagecodecs import bitorder_decode

            from nircolor.image.tiff.lzw import check_lzw  # which brings numba

            check_lzw(bytes(bitorder_decode(data)) if page.fillorder == 2 else data)
        if page.compression == _JPEG:
            tiff_checks.check_jpeg(data, page.jpegtables or b"", self._side)
            options = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}
        elif page.compression in tiff_codecs.SIZES:
            tiff_codecs.check(page, data)
        block, (_, _, top, left, _), _ = page.decode(data, index, _fullsize=False, **options)
        height, width = self.shape
        return None if block is None else np.asarray(block[0, : height - top, : width - left])

    def _bands(self, blocks: list[NDArray[Any] | None]) -> list[NDArray[Any] | None]:
        """The wanted samples of ``blocks``, each (h, w) of the stored type; None for a hole."""
        if self._page.planarconfig != 1:
            return [None if block is None else block[:, :, 0] for block in blocks]
        return [None if block is None else block[:, :, number] for block in blocks for number in self._wanted.all]

    def _converted(self, bands: list[NDArray[Any] | None], place: Place) -> _Segment:
        """``bands``, some of which may be holes, as they are handed on. Raises ``InputError`` where that cannot be."""
        (top, left), (height, width) = (place[0] * self._side[0], place[1] * self._side[1]), self.shape
        hole = np.full((min(self._side[0], height - top), min(self._side[1], width - left)), self._hole(), self.dtype)
        planes, clipped = [], 0
        for number, band in zip(self._wanted.all, bands, strict=True):
            mask = number == self._wanted.alpha
            samples, below = (hole, 0) if band is None else self._wanted.kind.convert(band, mask)
            planes.append(np.ascontiguousarray(samples))
            clipped += below
        return _Segment(planes, clipped=clipped)

    def _hole(self) -> float:
        """What is in the holes of a sparse file: the nodata value, where the type can hold it."""
        nodata, dtype = self.meaning.nodata, self.dtype
        fits = nodata is not None and (dtype.kind == "f" or (0 <= nodata <= np.iinfo(dtype).max and nodata % 1 == 0))
        return nodata if fits and nodata is not None else 0

    def _settled(self, place: Place, outcome: _Segment | Exception) -> _Segment:
        """What comes of decoding: for an error a segment without data, or ``InputError``, which says where it lies."""
        if isinstance(outcome, _Segment):
            return outcome
        row, column = (number * side for number, side in zip(place, self._side, strict=True))
        reason = outcome.reason.removeprefix("is damaged: ") if isinstance(outcome, InputError) else in_short(outcome)
        if self._damaged == "nodata":
            self._damage.add(place, f"row {row}, column {column} ({reason})")
            return _Segment(None, lost=True)
        kind = "tile" if self._page.is_tiled else "strip"
        raise DamagedInputError(
            f"is damaged: its {kind} at row {row}, column {column} ({reason})",
            remedy="get a fresh copy, or read the rest of it with `damaged=nodata`",
        ) from outcome


class _Damage:
    """Which of ``all`` segments are lost, and one line about them among ``warnings``, which is kept up to date."""

    def __init__(self, warnings: list[str], all: int) -> None:
        self._warnings, self._all, self._places, self._first = warnings, all, set[Place](), ""
        self._line = -1

    def add(self, place: Place, name: str) -> None:
        if not self._places:
            self._first, self._line = name, len(self._warnings)
            self._warnings.append("")
        self._places.add(place)
        count = f"{len(self._places)} of its {self._all} strips or tiles"
        self._warnings[self._line] = f"{count} became no data, the first at {self._first}"


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _touched(window: slice, side: int) -> range:
    return range(window.start // side, -(-window.stop // side))


def _shared(window: slice, start: int, side: int) -> tuple[slice, slice]:
    """What ``window`` and the ``side`` samples from ``start`` have in common, as places in each of the two."""
    low, high = max(window.start, start), min(window.stop, start + side)
    return slice(low - window.start, high - window.start), slice(low - start, high - start)
