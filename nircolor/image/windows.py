"""A near-infrared picture that is read window by window: what ``read_nir`` gives, without holding all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import UsageError
from nircolor.image import bands
from nircolor.image.bands import Band
from nircolor.image.decode import Reader, open_stored
from nircolor.image.geo.turn import turned
from nircolor.image.info import ImageInfo, NirImage
from nircolor.image.limits import check_whole
from nircolor.image.metadata import exif
from nircolor.image.orient import stored_window, swaps_axes, upright
from nircolor.image.part import Part, alpha_of, part_of, samples_of
from nircolor.image.raster import Damaged, Request
from nircolor.image.survey import Look, depth_of, survey
from nircolor.image.tiff.page_list import Page
from nircolor.image.tone import icc
from nircolor.image.tone.histogram import row_blocks
from nircolor.image.tone.stretch import Stretch

_NO_STRETCH = Stretch()


class NirWindows:
    """An upright picture, from which windows are taken. Equal, to the bit, to what ``read_nir`` makes of the file."""

    def __init__(self, reader: Reader, look: Look) -> None:
        """Survey what ``reader`` has open. Raises ``InputError``."""
        self._reader, self._stored = reader, reader.stored
        self._tags = exif.tidy(self._stored.meaning.exif)
        profile = self._stored.meaning.icc or (icc.adobe() if self._tags.adobe else None)
        self._icc, self._icc_warning = icc.settle(profile)
        with reader.translated():
            self._check_turn()
            self._found = survey(self._stored, look, icc.tone(profile))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, upright."""
        height, width = self._stored.shape
        return (width, height) if swaps_axes(self._tags.orientation) else (height, width)

    @property
    def has_alpha(self) -> bool:
        """Whether ``alpha`` has something to say."""
        return self._found.has_alpha

    @property
    def on_map(self) -> bool:
        """Whether it has a georeference."""
        geo = self._stored.meaning.geo
        return geo is not None and geo.is_placed

    @property
    def info(self) -> ImageInfo:
        """What has to be kept, and the warnings so far: some libraries complain only when a part is decoded."""
        meaning, tags, found = self._stored.meaning, self._tags, self._found
        told = (*meaning.warnings, *self._reader.heard(), *found.remarks, tags.warning, self._icc_warning, *found.notes)
        resolution = meaning.resolution or tags.resolution
        return ImageInfo(
            format=meaning.format,
            dtype=depth_of(self._stored),
            icc=self._icc,
            exif=tags.block,
            resolution=resolution[::-1] if resolution and swaps_axes(tags.orientation) else resolution,
            warnings=tuple(text for text in told if text),
            compression=meaning.compression,
            metadata=meaning.metadata,
            bits=meaning.bits,
            geo=turned(meaning.geo, tags.orientation, *self._stored.shape) if meaning.geo else None,
        )

    def __getitem__(self, window: tuple[slice, slice], /) -> NDArray[np.float32]:
        """(h, w) float32 in [0, 1]. Slices without a step, as of an array. Raises ``InputError`` for damage."""
        return self._window(*window, self._pixels)

    def alpha(self, rows: slice, columns: slice) -> NDArray[np.float32] | None:
        """(h, w) float32 in [0, 1], 1 = opaque; None where the file has no mask. Raises ``InputError`` for damage."""
        return self._window(rows, columns, alpha_of) if self.has_alpha else None

    def whole(self) -> NirImage:
        """All of it. Raises ``InputError``, for what is too large too."""
        height, width = self.shape
        pixels = np.empty((height, width), np.float32)
        alpha = np.empty((height, width), np.float32) if self.has_alpha else None
        for rows in row_blocks(height, width):
            pixels[rows] = self[rows, :]
            if alpha is not None:
                alpha[rows] = self.alpha(rows, slice(None))
        return NirImage(pixels, alpha, self.info)

    def _window(
        self, rows: slice, columns: slice, convert: Callable[[Part], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        height, width = self.shape
        rows, columns = _within(rows, height), _within(columns, width)
        if rows.start == rows.stop or columns.start == columns.stop:
            return np.empty((rows.stop - rows.start, columns.stop - columns.start), np.float32)
        turn = self._tags.orientation
        with self._reader.translated():
            block = self._stored.read(*stored_window(rows, columns, self._stored.shape, turn))
            return upright(convert(part_of(block, self._stored.meaning)), turn)

    def _pixels(self, part: Part) -> NDArray[np.float32]:
        samples = samples_of(part, self._found.luma, self._stored.meaning.premultiplied)
        pixels, gone = self._found.tone(samples), part.gone
        if gone is not None:
            pixels[gone] = 0
        return pixels

    def _check_turn(self) -> None:
        if swaps_axes(self._tags.orientation):  # a row of the picture is a column of what is stored
            check_whole(self._stored)


def _within(window: slice, length: int) -> slice:
    start, stop, step = window.indices(length)
    if step != 1:
        raise UsageError("windows have no steps")
    return slice(start, max(start, stop))


@contextmanager
def open_nir(
    source: str | Path | bytes,
    *,
    band: Band | None = None,
    page: int | Page | None = None,
    stretch: Stretch = _NO_STRETCH,
    equalize: bool = False,
    grey: bool = False,
    damaged: Damaged = "refuse",
) -> Iterator[NirWindows]:
    """Open a picture for reading by windows; arguments and errors are those of ``read_nir``.

    Ask for windows from top to bottom, and from left to right within a row of them; they may overlap. Only a row of
    windows is then held in memory, whatever the height, where the file allows it (TIFF in tiles or strips).
    """
    with open_stored(source, request(band, page, grey, damaged)) as reader:
        yield NirWindows(reader, Look(stretch, equalize, grey))


def request(band: Band | None, page: int | Page | None, grey: bool, damaged: Damaged) -> Request:
    """What is wanted of a file. Raises ``UsageError`` for what makes no sense."""
    band = bands.parse(band)
    if isinstance(page, int) and page < 1:
        raise UsageError("pages count from 1", option="page", value=page)
    if grey and band is not None:
        raise UsageError("`grey` and `band`: one excludes the other", remedy="leave one out")
    if damaged not in get_args(Damaged):
        raise UsageError("it is refuse or nodata", option="damaged", value=damaged)
    return Request(band, page, damaged)
