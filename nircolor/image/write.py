"""Write an RGB picture: float32 in [0, 1], whole or piece by piece -> a file, whole or not at all, or a stream."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import NircolorError, OutputError, UsageError
from nircolor.files import atomic_file, write_reason
from nircolor.image.formats import FORMATS
from nircolor.image.info import ImageInfo
from nircolor.image.metadata import kept as metadata
from nircolor.image.plan import OutputPlan, fits_exif, plan_output
from nircolor.image.quantize import TYPES, quantize
from nircolor.image.sink import Sink, is_streamed, open_sink
from nircolor.image.tone import icc
from nircolor.image.tone.histogram import row_blocks

Pixels = NDArray[np.floating]
Alpha = Callable[[slice, slice], Pixels | None]
"""Rows and columns of a picture -> (h, w) in [0, 1]."""
STREAM = "output stream"
"""What errors call a target that has no path."""


def write_rgb(
    target: str | Path | BinaryIO,
    rgb: Pixels,
    info: ImageInfo | None = None,
    *,
    alpha: Pixels | None = None,
    depth: int | None = None,
    format: str | None = None,
    overwrite: bool = False,
    cog: bool = False,
) -> None:
    """Write ``rgb``, (H, W, 3) sRGB floats in [0, 1], rounded to the nearest step; values outside are clipped.

    ``target``: a path, or a binary stream, which gets the encoded bytes. ``info``: what to keep of the source, and the
    source's format and depth, which the output has too unless the suffix of ``target``, ``format`` or ``depth`` (8, 16,
    or 32 for float) say otherwise; see ``plan_output``. Where ``info`` has an ICC profile that the format holds, the
    colours are converted to it, so that they look alike. ``alpha``: (H, W) floats in [0, 1], left out where the format
    has none; see ``losses``. ``cog``: the output, a TIFF, is a Cloud-Optimized GeoTIFF with overviews.

    Raises ``UsageError`` for arrays or options that do not fit, ``OutputExistsError`` where the file exists and
    ``overwrite`` is not set, ``OutputError`` where it cannot be written; then nothing is left behind.
    """
    _check_arrays(rgb, alpha)
    height, width, _ = rgb.shape
    write_pieces(
        target,
        ((rows.start, 0, rgb[rows]) for rows in row_blocks(height, width)),
        (height, width),
        info,
        alpha=None if alpha is None else lambda rows, columns: alpha[rows, columns],
        depth=depth,
        format=format,
        overwrite=overwrite,
        cog=cog,
    )


def write_pieces(
    target: str | Path | BinaryIO,
    pieces: Iterable[tuple[int, int, Pixels]],
    size: tuple[int, int],
    info: ImageInfo | None = None,
    *,
    alpha: Alpha | None = None,
    depth: int | None = None,
    format: str | None = None,
    overwrite: bool = False,
    cog: bool = False,
) -> None:
    """``write_rgb`` of a picture of ``size`` (height, width) that comes piece by piece: top, left, (h, w, 3) floats.

    The pieces hold each pixel once, in any order. Each is rounded at once, and goes into the file where that is a TIFF
    of more than 512 pixels a side: rows of tiles, from left to right, then take the memory of 512 rows of the output.
    Samples of other files are held until all can be encoded. ``alpha`` is asked for the window of each piece.

    Raises what ``write_rgb`` raises, and what ``pieces`` and ``alpha`` raise; then nothing is left behind.
    """
    path = Path(target) if isinstance(target, (str, os.PathLike)) else None
    plan = plan_output(path, info, depth=depth, format=format, size=size, cog=cog)
    picture = OnePicture(size, plan, info or ImageInfo(plan.format, "uint8"), path or STREAM)
    with output_file(target, overwrite, is_streamed(size, plan.format)) as stream:
        picture.write(partial(open_sink, stream, format=plan.format), pieces, alpha)
        if plan.cog:
            picture.optimize(stream)


class OnePicture:
    """One picture of a file: its size (height, width), format and depth, and what is kept of ``info``. ``path``: for
    errors.
    """

    def __init__(self, size: tuple[int, int], plan: OutputPlan, info: ImageInfo, path: str | Path) -> None:
        self._size, self._plan, self._info, self._path = size, plan, _kept(info, plan), path

    def write(
        self, opened: Callable[..., Sink], pieces: Iterable[tuple[int, int, Pixels]], alpha: Alpha | None
    ) -> None:
        """Fill what ``opened`` makes of ``shape``, ``dtype`` and ``info``; see ``write_pieces``."""
        alpha, plan = alpha if FORMATS[self._plan.format].alpha else None, self._plan
        shape, missing = (*self._size, 3 if alpha is None else 4), self._size[0] * self._size[1]
        convert = icc.from_srgb(self._info.icc)
        with self._explained():
            sink = opened(shape=shape, dtype=TYPES[plan.depth], info=self._info)
        for top, left, pixels in pieces:
            height, width, _ = pixels.shape
            mask = None if alpha is None else alpha(slice(top, top + height), slice(left, left + width))
            _check_numbers(pixels, mask)
            missing -= height * width
            with self._explained():
                sink.add(top, left, quantize(pixels, mask, plan.depth, convert))
        if missing:
            raise UsageError(f"the pieces lack {missing} pixels of the picture")
        with self._explained():
            sink.finish()

    def optimize(self, stream: BinaryIO) -> None:
        """Make a Cloud-Optimized GeoTIFF of the TIFF in ``stream``."""
        from nircolor.image.geo.cog import rewrite  # which brings rasterio

        with self._explained():
            rewrite(stream, self._info.compression)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, NircolorError):
            raise
        except Exception as error:  # whatever an encoder raises, the user gets one line
            reason = " ".join(str(error).split()) or type(error).__name__
            raise OutputError(
                f"cannot be written as {self._plan.format} ({reason})", path=self._path, remedy="choose another format"
            ) from error


def _check_arrays(rgb: Pixels, alpha: Pixels | None) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape or rgb.dtype.kind != "f":
        raise UsageError(f"rgb has shape {rgb.shape} and dtype {rgb.dtype}; it must be (H, W, 3) floats")
    if alpha is not None and (alpha.shape != rgb.shape[:2] or alpha.dtype.kind != "f"):
        raise UsageError(f"alpha has shape {alpha.shape} and dtype {alpha.dtype}; it must be {rgb.shape[:2]} floats")


def _check_numbers(rgb: Pixels, alpha: Pixels | None) -> None:
    # min is NaN where any value is: no temporary array as large as the piece
    if np.isnan(rgb.min()) or (alpha is not None and np.isnan(alpha.min())):
        raise OutputError("the picture to be written holds NaN values", remedy="nothing was written")


def _kept(info: ImageInfo, plan: OutputPlan) -> ImageInfo:
    """``info`` without what the planned format cannot hold."""
    entry, held = FORMATS[plan.format], metadata.fit(info.metadata, info.exif, plan.format)
    return replace(
        info,
        icc=icc.for_depth(icc.settle(info.icc)[0], plan.depth) if entry.icc else None,
        exif=fits_exif(plan.format, held.exif),
        metadata=held.metadata,
        resolution=info.resolution if entry.resolution else None,
    )


@contextmanager
def output_file(target: str | Path | BinaryIO, overwrite: bool, large: bool) -> Iterator[BinaryIO]:
    """A stream that can be written, read and sought, whose bytes become ``target`` when the block ends: a file, whole
    or not at all, or a stream, for which they are held till then; ``large``: on the disk.
    """
    if isinstance(target, (str, os.PathLike)):
        with atomic_file(Path(target), overwrite) as stream:
            yield stream
    else:
        with _output_stream(target, large) as stream:
            yield stream


@contextmanager
def _output_stream(target: BinaryIO, large: bool) -> Iterator[BinaryIO]:
    """A stream that can be sought, as a pipe cannot; ``target`` gets its bytes at the end. ``large``: on the disk."""
    try:
        with tempfile.TemporaryFile() if large else io.BytesIO() as encoded:
            yield encoded
            encoded.seek(0)
            shutil.copyfileobj(encoded, _Whole(target))
            target.flush()
    except OSError as error:
        raise OutputError(write_reason(error), path=STREAM) from error


class _Whole:
    """A stream that writes all of what it gets; an unbuffered one may take a part only."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._target.write(rest) :]
