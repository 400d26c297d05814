"""A page of a TIFF in tiles, written while its pixels come, in any order: each tile is written once it is complete.

tifffile writes tiles in their order only, so that pieces of 2,000 rows would wait in memory for their whole row. It
writes the tables here, and packs the tiles. Those of a picture of moderate size wait for their turn, packed: its bytes
are the same however it comes. Those of a large one lie as they were completed.
"""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from tifffile import TIFF

from nircolor.image.info import ImageInfo
from nircolor.image.raster import Samples
from nircolor.image.tiff.entry import opened
from nircolor.image.tiff.write import TiffPages

SIDE = 512
"""Of a tile, in pixels."""

_OFFSETS, _COUNTS, _COMPRESSION, _PREDICTOR = 324, 325, 259, 317
_THREADS = min(8, os.cpu_count() or 1)
_LONG, _LONG8 = 4, 16
_ORDERED = 32_000_000  # pixels of the largest picture whose tiles wait for their turn


@dataclass
class _Draft:
    """A tile of which some pixels are still missing."""

    samples: Samples
    missing: int


class TiledTiff:
    """Takes (h, w, C) samples of any places of a page, each pixel once.

    What is held are the tiles that have begun: a row of them, where the pieces come in rows.
    """

    def __init__(self, pages: TiffPages, shape: tuple[int, int, int], dtype: np.dtype[Any], info: ImageInfo) -> None:
        """The next page of ``pages``. ``shape``: more than one tile."""
        self._pages, self._stream, self._shape, self._info = pages, pages.stream, shape, info
        self._tile = tuple(min(SIDE, -(-side // 16) * 16) for side in shape[:2])
        self._across = -(-shape[1] // self._tile[1])
        self._drafts: dict[tuple[int, int], _Draft] = {}
        self._waiting: dict[int, bytes | memoryview] = {}
        self._next = 0 if shape[0] * shape[1] <= _ORDERED else None  # None: whichever comes
        self._offset = pages.begin(shape, dtype, (self._tile[0], self._tile[1]), info)
        with opened(self._stream, self._offset) as page:
            tags = page.tags
            self._codec, self._predictor = int(tags[_COMPRESSION].value), int(tags.valueof(_PREDICTOR, default=1))
            self._places = np.zeros((2, tags[_OFFSETS].count), np.int64)  # offset and length of each tile

    def add(self, top: int, left: int, samples: Samples) -> None:
        """The next part of the picture. Raises OSError, as the stream does."""
        bottom, right = top + samples.shape[0], left + samples.shape[1]
        (high, wide), complete = self._tile, []
        for row, column in product(range(top // high, -(-bottom // high)), range(left // wide, -(-right // wide))):
            y, x = row * high, column * wide
            part = samples[max(0, y - top) : y + high - top, max(0, x - left) : x + wide - left]
            done = self._drawn(row, column, max(0, top - y), max(0, left - x), part)
            if done is not None:
                complete.append((row * self._across + column, done))
        self._write(complete)

    def finish(self) -> None:
        """Write where the tiles are, once all are there."""
        with opened(self._stream, self._offset) as page:
            kind = _LONG8 if page.parent.is_bigtiff else _LONG
            for tag, values in zip((_OFFSETS, _COUNTS), self._places.tolist(), strict=True):
                page.tags[tag].overwrite(values, dtype=kind)
        self._pages.finish(self._info)

    def _drawn(self, row: int, column: int, y: int, x: int, part: Samples) -> Samples | None:
        """Put a part into its tile, at (y, x) of it; the tile, once it is complete."""
        height, width = (
            min(side, total - at * side)
            for side, total, at in zip(self._tile, self._shape[:2], (row, column), strict=True)
        )
        if part.shape[:2] == self._tile:
            return part
        draft = self._drafts.get((row, column))
        if draft is None:
            draft = _Draft(np.zeros((*self._tile, self._shape[2]), part.dtype), height * width)
            self._drafts[row, column] = draft
        draft.samples[y : y + part.shape[0], x : x + part.shape[1]] = part
        draft.missing -= part.shape[0] * part.shape[1]
        if draft.missing:
            return None
        del self._drafts[row, column]
        return draft.samples

    def _write(self, tiles: list[tuple[int, Samples]]) -> None:
        with ThreadPoolExecutor(_THREADS) as pool:
            packed = pool.map(self._pack, (samples for _, samples in tiles))
            self._waiting |= zip((number for number, _ in tiles), packed, strict=True)
        end = self._stream.seek(0, io.SEEK_END)
        while self._waiting:
            number = self._next if self._next is not None else next(iter(self._waiting))
            if number not in self._waiting:
                return
            data = self._waiting.pop(number)
            self._places[:, number] = end, len(data)
            end += self._stream.write(data)
            self._next = None if self._next is None else self._next + 1

    def _pack(self, samples: Samples) -> bytes | memoryview:
        samples = np.ascontiguousarray(samples)
        if self._predictor > 1:
            samples = TIFF.PREDICTORS[self._predictor](samples, axis=-2)
        if self._codec == 1:
            return samples.data.cast("B")
        packed: bytes = TIFF.COMPRESSORS[self._codec](samples)
        return packed
