"""The tone of floats: what is no number, where their ends are, how many lie outside, and their ranks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.image.raster import Samples
from nircolor.image.tone import darkness
from nircolor.image.tone.histogram import Mask, equalization
from nircolor.image.tone.selection import LowerHalves, UpperHalves
from nircolor.image.tone.stretch import Stretch
from nircolor.image.tone.toning import Scan, Span, Tone, Toning, apply_curve, clipped, flat

LEVELS = 65536
"""Steps into which floats are sorted for equalisation."""

CLIPPED = "and were clipped"  # in what is said of values outside the range
_MANY = 0.01  # share of the pixels that have one value outside the range, and so perhaps no value at all
_ODD = ("NaN (became 0)", "infinite (became 1)", "minus infinite (became 0)")

Look = Callable[[NDArray[np.float32]], None]


@dataclass(frozen=True)
class Scaling:
    """``low`` to ``high`` become 0 to 1, or 1 to 0; then ranks, or the profile's curve."""

    low: float
    high: float
    inverted: bool
    ranks: NDArray[np.float32] | None = None
    curve: NDArray[np.float64] | None = None

    def __call__(self, samples: Samples) -> NDArray[np.float32]:
        """(h, w) stored floats -> (h, w) in [0, 1], fresh."""
        pixels = self.unit(self.plain(samples))
        if self.ranks is not None:
            return self.ranks[steps(pixels)]
        if self.curve is not None:
            apply_curve(self.curve, pixels)
        return pixels

    def plain(self, samples: Samples) -> NDArray[np.float64]:
        """Not clipped, not inverted. float64: the span of two large float32 values may be infinite in float32."""
        return (samples.astype(np.float64) - self.low) / (self.high - self.low)

    def unit(self, plain: NDArray[np.float64]) -> NDArray[np.float32]:
        """``plain`` values as greys; NaN becomes 0."""
        block = np.clip(1 - plain if self.inverted else plain, 0, 1)
        block[np.isnan(plain)] = 0
        return block.astype(np.float32)


def steps(pixels: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Greys in [0, 1] -> the step that each of them belongs to."""
    return np.asarray(np.rint(pixels * np.float32(LEVELS - 1)), np.uint16)


class _Values:
    """What finite values show that count, and how many of all are no such. ``looks`` see the former."""

    done = False

    def __init__(self, *looks: Look) -> None:
        self.odd, self._looks = [0, 0, 0], looks

    def add(self, samples: Samples, valid: Mask | None) -> None:
        finite = np.isfinite(samples)
        if not finite.all():
            found = (np.isnan(samples), np.isposinf(samples), np.isneginf(samples))
            self.odd = [count + int(np.count_nonzero(where)) for count, where in zip(self.odd, found, strict=True)]
        values = samples[finite if valid is None else finite & valid]
        for look in self._looks:
            look(values)

    def remarks(self) -> list[str]:
        return [f"{count} values are {name}" for name, count in zip(_ODD, self.odd, strict=True) if count]


class _Ends:
    """The least and the largest value, how many have it, and the least and largest of the others."""

    def __init__(self) -> None:
        self.size = 0
        self.low = self.high = self.next_low = self.next_high = np.nan
        self.count_low = self.count_high = 0

    def add(self, values: NDArray[np.float32]) -> None:
        if not values.size:
            return
        self.size += values.size
        self.low, self.count_low, self.next_low = _merged(
            min, (self.low, self.count_low, self.next_low), _end(values, np.min)
        )
        self.high, self.count_high, self.next_high = _merged(
            max, (self.high, self.count_high, self.next_high), _end(values, np.max)
        )


End = tuple[float, int, float]


def _end(values: NDArray[np.float32], pick: Callable[[NDArray[np.float32]], Any]) -> End:
    end = pick(values)
    rest = values[values != end]
    return float(end), values.size - rest.size, float(pick(rest)) if rest.size else np.nan


def _merged(better: Callable[..., float], one: End, other: End) -> End:
    """The end of two sets of values, how many have it, and the next one (NaN = there is none)."""
    known = [value for value in (one[0], one[2], other[0], other[2]) if not np.isnan(value)]
    end = better(known)
    rest = [value for value in known if value != end]
    count = sum(part[1] for part in (one, other) if part[0] == end)
    return end, count, better(rest) if rest else np.nan


class _Greys:
    """What becomes of values under ``scaling``: how many lie outside, how dark they are, how often each step occurs."""

    def __init__(self, scaling: Scaling, ranks: bool, dark: darkness.Brightest | None) -> None:
        self.done, self.outside = False, 0
        self.counts = np.zeros(LEVELS, np.int64) if ranks else None
        self._scaling, self._dark = scaling, dark

    def add(self, samples: Samples, valid: Mask | None) -> None:
        plain = self._scaling.plain(samples)
        counted = np.isfinite(plain) if valid is None else np.isfinite(plain) & valid
        self.outside += int(np.count_nonzero(((plain < 0) | (plain > 1)) & counted))
        if self.counts is None and (self._dark is None or self._dark.done):
            return
        greys = self._scaling.unit(plain)
        greys = greys.ravel() if valid is None else greys[valid]
        if self.counts is not None:
            self.counts += np.bincount(steps(greys), minlength=LEVELS)
        if self._dark is not None:
            self._dark.add(1 - greys if self._scaling.inverted else greys)


def find(dtype: np.dtype[Any], scan: Scan, toning: Toning) -> tuple[Tone, list[str]]:
    """See ``tone.find``. One pass for what the range is known of beforehand, else up to three."""
    if toning.stretch.kind in ("none", "range"):
        return _known(dtype, scan, toning, first=True)
    ends, upper = _Ends(), UpperHalves()
    percent = toning.stretch.kind == "percentile"
    values = _Values(upper.add if percent else ends.add)
    scan(values)
    low, high = _percentiles(scan, upper, toning.stretch) if percent else (ends.low, ends.high)
    if low < high:  # not so for NaN, where there are no values
        scaling = Scaling(low, high, toning.inverted, curve=None if toning.equalize else toning.curve)
        return _ranked(scan, scaling, toning), values.remarks()
    tone, notes = _known(dtype, scan, replace(toning, stretch=Stretch(), hint=False), first=False)
    return tone, [*values.remarks(), *flat(toning.stretch, 0.0 if np.isnan(low) else low), *notes]


def _percentiles(scan: Scan, upper: UpperHalves, stretch: Stretch) -> Span:
    if not upper.counts.any():
        return np.nan, np.nan
    lower = LowerHalves(upper, (stretch.low, stretch.high))
    scan(_Values(lower.add))
    low, high = lower.percentiles()
    return low, high


def _ranked(scan: Scan, scaling: Scaling, toning: Toning) -> Scaling:
    """``scaling``, with the ranks of what it gives where they are asked for."""
    if not toning.equalize:
        return scaling
    greys = _Greys(scaling, ranks=True, dark=None)
    scan(greys)
    return replace(scaling, ranks=_ranks(greys))


def _ranks(greys: _Greys) -> NDArray[np.float32] | None:
    return None if greys.counts is None else equalization(greys.counts).astype(np.float32)


def _known(dtype: np.dtype[Any], scan: Scan, toning: Toning, first: bool) -> tuple[Tone, list[str]]:
    """The tone where the range does not depend on the picture. ``first``: nobody has looked at the values yet."""
    stretch, ends = toning.stretch, _Ends()
    low, high = (stretch.low, stretch.high) if stretch.kind == "range" else toning.span
    curve = None if toning.equalize else toning.curve
    scaling = Scaling(low, high, toning.inverted, curve=curve)
    dark = darkness.Brightest(darkness.limit(str(dtype), toning.curve), toning.size)
    hinted = toning.hint and toning.plain
    greys = _Greys(scaling, toning.equalize, dark if hinted else None)
    values = _Values(*([ends.add] if stretch.kind == "none" else []))
    scan(greys, *([values] if first else []))
    warnings = values.remarks()
    if stretch.kind == "range":
        warnings += clipped(greys.outside, toning.size, stretch)
    elif greys.outside:
        text = f"{greys.outside} of {toning.size} values lie outside [{low:g}, {high:g}] {CLIPPED}"
        warnings.append("; ".join(filter(None, (text, _advice(ends, toning)))))
    if hinted:
        warnings += darkness.words(dark.used(), str(dtype), toning.span, toning.inverted)
    return replace(scaling, ranks=_ranks(greys)), warnings


def _advice(ends: _Ends, toning: Toning) -> str:
    """What to do about values outside the range; those that stand for no data would flatten all others."""
    span = toning.span
    found = (
        (ends.low, ends.count_low, (ends.next_low, ends.high)),
        (ends.high, ends.count_high, (ends.low, ends.next_high)),
    )
    for end, count, rest in found if ends.size else ():
        if not span[0] <= end <= span[1] and count > max(1, _MANY * toning.size):
            no_data = f"if {end:g} stands for no data say so first (gdal_edit.py -a_nodata {end:g} FILE)"
            left = "" if count == ends.size else _range_of(*rest, span)
            return "; ".join(filter(None, (no_data, left)))
    return _range_of(ends.low, ends.high, span) if ends.size else ""


def _range_of(low: float, high: float, span: Span) -> str:
    """The range that takes in ``span``'s black and all values; empty where that says nothing new."""
    outside = low < span[0] or high > span[1]
    low, high = min(span[0], low), max(span[0], high)
    return f"`range={low:g},{high:g}` takes in the whole of this picture" if outside else ""
