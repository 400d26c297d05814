"""The tone of integers: one look-up table over all 256 or 65536 stored values, made from one histogram."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.image.raster import Samples
from nircolor.image.tone import darkness
from nircolor.image.tone.histogram import Mask, equalization, percentile_of
from nircolor.image.tone.stretch import Stretch
from nircolor.image.tone.toning import Scan, Span, Tone, Toning, apply_curve, clipped, flat

Counts = NDArray[np.int64]


class Histogram:
    """How often each level occurs. Done once more than ``allowed`` pixels have ``bright`` levels (None: never)."""

    def __init__(self, levels: int, bright: NDArray[np.bool_] | None = None, allowed: int = 0) -> None:
        self.counts: Counts = np.zeros(levels, np.int64)
        self._bright, self._allowed = bright, allowed
        self.done = False

    def add(self, samples: Samples, valid: Mask | None) -> None:
        """See ``Collector``."""
        counted = samples if valid is None else samples[valid]
        self.counts += np.bincount(counted.ravel(), minlength=self.counts.size)
        self.done = self._bright is not None and int(self.counts[self._bright].sum()) > self._allowed


def find(dtype: np.dtype[Any], scan: Scan, toning: Toning) -> tuple[Tone, list[str]]:
    """See ``tone.find``. One pass; none, or the first rows, where nothing depends on what the picture shows."""
    levels, span = int(np.iinfo(dtype).max) + 1, toning.span
    plain = _table(levels, span, Stretch(), (0.0, 0.0), toning.inverted)
    needed = not toning.plain or span[1] < levels - 1
    histogram = _counted(dtype, scan, toning, plain, needed)
    stretch, ends = toning.stretch, _ends(histogram, toning.stretch)
    table = plain if ends[0] >= ends[1] else _table(levels, span, stretch, ends, toning.inverted)
    warnings = [*_above(histogram, span, stretch), *(flat(stretch, ends[0]) if ends[0] >= ends[1] else [])]
    if stretch.kind == "range":
        stored = np.arange(levels)
        outside = int(histogram[(stored < ends[0]) | (stored > ends[1])].sum())
        warnings += clipped(outside, int(histogram.sum()), stretch)
    if toning.hint and toning.plain:
        shown, kind = _shown(plain, toning.inverted), str(dtype)
        used = darkness.used_of_levels(shown, histogram, darkness.limit(kind, toning.curve))
        warnings += darkness.words(used, kind, span, toning.inverted)
    return _tone(_equalized(table, histogram) if toning.equalize else table, toning), warnings


def _counted(dtype: np.dtype[Any], scan: Scan, toning: Toning, plain: NDArray[np.float64], needed: bool) -> Counts:
    """The histogram, or as much of it as shows that the picture is bright enough."""
    if needed:
        whole = Histogram(plain.size)
    else:
        bright = _shown(plain, toning.inverted) > darkness.limit(str(dtype), toning.curve)
        whole = Histogram(plain.size, bright, darkness.allowed(toning.size))
    if needed or toning.hint:
        scan(whole)
    return whole.counts


def _shown(table: NDArray[np.float64], inverted: bool) -> NDArray[np.float32]:
    """How far each level lies from black, as a float32 picture has it."""
    unit = table.astype(np.float32)
    return np.asarray(1 - unit if inverted else unit)


def _table(levels: int, span: Span, stretch: Stretch, ends: Span, inverted: bool) -> NDArray[np.float64]:
    low, high = span if stretch.kind == "none" else ends
    table = np.clip((np.arange(levels, dtype=np.float64) - low) / (high - low), 0, 1)
    return np.asarray(1 - table if inverted else table)


def _above(histogram: Counts, span: Span, stretch: Stretch) -> list[str]:
    above = int(histogram[int(span[1]) + 1 :].sum())
    if not above or stretch.kind != "none":
        return []
    return [f"{above} values are above {span[1]:g}, which the file gives as its largest; they were clipped"]


def _ends(histogram: Counts, stretch: Stretch) -> Span:
    """Stored values that become 0 and 1; (0, 0) where there is no stretch, and for an empty histogram."""
    if stretch.kind == "range":
        return stretch.low, stretch.high
    if stretch.kind == "none" or not histogram.any():
        return 0.0, 0.0
    limits = (0.0, 100.0) if stretch.kind == "minmax" else (stretch.low, stretch.high)
    low, high = (percentile_of(histogram, limit) for limit in limits)
    return low, high


def _equalized(table: NDArray[np.float64], histogram: Counts) -> NDArray[np.float64]:
    # the levels that a stretch has merged share one rank, so the histogram is taken again after it
    index = np.rint(table * (table.size - 1)).astype(np.intp)
    merged = np.bincount(index, weights=histogram, minlength=table.size).astype(np.int64)
    return equalization(merged)[index]


def _tone(table: NDArray[np.float64], toning: Toning) -> Tone:
    single = table.astype(np.float32)
    if toning.curve is not None and not toning.equalize:
        apply_curve(toning.curve, single[np.newaxis])
    return lambda samples: np.take(single, samples)
