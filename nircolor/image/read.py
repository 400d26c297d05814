"""Read a near-infrared picture: any supported file -> (H, W) float32 in [0, 1], upright, with what has to be kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import UsageError
from nircolor.image import darkness, exif, icc, nodata
from nircolor.image.decode import decode
from nircolor.image.grey import to_grey
from nircolor.image.histogram import Mask
from nircolor.image.info import ImageInfo, NirImage
from nircolor.image.orient import swaps_axes, upright
from nircolor.image.raster import Raster, Request, Samples
from nircolor.image.stretch import Stretch
from nircolor.image.tone import apply_curve, to_unit

_NO_STRETCH = Stretch()
_LEVELS = 16  # grey levels that a picture has at least


def read_nir(
    source: str | Path | bytes,
    *,
    band: int | None = None,
    page: int | None = None,
    stretch: Stretch = _NO_STRETCH,
    equalize: bool = False,
    grey: bool = False,
) -> NirImage:
    """Read a picture of any format of ``formats``; the content decides which it is, not the suffix.

    ``source``: a path, or the bytes of a whole file. ``band`` and ``page`` count from 1; ``band`` counts every sample
    of a pixel, alpha too, as GDAL does. ``stretch``, then ``equalize`` (histogram equalisation), change the tone;
    without them the range comes from the dtype and the file's tags, never from the data, and where that leaves the
    picture dark a warning says so. Transparent pixels do not count in either. Last come the tones of the file's ICC
    profile: what is returned are sRGB greys. Three channels that differ little (``grey.RULES``) are read as their luma;
    ``grey`` takes the luma of whatever colours there are.

    Raises ``ColourInputError`` for a colour picture, ``InputError`` for anything else that is not one whole,
    single-band picture (one line: path, reason, remedy) and ``UsageError`` for a ``band`` or ``page`` below 1, or
    ``band`` with ``grey``.
    """
    for name, number in (("band", band), ("page", page)):
        if number is not None and number < 1:
            raise UsageError(f"{name}s count from 1", option=name, value=number)
    if grey and band is not None:
        raise UsageError("`grey` and `band`: one excludes the other", remedy="leave one out")
    return decode(source, Request(band, page), lambda raster: _finish(raster, stretch, equalize, grey))


def _finish(raster: Raster, stretch: Stretch, equalize: bool, grey: bool) -> NirImage:
    tags = exif.tidy(raster.exif)
    shown = raster.icc or (icc.adobe() if tags.adobe else None)
    profile, warning = icc.settle(shown)
    samples, alpha, gone = _one_plane(raster, grey, tags.orientation)
    found = [tags.warning, warning]
    pixels, notes = _tones(raster, samples, None if alpha is None else alpha > 0, stretch, equalize, icc.tone(shown))
    if gone is not None:
        pixels[gone] = 0
    info = ImageInfo(
        format=raster.format,
        dtype=str(samples.dtype),
        icc=profile,
        exif=tags.block,
        resolution=_resolution(raster.resolution or tags.resolution, tags.orientation),
        warnings=tuple(text for text in (*raster.warnings, *found, *notes) if text),
        bits=raster.bits,
        compression=raster.compression,
    )
    return NirImage(pixels, alpha, info)


def _one_plane(raster: Raster, grey: bool, turn: int) -> tuple[Samples, NDArray[np.float32] | None, Mask | None]:
    """The stored samples (H, W) as one upright plane, their alpha in [0, 1], and where there is no data."""
    gone = nodata.missing(raster.planes, raster.nodata)
    samples = upright(to_grey(raster, grey, gone), turn)
    raster.planes.clear()  # the stored bands are not needed any more: free them before the floats are made
    alpha = None if raster.alpha is None else _alpha(upright(raster.alpha, turn), raster.peak)
    if alpha is not None:
        raster.warnings += _doubts(alpha, raster.alpha_band)
        samples = _divide(samples, alpha) if raster.premultiplied else samples
    if gone is not None:
        gone = upright(gone, turn)
        alpha = nodata.cut_out(samples, alpha, gone)
        raster.warnings.append(nodata.remark(gone, raster.nodata or 0))
    return samples, alpha, gone


def _tones(
    raster: Raster,
    samples: Samples,
    valid: Mask | None,
    stretch: Stretch,
    equalize: bool,
    curve: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float32], list[str]]:
    """Stored ``samples`` -> sRGB greys in [0, 1], and warnings. ``curve``: how bright the file's values look."""
    black, peak, inverted, kind = raster.black, raster.peak, raster.inverted, str(samples.dtype)
    pixels, warnings = to_unit(samples, peak, inverted, stretch, equalize, valid, black=black)
    if stretch.kind == "none" and not equalize:
        warnings += darkness.hint(pixels, kind, (black, peak), inverted, valid, curve)
    if curve is not None and not equalize:  # ranks are the same under every profile
        apply_curve(curve, pixels)
    return pixels, warnings


def _alpha(samples: Samples, peak: float) -> NDArray[np.float32]:
    pixels = samples.astype(np.float32)
    pixels /= np.float32(peak)
    return np.clip(np.nan_to_num(pixels, copy=False), 0, 1, out=pixels)


def _doubts(alpha: NDArray[np.float32], band: int | None) -> list[str]:
    """Whether the transparency of a file is one: that of pictures is all or nothing but along edges, a band is not."""
    partial = alpha[(alpha > 0) & (alpha < 1)]
    if band is None or partial.size <= alpha.size / 2 or np.unique(np.rint(partial * 255)).size < _LEVELS:
        return []
    return [f"band {band} is taken as transparency, as the file says, but looks like a picture; `band={band}` reads it"]


def _divide(samples: Samples, alpha: NDArray[np.float32]) -> Samples:
    """Take the multiplication by alpha back; black where nothing is left of the colour."""
    colour = np.divide(samples, alpha, out=np.zeros(samples.shape, np.float32), where=alpha > 0)
    if samples.dtype.kind == "f":
        return colour
    return np.clip(np.rint(colour), 0, np.iinfo(samples.dtype).max).astype(samples.dtype)


def _resolution(value: tuple[float, float] | None, orientation: int) -> tuple[float, float] | None:
    return (value[1], value[0]) if value and swaps_axes(orientation) else value
