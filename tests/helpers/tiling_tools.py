"""Models, pictures and references that the tests of tiling share."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from nircolor.tiling import Box, Model, Tiling, plan_axis

Array = np.ndarray[Any, Any]
QUICK = settings(deadline=None, max_examples=60)


def noise(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).random(shape, np.float32)


def identity(boxes: list[Box], tiles: Array) -> Array:
    return tiles.reshape(*tiles.shape[:3], -1)


def opinionated(boxes: list[Box], tiles: Array) -> Array:
    """Three channels that depend on the tile as a whole, so that neighbours disagree about every pixel they share."""
    corner = np.array([[np.sin(b.top), np.cos(b.left), np.sin(b.top + 2 * b.left)] for b in boxes], np.float32)
    own = tiles - tiles.mean(axis=(1, 2), keepdims=True)
    opinion: Array = 0.5 + 0.25 * own[..., None] + 0.25 * corner[:, None, None, :]
    return opinion.astype(np.float32)


def hanning(side: int) -> Array:
    window: Array = np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2
    return window


def feather_sum(length: int, starts: list[int], tile: int) -> Array:
    total = np.zeros(length)
    for start in starts:
        total[start : start + tile] += hanning(tile)
    return total


def steepest_ramp(tile: int, overlap: int) -> float:
    """Slope of w = h / (h + h') half way through an overlap of two tiles, a pixel: h' / h = pi / P cot(pi O / 2P)."""
    return float(np.pi / tile / np.tan(np.pi * overlap / 2 / tile))


def algorithm_1(picture: Array, model: Model, tiling: Tiling) -> Array:
    """HAQAGen's algorithm 1 to the letter, in float64, but on the grid without padding: (H, W, K)."""
    height, width = picture.shape
    tile_h, tile_w = min(height, tiling.tile), min(width, tiling.tile)
    mask = np.outer(hanning(tile_h), hanning(tile_w))[:, :, None]
    output, weight = np.zeros((height, width, 3)), np.zeros((height, width, 1))
    for row in plan_axis(height, tiling.tile, tiling.overlap):
        for column in plan_axis(width, tiling.tile, tiling.overlap):
            place = np.s_[row.start : row.start + tile_h, column.start : column.start + tile_w]
            output[place] += model([Box(row.start, column.start, tile_h, tile_w)], picture[place][None])[0] * mask
            weight[place] += mask
    return output / weight


class Rows:
    """An ``emit`` that keeps what it gets, uncopied, and insists on every row once, in order."""

    def __init__(self) -> None:
        self.parts: list[Array] = []
        self.count = 0

    def __call__(self, top: int, rows: Array) -> None:
        assert top == self.count
        assert rows.dtype == np.float32
        assert len(rows) > 0
        self.parts.append(rows)
        self.count += len(rows)

    def picture(self) -> Array:
        return np.concatenate(self.parts)


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, int, Tiling]:
    """Pictures of 1 to 600 pixels a side, any tile and overlap; a dozen tiles a side at most, to stay quick."""
    height, width = draw(st.integers(1, 600)), draw(st.integers(1, 600))
    least = -(-max(height, width) // 12)
    stride = draw(st.integers(least, 650))
    tile = draw(st.integers(stride, max(stride, 650)))
    return height, width, Tiling(tile, tile - stride, draw(st.integers(1, 9)))
