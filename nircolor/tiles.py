"""Where the tiles of a picture lie along an axis, and how much each weighs: arithmetic alone.

HAQAGen, algorithm 1 ("dynamic patching"), in closed form. Its feather M is separable, so what it divides by is too:

    M(y, x) = h(y) h(x)              h(i) = sin^2(pi (i + 1/2) / P)     never 0, because of the half-sample offset
    O = sum_t p_t M_t / sum_t M_t  =  sum_t p_t u_t(y) v_t(x)           u, v = h_t / sum_t h_t along one axis

Two 1-D vectors replace the weight image and its division.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nircolor.errors import UsageError

FloatArray = npt.NDArray[np.float32]

# float32 holds every multiple of 2^-24 up to 1, so sums of such weights are exact in any order.
WEIGHT_STEPS = 2.0**24


@dataclass(frozen=True)
class Tiling:
    """Side of a tile and least overlap of neighbours, in pixels; how many tiles the model gets at once. Raises
    UsageError unless tile >= 1, 0 <= overlap < tile and batch >= 1."""

    tile: int = 576
    overlap: int = 64
    batch: int = 1

    def __post_init__(self) -> None:
        if self.tile < 1:
            self._refuse("tile", "a tile is at least 1 pixel wide", "give 1 or more (default 576)")
        if not 0 <= self.overlap < self.tile:
            remedy = f"give 0 to {self.tile - 1}, or a larger `tile`"
            self._refuse("overlap", f"it must be smaller than the tile of {self.tile}", remedy)
        if self.batch < 1:
            self._refuse("batch", "the model needs at least 1 tile at a time", "give 1 or more")

    def enlarged(self, factor: float) -> Tiling:
        """Tiles that are these once reduced: a network that reduces always works on ``tile`` pixels a side."""
        tile = round(self.tile * factor)
        return replace(self, tile=tile, overlap=min(round(self.overlap * factor), tile - 1))

    def _refuse(self, option: str, reason: str, remedy: str) -> None:
        raise UsageError(reason, option=option, value=getattr(self, option), remedy=remedy)


@dataclass(frozen=True)
class Span:
    """One tile along one axis: its first sample, and its blend weight at every sample, (n,) float32 in [0, 1]."""

    start: int
    weights: FloatArray

    @property
    def stop(self) -> int:
        """One past the last sample."""
        return self.start + len(self.weights)


def plan_axis(length: int, tile: int, overlap: int) -> list[Span]:
    """Tiles along an axis of ``length`` >= 1 samples; at each sample the weights sum to exactly 1, in any order.

    An axis no longer than ``tile`` is one tile of that length. A longer one has the fewest tiles of exactly ``tile``
    samples that overlap by ``overlap`` or more, spread evenly, so that nothing is padded or computed beyond need.
    Weights are HAQAGen's Hanning feather over its sum, to the nearest 2^-24. Raises UsageError as Tiling does.
    """
    Tiling(tile, overlap)
    side, starts = min(length, tile), _starts(length, tile, overlap)
    feather = np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2
    total, below = np.zeros(length), np.zeros(length)
    for start in starts:
        total[start : start + side] += feather
    spans = []
    for start in starts:
        window = slice(start, start + side)
        above = below[window] + feather
        # Rounding the running sums, not the weights, keeps every weight >= 0 and lets them add up to 1 exactly.
        steps = np.rint(above / total[window] * WEIGHT_STEPS) - np.rint(below[window] / total[window] * WEIGHT_STEPS)
        spans.append(Span(start, (steps / WEIGHT_STEPS).astype(np.float32)))
        below[window] = above
    return spans


def _starts(length: int, tile: int, overlap: int) -> list[int]:
    """First samples of the tiles: i (length - tile) / (n - 1), rounded in integers so that no length is too long."""
    if length <= tile:
        return [0]
    gaps = -(-(length - overlap) // (tile - overlap)) - 1
    return [(2 * i * (length - tile) + gaps) // (2 * gaps) for i in range(gaps + 1)]


def shares_of(spans: list[Span]) -> list[FloatArray]:
    """Each tile's share in the mean of itself and those before it, over its first samples, which they have begun."""
    covered = np.zeros(spans[-1].stop, np.float32)
    shares, begun = [], 0
    for span in spans:
        window = covered[span.start : span.stop]
        window += span.weights
        shares.append(ratio_of(span.weights, window)[: max(0, begun - span.start)])
        begun = span.stop
    return shares


def ratio_of(weights: FloatArray, covered: FloatArray) -> FloatArray:
    """weights / covered, and 1 where both are 0: a feather of many thousand samples starts below half a step."""
    return np.divide(weights, covered, out=np.ones_like(weights), where=covered > 0)
