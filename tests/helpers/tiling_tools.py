"""Models, pictures and references that the tests of tiling share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from nircolor.tiles import Tiling, plan_axis
from nircolor.tiling import Box, Model, Piece

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


def bands(picture: Array, model: Model, tiling: Tiling) -> Array:
    """Running means in float32, first along each row of tiles, then down the picture: (H, W, K)."""
    columns = plan_axis(picture.shape[1], tiling.tile, tiling.overlap)
    whole, covered = np.zeros((*picture.shape, 3), np.float32), np.zeros(len(picture), np.float32)
    for row in plan_axis(len(picture), tiling.tile, tiling.overlap):
        band, begun = (
            np.zeros((len(row.weights), picture.shape[1], 3), np.float32),
            np.zeros(picture.shape[1], np.float32),
        )
        for column in columns:
            place = slice(column.start, column.stop)
            box = Box(row.start, column.start, len(row.weights), len(column.weights))
            mean_into(
                band[:, place],
                model([box], np.stack([picture[row.start : row.stop, place]]))[0],
                column.weights,
                begun[place],
                1,
            )
        mean_into(whole[row.start : row.stop], band, row.weights, covered[row.start : row.stop], 0)
    return whole


def mean_into(mean: Array, values: Array, weights: Array, total: Array, axis: int) -> None:
    """In place: what ``mean`` is of, and ``values`` too; ``total`` of the weights so far rises."""
    first = total == 0
    total += weights
    share = np.where(first, np.float32(1), np.divide(weights, total, out=np.ones_like(weights), where=total > 0))
    mean += (values - mean) * np.expand_dims(share, (1 - axis, 2))
    mean[...] = np.where(np.expand_dims(first, (1 - axis, 2)), values, mean)


class Collected:
    """Takes pieces, keeps them uncopied, and insists on every pixel once, in rows of pieces from left to right."""

    def __init__(self, width: int) -> None:
        self.parts: list[Piece] = []
        self.width, self.count, self.column = width, 0, 0

    def taking(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """The same pieces, kept."""
        for piece in pieces:
            height, width, _ = piece.pixels.shape
            assert piece.pixels.dtype == np.float32
            assert (piece.top, piece.left) == (self.count, self.column)
            assert not self.column or len(self.parts[-1].pixels) == height
            assert height > 0 and width > 0  # noqa: PT018
            self.parts.append(piece)
            self.column += width
            if self.column == self.width:
                self.count, self.column = self.count + height, 0
            yield piece

    def picture(self) -> Array:
        """(H, W, K). Nothing is missing."""
        assert self.column == 0
        whole = np.empty((self.count, self.width, self.parts[0].pixels.shape[2]), np.float32)
        for top, left, pixels in self.parts:
            whole[top : top + len(pixels), left : left + pixels.shape[1]] = pixels
        return whole


def collect(pieces: Iterable[Piece], width: int) -> Array:
    """(H, W, K) of pieces that are all there, in order."""
    collected = Collected(width)
    for _ in collected.taking(pieces):
        pass
    return collected.picture()


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, int, Tiling]:
    """Pictures of 1 to 600 pixels a side, any tile and overlap; a dozen tiles a side at most, to stay quick."""
    height, width = draw(st.integers(1, 600)), draw(st.integers(1, 600))
    least = -(-max(height, width) // 12)
    stride = draw(st.integers(least, 650))
    tile = draw(st.integers(stride, max(stride, 650)))
    return height, width, Tiling(tile, tile - stride, draw(st.integers(1, 9)))
