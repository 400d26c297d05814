"""Histograms as SVG: one small chart for each metric, methods as step outlines over each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from nircolor.evaluation.metric import Metric
from nircolor.evaluation.results import Results
from nircolor.pages.axes import Axis, axis, tally
from nircolor.pages.lines import line_class, swatch
from nircolor.pages.text import count, heading, with_unit
from nircolor.written import esc

_WIDTH, _HEIGHT = 340, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 12, 14, 24  # margins of the plot, in the units of the drawing


def histograms(results: Results) -> Iterator[str]:
    """The section: a legend, then one figure for each metric that has a value to draw."""
    yield '<section id="histograms"><h2>Distributions</h2>'
    yield "<p>Number of pictures by value, all pictures; a triangle marks the mean of each method.</p>"
    yield from _legend(results.methods)
    yield '<div class="charts">'
    for metric in results.metrics:
        yield _figure(metric, {method: _values(results, metric, method) for method in results.methods})
    yield "</div></section>"


def _legend(methods: Sequence[str]) -> Iterator[str]:
    yield '<ul class="legend">'
    for index, method in enumerate(methods):
        yield f"<li>{swatch(index)} {esc(method)}</li>"
    yield "</ul>"


def _values(results: Results, metric: Metric, method: str) -> list[float]:
    rows = (row.values.get(metric.key) for row in results.rows if row.method == method)
    return [value for value in rows if value is not None and not math.isnan(value)]


def _figure(metric: Metric, values: Mapping[str, list[float]]) -> str:
    finite = {method: [v for v in of if math.isfinite(v)] for method, of in values.items()}
    infinite = sum(map(len, values.values())) - sum(map(len, finite.values()))
    note = f'<p class="note">{count(infinite, "infinite value")} not drawn</p>' if infinite else ""
    body = _chart(metric, finite) if any(finite.values()) else '<p class="note">no finite value</p>'
    return f'<figure class="chart"><figcaption>{heading(metric)}</figcaption>{body}{note}</figure>'


def _chart(metric: Metric, values: Mapping[str, list[float]]) -> str:
    everything = [v for of in values.values() for v in of]
    low, high = min(everything), max(everything)
    # more pictures bear finer bins: the square root rule, within what the drawing can show
    bins = axis(low, high, min(max(math.ceil(math.sqrt(len(everything) / len(values))) * 2, 10), 24))
    counts = {method: tally(of, bins) for method, of in values.items()}
    heights = axis(0, max(map(max, counts.values())), 4, whole=True)
    plot = _Plot(bins, heights)
    means = "; ".join(f"{esc(m)} {with_unit(metric, fmean(of))}" for m, of in values.items() if of)
    label = f"Histogram of {esc(metric.title)}. Means: {means}"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        + "".join(plot.frame())
        + "".join(plot.outline(i, of) + plot.mark(i, values[m]) for i, (m, of) in enumerate(counts.items()))
        + "</svg>"
    )


class _Plot:
    """Where values lie in the drawing."""

    def __init__(self, bins: Axis, heights: Axis) -> None:
        self._bins, self._heights = bins, heights

    def _x(self, value: float) -> float:
        share = (value - self._bins.low) / (self._bins.high - self._bins.low)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def _y(self, amount: float) -> float:
        share = amount / self._heights.high
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP), 1)

    def frame(self) -> Iterator[str]:
        """Grid lines and labels at round numbers, and the line that bars stand on."""
        base, right = self._y(0), _WIDTH - _RIGHT
        for value, label in self._heights.labels():
            y = self._y(value)
            yield f'<path class="grid" d="M{_LEFT} {y}H{right}"/>'
            yield f'<text x="{_LEFT - 6}" y="{y + 3.5}" class="end">{label}</text>'
        for value, label in _few(self._bins):
            x = self._x(value)
            yield f'<path class="axis" d="M{x} {base}v4"/><text x="{x}" y="{base + 16}" class="middle">{label}</text>'
        yield f'<path class="axis" d="M{_LEFT} {base}H{right}"/>'

    def outline(self, index: int, counts: Sequence[int]) -> str:
        """A step for each bin, from the base line up and back to it; nothing is drawn where a bin is empty."""
        base = self._y(0)
        rights = [self._x(i * self._bins.step) for i in range(self._bins.first + 1, self._bins.last + 1)]
        steps = (f"V{self._y(n)}H{x}" if n else f"V{base}M{x} {base}" for n, x in zip(counts, rights, strict=True))
        return f'<path class="line {line_class(index)}" d="M{_LEFT} {base}{"".join(steps)}V{base}"/>'

    def mark(self, index: int, values: Sequence[float]) -> str:
        """A triangle over the plot at the mean."""
        return (
            f'<path class="mark {line_class(index)}" d="M{self._x(fmean(values))} {_TOP - 4}l-4.5 -8h9z"/>'
            if values
            else ""
        )


def _few(bins: Axis) -> list[tuple[float, str]]:
    """Ticks at round numbers within the bins, few enough for their labels to stand apart."""
    ticks = axis(bins.low, bins.high, 5)
    inside = bins.step * 1e-6
    return [tick for tick in ticks.labels() if bins.low - inside <= tick[0] <= bins.high + inside]
