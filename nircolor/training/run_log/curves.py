"""Curves of the run's page: where every line, dot, tick and label lies in the drawing of ``run_page.html.j2``. Also
what any curve needs before it is drawn: a smooth line, fewer points, a kind of axis, the name of a metric.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nircolor.evaluation.metric import Metric
from nircolor.evaluation.metrics import METRICS
from nircolor.pages.axes import axis
from nircolor.training.run_log.records import Points

_WIDTH, _HEIGHT = 340, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 18, 14, 24  # margins of the plot, in the units of the drawing
_DENSE = 60  # points beyond which each no longer gets a dot
FEWEST = 8
"""Points below which there is nothing to smooth."""
_MOST = 400  # points of a line: more than there are pixels across a panel
_DECADE = 10.0

Ticks = Sequence[tuple[float, str]]


@dataclass(frozen=True)
class CurveLine:
    """``index``: of its colour. ``path``: of SVG. ``dots``: (x, y). ``faint``: what a smoother line lies over."""

    index: int
    path: str
    dots: Sequence[tuple[float, float]] = ()
    faint: bool = False


@dataclass(frozen=True)
class Curve:
    """Positions in the drawing. ``steps``, ``values``: ticks of the axes. ``best``: x of the best step, or None.
    ``label``: what screen readers say."""

    label: str
    steps: Ticks
    values: Ticks
    lines: Sequence[CurveLine]
    best: float | None = None
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    right: int = _WIDTH - _RIGHT
    top: int = _TOP
    base: int = _HEIGHT - _BOTTOM


def loss_curve(title: str, points: Points) -> Curve:
    """What was reported, faint, under its moving average; logarithmic where that shows more."""
    values = [value for _, value in points]
    if len(points) < FEWEST:
        return plain_curve(title, points)
    plot = _Plot(_steps(points), _logarithmic(values) if wants_log(values) else _linear(values))
    return plot.curve(_last(title, points), [plot.line(thin(points), faint=True), plot.line(thin(smooth(points)))])


def plain_curve(title: str, points: Points) -> Curve:
    """A line as it was reported."""
    plot = _Plot(_steps(points), _linear([value for _, value in points]))
    return plot.curve(_last(title, points), [plot.line(thin(points))])


def score_curve(title: str, lines: Mapping[str, Points], best: int | None) -> Curve:
    """A line for each validation set, in the order of the legend (none for a set that lacks this score); a dashed one
    at the step ``best``."""
    everything = [point for points in lines.values() for point in points]
    plot = _Plot(_steps(everything), _linear([value for _, value in everything]))
    drawn = [plot.line(thin(points), i, plot.dots(points)) for i, points in enumerate(lines.values()) if points]
    ends = "; ".join(f"{folder} {points[-1][1]:.4g}" for folder, points in lines.items() if points)
    return plot.curve(f"{title}, last: {ends}", drawn, best)


def _last(title: str, points: Points) -> str:
    step, value = points[-1]
    return f"{title}: {value:.4g} at step {step}"


@dataclass(frozen=True)
class _Side:
    """One axis: where it begins and ends, its ticks, and what is even along it (the value, or its logarithm)."""

    low: float
    high: float
    ticks: Ticks
    even: Callable[[float], float] = float

    def share(self, value: float) -> float:
        """0 at the beginning, 1 at the end."""
        low, high = self.even(self.low), self.even(self.high)
        return (self.even(value) - low) / (high - low)


def _steps(points: Points) -> _Side:
    """From the first to the last step, with round ticks in between."""
    low, high = min(step for step, _ in points), max(step for step, _ in points)
    low = low if high > low else low - 1
    ticks = [(value, label) for value, label in axis(low, high, 5, whole=True).labels() if low <= value <= high]
    return _Side(low, high, ticks)


def _linear(values: Sequence[float]) -> _Side:
    found = axis(min(values), max(values), 4)
    return _Side(found.low, found.high, found.labels())


def _logarithmic(values: Sequence[float]) -> _Side:
    """Ticks at 1, 2 and 5 times powers of ten, or at fewer where there are many decades."""
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    every = -(-(last - first) // 5)
    steps = (1, 2, 5) if last - first < 3 else (1,)
    ticks = [10.0**power * step for power in range(first, last + 1, every) for step in steps]
    low = max((tick for tick in ticks if tick <= min(values)), default=ticks[0])
    high = min((tick for tick in ticks if tick >= max(values)), default=max(values))
    return _Side(low, high, [(tick, f"{tick:g}") for tick in ticks if low <= tick <= high], math.log10)


class _Plot:
    """Where steps and values lie in the drawing."""

    def __init__(self, steps: _Side, values: _Side) -> None:
        self._steps, self._values = steps, values

    def curve(self, label: str, lines: Sequence[CurveLine], best: int | None = None) -> Curve:
        steps = [(self._x(step), text) for step, text in self._steps.ticks]
        values = [(self._y(value), text) for value, text in self._values.ticks]
        return Curve(label, steps, values, lines, None if best is None else self._x(best))

    def line(
        self, points: Points, index: int = 0, dots: Sequence[tuple[float, float]] = (), faint: bool = False
    ) -> CurveLine:
        path = "L".join(f"{self._x(step)} {self._y(value)}" for step, value in points)
        return CurveLine(index, f"M{path}", dots, faint)

    def dots(self, points: Points) -> list[tuple[float, float]]:
        """A dot for each point, or one for the last where they would touch."""
        shown = points if len(points) <= _DENSE else points[-1:]
        return [(self._x(step), self._y(value)) for step, value in shown]

    def _x(self, step: float) -> float:
        return round(_LEFT + self._steps.share(step) * (_WIDTH - _LEFT - _RIGHT), 1)

    def _y(self, value: float) -> float:
        return round(_HEIGHT - _BOTTOM - self._values.share(value) * (_HEIGHT - _BOTTOM - _TOP), 1)


def smooth(points: Points) -> Points:
    """Mean over about a fifteenth of the points, at least five, around each: it does not lag behind."""
    half = max(2, len(points) // 30)
    window = np.ones(2 * half + 1)
    values = np.array([value for _, value in points])
    means = np.convolve(values, window, "same") / np.convolve(np.ones(len(values)), window, "same")
    return [(step, float(mean)) for (step, _), mean in zip(points, means, strict=True)]


def thin(points: Points) -> Points:
    """At most some hundred of the points, evenly chosen; the last is always among them."""
    every = -(-len(points) // _MOST)
    return points[::-1][::every][::-1] if every > 1 else points


def wants_log(values: Iterable[float]) -> bool:
    """Whether a logarithmic axis shows more: all values positive, over more than a decade."""
    found = list(values)
    return min(found) > 0 and max(found) > _DECADE * min(found)


def metric_named(key: str) -> Metric | None:
    """Title, unit and direction of what scores call ``psnr``, ``angle`` or ``lpips-squeeze``; None for other names."""
    known = {metric.key: metric for metric in METRICS}
    if key.startswith("lpips-"):
        return Metric(key, f"LPIPS-{key.removeprefix('lpips-')}", "", "lower", 4, "display", lambda p, t, borders: None)
    return known.get(key)
