"""Read a colour picture: any supported file -> (H, W, 3) float32 in [0, 1], upright. Predictions and ground truths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import InputError
from nircolor.image import exif, icc, nodata
from nircolor.image.decode import decode
from nircolor.image.histogram import row_blocks
from nircolor.image.orient import upright
from nircolor.image.raster import Raster, Request
from nircolor.image.stretch import Stretch
from nircolor.image.tone import apply_curve, to_unit
from nircolor.wording import without_options

_NO_STRETCH = Stretch()


@dataclass(frozen=True)
class RgbImage:
    """A colour picture, upright, in sRGB."""

    pixels: NDArray[np.float32]
    """(H, W, 3) float32 in [0, 1]; a grey file has three equal channels."""
    dtype: str
    """Depth of the file: ``uint8`` (also 1 to 8 bits), ``uint16`` (also 9 to 16 bits) or ``float32``."""
    warnings: tuple[str, ...] = ()
    """What the user should know about the reading; one line each, without the path."""


def read_rgb(source: str | Path | bytes) -> RgbImage:
    """Read a picture of any format with one or three channels; the content decides which it is.

    The range comes from the dtype and the file's tags, never from the data, as in ``read_nir``; an ICC profile is
    applied. Transparency is left out, with a warning. Raises ``InputError`` for anything that is not one whole picture
    (path, reason, remedy).
    """
    try:
        return decode(source, Request(), _finish)
    except InputError as error:  # there is no choice of a band or a page
        raise without_options(error, "save it as one picture with one or three channels") from error.__cause__


def _finish(raster: Raster) -> RgbImage:
    tags = exif.tidy(raster.exif)
    turn, profile = tags.orientation, raster.icc or (icc.adobe() if tags.adobe else None)
    dtype, warnings = str(raster.planes[0].dtype), list(raster.warnings)
    if raster.alpha is not None:
        warnings.append("transparency is left out of account")
    if nodata.missing(raster.planes, raster.nodata) is not None:
        warnings.append(f"its nodata value {raster.nodata:g} is left out of account")
    channels = []
    while raster.planes:  # each stored band is freed once its floats are there
        samples = upright(raster.planes.pop(0), turn)
        pixels, notes = to_unit(samples, raster.peak, raster.inverted, _NO_STRETCH, False, None, black=raster.black)
        channels.append(pixels)
        warnings += notes
    stacked = np.stack(channels * (3 // len(channels)), axis=-1)
    warnings += _to_srgb(stacked, profile, grey=len(channels) == 1)
    return RgbImage(stacked, dtype, tuple(dict.fromkeys(warnings)))


def _to_srgb(pixels: NDArray[np.float32], profile: bytes | None, grey: bool) -> list[str]:
    """``pixels`` (H, W, 3) in place; returns a warning where the profile cannot be used."""
    if grey:
        curve = icc.tone(profile)
        if curve is not None:
            apply_curve(curve, pixels)
        return []
    try:
        convert = icc.to_srgb(profile)
    except ValueError:
        return ["the ICC profile is damaged or not for RGB pictures; the colours are taken for sRGB"]
    if convert:
        for rows in row_blocks(*pixels.shape[:2]):
            pixels[rows] = np.clip(convert(pixels[rows]), 0, 1)
    return []
