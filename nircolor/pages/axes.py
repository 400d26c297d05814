"""Round numbers: axis ticks, and histogram bins whose edges are among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
_APART = 1e-7  # of their size: values that are closer are one and differ by rounding; no tick could tell them apart


@dataclass(frozen=True)
class Axis:
    """Multiples of ``step`` from ``first * step`` to ``last * step``, both included."""

    step: float
    first: int
    last: int

    @property
    def low(self) -> float:
        return self.first * self.step

    @property
    def high(self) -> float:
        return self.last * self.step

    def labels(self) -> list[tuple[float, str]]:
        """(value, text) of every multiple, with as many decimals as the step needs."""
        decimals = next((d for d in range(12) if math.isclose(round(self.step, d), self.step, rel_tol=1e-9)), 12)
        values = [i * self.step for i in range(self.first, self.last + 1)]
        return [(value, f"{value:.{decimals}f}".replace("-", "\N{MINUS SIGN}")) for value in values]


def axis(low: float, high: float, parts: int, whole: bool = False) -> Axis:
    """An axis over [low, high] in about ``parts`` round steps; ``whole`` allows no fractions. One value gets a step."""
    apart = high - low > _APART * max(abs(low), abs(high))
    step = _round_up((high - low) / parts) if apart else _round_up(max(abs(low), 1) / 10)
    if whole:
        step = float(max(1, math.ceil(step)))
    first = math.floor(low / step + 1e-9)
    return Axis(step, first, max(math.ceil(high / step - 1e-9), first + 1))


def tally(values: Sequence[float], bins: Axis) -> list[int]:
    """How many values lie in each bin of ``bins``; an edge belongs to the bin on its right but the last."""
    counts = [0] * (bins.last - bins.first)
    for value in values:
        counts[min(max(math.floor(value / bins.step + 1e-9) - bins.first, 0), len(counts) - 1)] += 1
    return counts


def _round_up(value: float) -> float:
    magnitude = 10.0 ** math.floor(math.log10(value))
    return next(magnitude * step for step in _ROUND if magnitude * step >= value * (1 - 1e-9))
