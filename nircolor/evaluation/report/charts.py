"""Histograms of one metric each: where every line, tick and label lies in the drawing of ``histograms.html.j2``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from nircolor.evaluation.metric import Metric
from nircolor.evaluation.results import Results
from nircolor.pages.axes import Axis, axis, tally
from nircolor.pages.text import with_unit

_WIDTH, _HEIGHT = 340, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 12, 14, 24  # margins of the plot, in the units of the drawing

Ticks = Sequence[tuple[float, str]]
"""(position, label)."""


@dataclass(frozen=True)
class Plot:
    """Positions in the drawing. ``methods``: the path of each outline, and the place of its mean, if it has one."""

    heights: Ticks
    values: Ticks
    methods: Sequence[tuple[str, float | None]]
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    right: int = _WIDTH - _RIGHT
    top: int = _TOP
    base: float = _HEIGHT - _BOTTOM


@dataclass(frozen=True)
class Chart:
    """One metric. ``plot``: None where there is no finite value. ``means``: (method, value)."""

    metric: Metric
    infinite: int
    means: Sequence[tuple[str, str]]
    plot: Plot | None


def charts(results: Results) -> list[Chart]:
    """One for each metric, methods in their order."""
    return [_chart(metric, {m: _values(results, metric, m) for m in results.methods}) for metric in results.metrics]


def _values(results: Results, metric: Metric, method: str) -> list[float]:
    rows = (row.values.get(metric.key) for row in results.rows if row.method == method)
    return [value for value in rows if value is not None and not math.isnan(value)]


def _chart(metric: Metric, values: Mapping[str, list[float]]) -> Chart:
    finite = {method: [v for v in of if math.isfinite(v)] for method, of in values.items()}
    infinite = sum(map(len, values.values())) - sum(map(len, finite.values()))
    means = [(method, with_unit(metric, fmean(of))) for method, of in finite.items() if of]
    return Chart(metric, infinite, means, _plot(list(finite.values())) if any(finite.values()) else None)


def _plot(values: Sequence[list[float]]) -> Plot:
    """``values``: finite ones, a list for each method."""
    everything = [v for of in values for v in of]
    # more pictures bear finer bins: the square root rule, within what the drawing can show
    parts = min(max(math.ceil(math.sqrt(len(everything) / len(values))) * 2, 10), 24)
    bins = axis(min(everything), max(everything), parts)
    counts = [tally(of, bins) for of in values]
    place = _Place(bins, axis(0, max(map(max, counts)), 4, whole=True))
    means = [place.x(fmean(of)) if of else None for of in values]
    return Plot(
        heights=[(place.y(value), label) for value, label in place.heights.labels()],
        values=[(place.x(value), label) for value, label in _few(bins)],
        methods=list(zip(map(place.outline, counts), means, strict=True)),
        base=place.y(0),
    )


@dataclass(frozen=True)
class _Place:
    """Where values lie in the drawing."""

    bins: Axis
    heights: Axis

    def x(self, value: float) -> float:
        share = (value - self.bins.low) / (self.bins.high - self.bins.low)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, amount: float) -> float:
        share = amount / self.heights.high
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP), 1)

    def outline(self, counts: Sequence[int]) -> str:
        """A step for each bin, from the base line up and back to it; nothing is drawn where a bin is empty."""
        base = self.y(0)
        rights = [self.x(i * self.bins.step) for i in range(self.bins.first + 1, self.bins.last + 1)]
        steps = (f"V{self.y(n)}H{x}" if n else f"V{base}M{x} {base}" for n, x in zip(counts, rights, strict=True))
        return f"M{_LEFT} {base}{''.join(steps)}V{base}"


def _few(bins: Axis) -> list[tuple[float, str]]:
    """Ticks at round numbers within the bins, few enough for their labels to stand apart."""
    ticks = axis(bins.low, bins.high, 5)
    inside = bins.step * 1e-6
    return [tick for tick in ticks.labels() if bins.low - inside <= tick[0] <= bins.high + inside]
