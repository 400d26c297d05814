"""NumPy arrays, .npy: (H, W) or (H, W, C), read a block of rows at a time, and only the bands that are wanted.

Not by a memory map: a file that shrinks meanwhile would end the process. A pickle is never loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as layout
from numpy.typing import NDArray

from nircolor.errors import InputError
from nircolor.image.limits import check_size
from nircolor.image.raster import Raster, Request, Samples, choose_bands, only_page
from nircolor.image.tone.histogram import row_blocks

_LONGEST = 10_000  # characters of a header
_MOST_BANDS = 64  # where there are more in the last place, and few in the first, the channels come first
_HEADERS: dict[tuple[int, int], Callable[..., Any]] = {
    (1, 0): layout.read_array_header_1_0,
    (2, 0): layout.read_array_header_2_0,
}


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read a .npy file of uint8, uint16, bool, or floats in [0, 1]. Raises ``InputError``."""
    only_page(request.page)
    shape, by_columns, dtype = _header(stream)
    start = stream.tell()
    kind = sample_type(dtype)
    height, width, count = _sides(shape)
    check_size(width, height, dtype.itemsize * count, 0, ratio=None)
    stored, wanted = stream.seek(0, 2) - start, height * width * count * dtype.itemsize
    if stored < wanted:
        raise InputError(
            f"is truncated: it has {max(stored, 0)} of {wanted} bytes of samples", remedy="get a fresh copy"
        )
    bands = choose_bands(count, None, request.band)
    stream.seek(start)
    read = _by_columns if by_columns else _by_rows
    planes = read(stream, (height, width, count), dtype, bands.colour, kind)
    if dtype.kind == "b":
        return Raster("NPY", planes, peak=1.0)
    return Raster("NPY", planes, peak=1.0 if kind.kind == "f" else float(np.iinfo(kind).max))


def sample_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """uint8, uint16 or float32: the type that holds samples of ``dtype``. Raises ``InputError`` for all others."""
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    if dtype.kind == "f" and dtype.itemsize <= 8:
        return np.dtype(np.float32)
    if dtype.kind == "u" and dtype.itemsize <= 2:
        return dtype.newbyteorder("=")
    raise InputError(f"holds {dtype.name} samples", remedy="convert it to uint8, uint16 or float32 first")


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


def _by_rows(
    stream: BinaryIO, sides: tuple[int, int, int], dtype: np.dtype[Any], wanted: tuple[int, ...], kind: np.dtype[Any]
) -> list[Samples]:
    height, width, count = sides
    planes = [np.empty((height, width), kind) for _ in wanted]
    for rows in row_blocks(height, width * count):
        block = _take(stream, (rows.stop - rows.start, width, count), dtype)
        for plane, number in zip(planes, wanted, strict=True):
            plane[rows] = block[:, :, number]
    return planes


def _by_columns(
    stream: BinaryIO, sides: tuple[int, int, int], dtype: np.dtype[Any], wanted: tuple[int, ...], kind: np.dtype[Any]
) -> list[Samples]:
    """One band after the other, each column by column."""
    height, width, count = sides
    planes = {}
    for number in range(count):
        band = _take(stream, (width, height), dtype)
        if number in wanted:
            planes[number] = band.T.astype(kind)
    return [planes[number] for number in wanted]


def _take(stream: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    data = stream.read(int(np.prod(shape)) * dtype.itemsize)
    return np.frombuffer(data, dtype).reshape(shape)
