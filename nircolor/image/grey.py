"""Three channels as one: grey is judged by how a picture is, not by its worst pixel.

Cameras and programs hand out grey pictures whose channels differ a little: a slight cast, chroma noise of a codec,
rounding of 16 bits, a small logo or a yellow clock. Colour pictures have colour in a good share of their pixels, those
of snow and fog too: docs/results.md says how both were counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import ColourInputError
from nircolor.image.histogram import Mask, row_blocks
from nircolor.image.raster import Raster, Samples

RULES = ((8, 0.06), (16, 0.02))
"""Difference between channels (of 255), and the share of the pixels that may exceed it in a grey picture: one of these
has to hold. The first forgives a logo or a clock, the second a cast or noise everywhere."""

_SAMPLE = 1 << 18  # pixels that are enough to find how bright a picture is


def to_grey(raster: Raster, luma: bool = False, gone: Mask | None = None) -> Samples:
    """The one plane (H, W) that the planes of ``raster`` stand for: any of three equal ones, else their luma.

    Raises ``ColourInputError`` for a colour picture, unless its ``luma`` is asked for. A warning is added for a
    picture that is nearly grey. Pixels that are ``gone`` (H, W), no data, say nothing about that.
    """
    first, *others = raster.planes
    floats = first.dtype.kind == "f"
    if all(np.array_equal(first, other, equal_nan=floats) for other in others):
        return first
    if not luma:
        shares = _shares(raster, gone)
        if all(share > most for share, (_, most) in zip(shares, RULES, strict=True)):
            raise _refusal(raster, shares[0])
        if shares[0] or not raster.noisy:
            raster.warnings.append(_remark(shares))
    return _luma(raster.planes)


def _remark(shares: list[float]) -> str:
    (low, _), (high, _) = RULES
    small, large = map(_percent, shares)
    return (
        f"its channels differ, but little (by more than {low} of 255 in {small} of its pixels, by more than {high} in "
        f"{large}): read as grey, by their luma"
    )


def _refusal(raster: Raster, share: float) -> ColourInputError:
    bands = "`band=1`, 2 or 3"
    if raster.alpha_band:
        bands = f"`band=1` to {raster.alpha_band} ({raster.alpha_band} is marked as transparency)"
    if raster.infrared:
        bands = f"`band={raster.infrared}`"
    return ColourInputError(
        f"is a colour picture: its three channels differ, by more than {RULES[0][0]} of 255 in {_percent(share)} of "
        "its pixels",
        remedy=f"take their luma with `grey=True`, or the one that is near-infrared with {bands}",
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _counting(raster: Raster, gone: Mask | None) -> Mask | None:
    """(H, W) True for the pixels that are picture: neither transparent nor ``gone``; None for all."""
    opaque = None if raster.alpha is None else raster.alpha > 0
    if gone is None:
        return opaque
    return ~gone if opaque is None else opaque & ~gone


def _shares(raster: Raster, gone: Mask | None) -> list[float]:
    """For each of ``RULES`` the share of the pixels, of those that count, whose channels are further apart."""
    valid = _counting(raster, gone)
    limits = [difference / 255 * _white(raster.planes, valid) for difference, _ in RULES]
    counts, counted = [0] * len(limits), 0
    for rows in row_blocks(*raster.planes[0].shape):
        spread = _spread([plane[rows] for plane in raster.planes])
        if valid is not None:
            spread = spread[valid[rows]]
        counted += spread.size
        counts = [count + int(np.count_nonzero(spread > limit)) for count, limit in zip(counts, limits, strict=True)]
    return [count / max(counted, 1) for count in counts]


def _spread(planes: list[Samples]) -> NDArray[Any]:
    """Largest less smallest channel of each pixel; NaN, which exceeds nothing, where one is not finite."""
    return np.asarray(np.maximum.reduce(planes) - np.minimum.reduce(planes))


def _white(planes: list[Samples], valid: Mask | None) -> float:
    """The stored value that counts as white. 8 bits are made to be looked at; deeper pictures may use a part of their
    range only, 12 of 16 bits or other units, and there the brightest thousandth counts.
    """
    if planes[0].dtype == np.uint8:
        return 255.0
    step = max(1, int((planes[0].size / _SAMPLE) ** 0.5))
    sample = np.maximum.reduce([plane[::step, ::step] for plane in planes])
    usable = np.isfinite(sample) if valid is None else np.isfinite(sample) & valid[::step, ::step]
    return max(float(np.percentile(sample[usable], 99.9)), 0.0) if usable.any() else 0.0


def _luma(planes: list[Samples]) -> Samples:
    # BT.601, the luma that JPEG and WebP store: it gives back the grey that went in before chroma noise
    if planes[0].dtype.kind == "f":
        red, green, blue = planes
        return np.asarray(np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue)
    luma = np.empty_like(planes[0])
    height, width = luma.shape
    for rows in row_blocks(height, width):
        red, green, blue = (plane[rows].astype(np.uint32) for plane in planes)
        luma[rows] = (299 * red + 587 * green + 114 * blue + 500) // 1000
    return luma
