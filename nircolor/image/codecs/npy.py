"""NumPy arrays, .npy: (H, W) or (H, W, C), of which only the rows and bands that are wanted are read.

Not by a memory map: a file that shrinks meanwhile would end the process. A pickle is never loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as layout

from nircolor.errors import InputError
from nircolor.image.limits import check_size
from nircolor.image.raster import Raster, Request, Samples, choose_bands, only_page
from nircolor.image.row_stored import Layout, RowStored
from nircolor.image.sample_types import SampleType, sample_type
from nircolor.image.stored import Stored

_LONGEST = 10_000  # characters of a header
_MOST_BANDS = 64  # where there are more in the last place, and few in the first, the channels come first
_HEADERS: dict[tuple[int, int], Callable[..., Any]] = {
    (1, 0): layout.read_array_header_1_0,
    (2, 0): layout.read_array_header_2_0,
}


def decode(stream: BinaryIO, request: Request) -> Raster | Stored:
    """Read a .npy file, of any of the types of ``sample_types``. Raises ``InputError``."""
    only_page(request.page)
    shape, by_columns, dtype = _header(stream)
    kind, (height, width, count) = sample_type(dtype), _sides(shape)
    layout = Layout(stream.tell(), height, width, count, dtype)
    bands = choose_bands(count, None, request.band)
    raster = Raster("NPY", [], peak=kind.peak, depth=kind.depth)
    if not by_columns:
        return RowStored(stream, layout, bands, kind, raster)
    check_size(width, height, dtype.itemsize * len(bands.colour), 0, ratio=None)
    layout.check(stream.seek(0, 2))
    raster.planes, clipped = _by_columns(stream, layout, bands.colour, kind)
    raster.warnings += kind.remarks(clipped)
    return raster


def size_of(stream: BinaryIO) -> tuple[int, int]:
    """Height and width. Raises ``InputError``."""
    return _sides(_header(stream)[0])[:2]


def _header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first (Fortran), and type."""
    try:
        version = layout.read_magic(stream)
        shape, by_columns, dtype = _HEADERS[version](stream, max_header_size=_LONGEST)
    except Exception as error:  # NumPy's reader of old headers raises whatever it stumbles over
        raise InputError("is damaged: the NumPy file has no header that makes sense", remedy="save it anew") from error
    return shape, by_columns, dtype


def _sides(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Height, width and bands."""
    if len(shape) not in (2, 3):
        raise InputError(f"has the shape {shape}", remedy="save one array of (H, W) or (H, W, C)")
    if len(shape) == 3 and shape[2] > _MOST_BANDS >= shape[0]:
        raise InputError(f"has the shape {shape}, with its bands first", remedy="save it as (H, W, C)")
    height, width, count = (*shape, 1)[:3]
    return height, width, count


def _by_columns(
    stream: BinaryIO, layout: Layout, wanted: tuple[int, ...], kind: SampleType
) -> tuple[list[Samples], int]:
    """The wanted planes, which lie one after the other, each column by column, and how many values were clipped."""
    planes, below, size = [], 0, layout.height * layout.width
    for number in wanted:
        stream.seek(layout.start + number * size * layout.dtype.itemsize)
        band = np.frombuffer(stream.read(size * layout.dtype.itemsize), layout.dtype)
        plane, clipped = kind.convert(band.reshape(layout.width, layout.height).T)
        planes.append(plane)
        below += clipped
    return planes, below
