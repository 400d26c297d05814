"""Write an RGB picture: (H, W, 3) float32 in [0, 1] -> a file, whole or not at all, or a stream."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import NircolorError, OutputError, UsageError
from nircolor.files import atomic_file, write_reason
from nircolor.image import icc
from nircolor.image.formats import FORMATS
from nircolor.image.info import ImageInfo
from nircolor.image.plan import OutputPlan, fits_exif, plan_output
from nircolor.image.quantize import quantize
from nircolor.image.raster import Samples

Encoder = Callable[[BinaryIO, Samples, ImageInfo], None]
Pixels = NDArray[np.floating]
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
) -> None:
    """Write ``rgb``, (H, W, 3) sRGB floats in [0, 1], rounded to the nearest step; values outside are clipped.

    ``target``: a path, or a binary stream, which gets the encoded bytes. ``info``: what to keep of the source, and the
    source's format and depth, which the output has too unless the suffix of ``target``, ``format`` or ``depth`` (8, 16,
    or 32 for float) say otherwise; see ``plan_output``. Where ``info`` has an ICC profile that the format holds, the
    colours are converted to it, so that they look alike. ``alpha``: (H, W) floats in [0, 1], left out where the format
    has none; see ``losses``.

    Raises ``UsageError`` for arrays or options that do not fit, ``OutputExistsError`` where the file exists and
    ``overwrite`` is not set, ``OutputError`` where it cannot be written; then nothing is left behind.
    """
    _check_arrays(rgb, alpha)
    path = Path(target) if isinstance(target, (str, os.PathLike)) else None
    plan = plan_output(path, info, depth=depth, format=format, size=(rgb.shape[0], rgb.shape[1]))
    kept = _kept(info or ImageInfo(plan.format, "uint8"), plan)
    mask = alpha if FORMATS[plan.format].alpha else None
    convert = icc.from_srgb(kept.icc)
    if isinstance(target, (str, os.PathLike)):
        with atomic_file(Path(target), overwrite) as stream:
            _encode(stream, quantize(rgb, mask, plan.depth, convert), kept, plan, target)
    else:
        _write_stream(target, quantize(rgb, mask, plan.depth, convert), kept, plan)


def _check_arrays(rgb: Pixels, alpha: Pixels | None) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape or rgb.dtype.kind != "f":
        raise UsageError(f"rgb has shape {rgb.shape} and dtype {rgb.dtype}; it must be (H, W, 3) floats")
    if alpha is not None and (alpha.shape != rgb.shape[:2] or alpha.dtype.kind != "f"):
        raise UsageError(f"alpha has shape {alpha.shape} and dtype {alpha.dtype}; it must be {rgb.shape[:2]} floats")
    # min is NaN where any value is: no temporary array as large as the picture
    if np.isnan(rgb.min()) or (alpha is not None and np.isnan(alpha.min())):
        raise OutputError("the picture to be written holds NaN values", remedy="nothing was written")


def _kept(info: ImageInfo, plan: OutputPlan) -> ImageInfo:
    """``info`` without what the planned format cannot hold."""
    entry = FORMATS[plan.format]
    return replace(
        info,
        icc=icc.for_depth(icc.settle(info.icc)[0], plan.depth) if entry.icc else None,
        exif=fits_exif(plan.format, info.exif),
        resolution=info.resolution if entry.resolution else None,
    )


def _encode(stream: BinaryIO, samples: Samples, info: ImageInfo, plan: OutputPlan, path: str | Path) -> None:
    try:
        _encoder(plan.format)(stream, samples, info)
    except (OSError, NircolorError):
        raise
    except Exception as error:  # whatever an encoder raises, the user gets one line
        reason = " ".join(str(error).split()) or type(error).__name__
        remedy = "choose another format"
        raise OutputError(f"cannot be written as {plan.format} ({reason})", path=path, remedy=remedy) from error


def _encoder(format: str) -> Encoder:
    # imported here: each brings a library that the other formats do not need
    if format == "TIFF":
        from nircolor.image.tiff_write import encode as encoder
    elif format == "PNG":
        from nircolor.image.png import encode as encoder
    elif format == "JPEG":
        from nircolor.image.pillow import encode_jpeg as encoder
    elif format == "WEBP":
        from nircolor.image.webp import encode as encoder
    elif format == "JXL":
        from nircolor.image.jxl import encode as encoder
    elif format == "AVIF":
        from nircolor.image.avif import encode as encoder
    else:
        from nircolor.image.pillow import encode_bmp as encoder
    return encoder


def _write_stream(target: BinaryIO, samples: Samples, info: ImageInfo, plan: OutputPlan) -> None:
    encoded = io.BytesIO()  # a pipe cannot be sought
    _encode(encoded, samples, info, plan, STREAM)
    rest = encoded.getbuffer()
    try:
        while rest:
            rest = rest[target.write(rest) :]  # an unbuffered stream may take a part only
        target.flush()
    except OSError as error:
        raise OutputError(write_reason(error), path=STREAM) from error
