"""From stored samples to [0, 1]: range from the dtype, stretch, histogram equalisation.

Integers go through one look-up table over all 256 or 65536 stored values, so nothing is computed per pixel and the
picture is never copied to a wider type. Floats are worked on in place, a block of rows at a time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nircolor.image.histogram import Mask, apply_table, count_levels, equalization, percentile_of, row_blocks
from nircolor.image.raster import Samples
from nircolor.image.stretch import Stretch

FLOAT_LEVELS = 65536
"""Steps into which floats are sorted for equalisation."""

Span = tuple[float, float]
"""Stored values that mean 0 and 1 where no stretch says otherwise."""

_MANY = 0.01  # share of the pixels that have one value outside the range, and so perhaps no value at all
_FEW = 0.01  # part of the values that may lie outside a given range without a word


def to_unit(
    samples: Samples,
    peak: float,
    inverted: bool,
    stretch: Stretch,
    equalize: bool,
    valid: Mask | None,
    black: float = 0.0,
) -> tuple[NDArray[np.float32], list[str]]:
    """(H, W) stored ``samples`` -> (H, W) float32 in [0, 1], and warnings.

    ``peak``: the stored value that means 1.0 (1.0 for floats), ``black``: the one that means 0. ``inverted``: 0 is
    white. ``valid`` (H, W): the pixels that count for stretch and equalisation; None = all. Float ``samples`` may be
    overwritten.

    Without a stretch, ``black`` to ``peak`` becomes 0 to 1, and what is outside is clipped. A stretch whose two ends
    fall together (a constant picture) is left out. NaN becomes 0, infinity 1, minus infinity 0.
    """
    if samples.dtype.kind == "f":
        return _floats(samples, (black, peak), inverted, stretch, equalize, valid)
    return _integers(samples, (black, peak), inverted, stretch, equalize, valid)


def apply_curve(curve: NDArray[np.float64], pixels: NDArray[np.float32]) -> None:
    """``pixels`` (H, W) in [0, 1], in place, to what ``curve`` (n,) has for them; it is linear between its points."""
    places = np.linspace(0, 1, curve.size)
    for rows in row_blocks(*pixels.shape[:2]):
        pixels[rows] = np.interp(pixels[rows], places, curve)


# --- integers ---------------------------------------------------------------------------------------------------------


def _integers(
    samples: Samples, span: Span, inverted: bool, stretch: Stretch, equalize: bool, valid: Mask | None
) -> tuple[NDArray[np.float32], list[str]]:
    peak, levels = span[1], int(np.iinfo(samples.dtype).max) + 1
    counted = stretch.kind != "none" or equalize or peak < levels - 1
    histogram = count_levels(samples, levels, valid) if counted else np.zeros(levels, np.int64)
    warnings = []
    above = int(histogram[int(peak) + 1 :].sum())
    if above and stretch.kind == "none":
        warnings.append(f"{above} values are above {peak:g}, which the file gives as its largest; they were clipped")
    low, high = _ends(histogram, stretch) if counted else (0.0, 0.0)
    table, note = _table(levels, span, stretch, low, high)
    if stretch.kind == "range":
        stored = np.arange(levels)
        outside = int(histogram[(stored < low) | (stored > high)].sum())
        note += _clipped(outside, int(histogram.sum()), stretch)
    if inverted:
        table = 1 - table
    if equalize:
        table = _equalize_table(table, histogram)
    return apply_table(table, samples), warnings + note


def _table(levels: int, span: Span, stretch: Stretch, low: float, high: float) -> tuple[NDArray[np.float64], list[str]]:
    stored = np.arange(levels, dtype=np.float64)
    if stretch.kind == "none" or low >= high:
        black, peak = span
        return np.clip((stored - black) / (peak - black), 0, 1), _flat(stretch, low)
    return np.clip((stored - low) / (high - low), 0, 1), []


def _flat(stretch: Stretch, value: float) -> list[str]:
    if stretch.kind == "none":
        return []
    return [f"`stretch={stretch}` has no effect: both ends of the range are {value:g}"]


def _clipped(outside: int, total: int, stretch: Stretch) -> list[str]:
    """A warning where it is more than noise: the range may be that of another series."""
    if outside <= _FEW * total:
        return []
    share = 100 * outside / total
    return [f"{share:.3g} % of its values lie outside `range={stretch.low:.10g},{stretch.high:.10g}`: clipped"]


def _ends(histogram: NDArray[np.int64], stretch: Stretch) -> tuple[float, float]:
    """Stored values that become 0 and 1; (0, 0) for an empty histogram."""
    if stretch.kind == "range":
        return stretch.low, stretch.high
    if not histogram.any():
        return 0.0, 0.0
    limits = (0.0, 100.0) if stretch.kind == "minmax" else (stretch.low, stretch.high)
    low, high = (percentile_of(histogram, limit) for limit in limits)
    return low, high


def _equalize_table(table: NDArray[np.float64], histogram: NDArray[np.int64]) -> NDArray[np.float64]:
    # the levels that a stretch has merged share one rank, so the histogram is taken again after it
    index = np.rint(table * (table.size - 1)).astype(np.intp)
    merged = np.bincount(index, weights=histogram, minlength=table.size).astype(np.int64)
    return equalization(merged)[index]


# --- floats -----------------------------------------------------------------------------------------------------------


def _floats(
    samples: Samples, span: Span, inverted: bool, stretch: Stretch, equalize: bool, valid: Mask | None
) -> tuple[NDArray[np.float32], list[str]]:
    pixels = np.require(samples, np.float32, ["C", "W"])
    warnings = _not_finite(pixels)
    low, high = span
    advice = _advice(pixels, span, valid) if stretch.kind == "none" else ""
    if stretch.kind != "none":
        low, high = _float_ends(pixels, stretch, valid)
        if low >= high:
            warnings += _flat(stretch, low)
            low, high, stretch = *span, Stretch("none")
    outside = _scale(pixels, low, high, inverted, valid)
    if outside and stretch.kind == "none":
        clipped = f"{outside} of {pixels.size} values lie outside [{span[0]:g}, {span[1]:g}] and were clipped"
        warnings.append("; ".join(filter(None, (clipped, advice))))
    if stretch.kind == "range":
        warnings += _clipped(outside, pixels.size, stretch)
    if equalize:
        _equalize_floats(pixels, valid)
    return pixels, warnings


def _not_finite(pixels: NDArray[np.float32]) -> list[str]:
    counts = {"NaN (became 0)": 0, "infinite (became 1)": 0, "minus infinite (became 0)": 0}
    for rows in row_blocks(*pixels.shape):
        block = pixels[rows]
        if not np.isfinite(block).all():
            found = (np.isnan(block), np.isposinf(block), np.isneginf(block))
            for name, where in zip(counts, found, strict=True):
                counts[name] += int(np.count_nonzero(where))
    return [f"{count} values are {name}" for name, count in counts.items() if count]


def _advice(pixels: NDArray[np.float32], span: Span, valid: Mask | None) -> str:
    """What to do about values outside the range; those that stand for no data would flatten all others."""
    values = pixels[_usable(pixels, valid)]
    for end in (values.min(), values.max()) if values.size else ():
        if span[0] <= end <= span[1]:
            continue
        rest = values[values != end]
        if values.size - rest.size > max(1, _MANY * pixels.size):
            no_data = f"if {end:g} stands for no data say so first (gdal_edit.py -a_nodata {end:g} FILE)"
            return "; ".join(filter(None, (no_data, _range_of(rest, span))))
    return _range_of(values, span)


def _range_of(values: NDArray[np.float32], span: Span) -> str:
    if not values.size:
        return ""
    low, high = min(span[0], values.min()), max(span[0], values.max())
    outside = low < span[0] or high > span[1]
    return f"`range={low:g},{high:g}` takes in the whole of this picture" if outside else ""


def _float_ends(pixels: NDArray[np.float32], stretch: Stretch, valid: Mask | None) -> tuple[float, float]:
    if stretch.kind == "range":
        return stretch.low, stretch.high
    values = pixels[_usable(pixels, valid)]
    if not values.size:
        return 0.0, 0.0
    if stretch.kind == "minmax":
        return float(values.min()), float(values.max())
    low, high = np.percentile(values.astype(np.float64), (stretch.low, stretch.high), overwrite_input=True)
    return float(low), float(high)


def _usable(pixels: NDArray[np.float32], valid: Mask | None) -> Mask:
    finite = np.isfinite(pixels)
    return finite if valid is None else finite & valid


def _scale(pixels: NDArray[np.float32], low: float, high: float, inverted: bool, valid: Mask | None) -> int:
    """``low``..``high`` -> 0..1 in place, clipped; returns how many finite, valid values lay outside."""
    outside = 0
    for rows in row_blocks(*pixels.shape):
        # float64: the span of two large float32 values may be infinite in float32
        block = (pixels[rows].astype(np.float64) - low) / (high - low)
        missing = np.isnan(block)
        counted = np.isfinite(block) if valid is None else np.isfinite(block) & valid[rows]
        outside += int(np.count_nonzero(((block < 0) | (block > 1)) & counted))
        np.clip(1 - block if inverted else block, 0, 1, out=block)
        block[missing] = 0
        pixels[rows] = block
    return outside


def _equalize_floats(pixels: NDArray[np.float32], valid: Mask | None) -> None:
    index = np.empty(pixels.shape, np.uint16)
    for rows in row_blocks(*pixels.shape):
        index[rows] = np.rint(pixels[rows] * np.float32(FLOAT_LEVELS - 1))
    pixels[...] = apply_table(equalization(count_levels(index, FLOAT_LEVELS, valid)), index)
