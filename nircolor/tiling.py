"""Where the tiles of a picture lie, and how their predictions become one picture again: arithmetic, no model, no files.

HAQAGen, algorithm 1 ("dynamic patching"), in closed form. Its feather M is separable, so what it divides by is too:

    M(y, x) = h(y) h(x)              h(i) = sin^2(pi (i + 1/2) / P)     never 0, because of the half-sample offset
    O = sum_t p_t M_t / sum_t M_t  =  sum_t p_t u_t(y) v_t(x)           u, v = h_t / sum_t h_t along one axis

Two 1-D vectors replace the weight image and its division. The sums are taken as running means, tile after tile,

    mean_k = mean_(k-1) + (p_k - mean_(k-1)) w_k / (w_1 + ... + w_k)

so tiles that agree change nothing: an identity model gives its input back bit for bit, however many tiles overlap, and
only overlaps are computed on, the rest is copied. Each row of tiles is finished and handed on before the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nircolor.errors import InputError, UsageError

FloatArray = npt.NDArray[np.float32]

# Networks of four or five halvings pad smaller tiles up to about this side: halving further would free no memory.
SMALLEST_RETREAT = 32
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


@dataclass(frozen=True)
class Box:
    """Where a tile lies, in pixels of the whole picture."""

    top: int
    left: int
    height: int
    width: int


class Picture(Protocol):
    """What is cut into tiles: an (H, W) or (H, W, C) array, or a reader that fetches the same windows from a file."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, window: tuple[slice, slice], /) -> npt.NDArray[Any]: ...


Model = Callable[[list[Box], npt.NDArray[Any]], npt.NDArray[Any]]


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


def is_memory_error(error: BaseException) -> bool:
    """Python's and numpy's own way to say that memory ran out; devices have others."""
    return isinstance(error, MemoryError)


def run_tiles(
    picture: Picture,
    model: Model,
    tiling: Tiling,
    *,
    emit: Callable[[int, FloatArray], None],
    on_progress: Callable[[int, int], None] | None = None,
    is_out_of_memory: Callable[[BaseException], bool] = is_memory_error,
    on_retreat: Callable[[str], None] | None = None,
) -> None:
    """Send a picture through a model tile by tile, and hand on the blended rows as soon as they are final.

    picture: (H, W) or (H, W, C), of any dtype; only ``picture[y0:y1, x0:x1]`` and ``picture.shape`` are used.
    model: called with boxes and their tiles, (B, h, w) or (B, h, w, C), all of one shape; returns (B, h, w, K).
    emit: called with the first row's number and (rows, W, K) float32, top to bottom, every row once, fresh each time.
    on_progress: called with picture pixels done and in all; never steps back.
    is_out_of_memory, on_retreat: when the model runs out of memory, the batch is halved, then the tile and its overlap,
    ``on_retreat`` gets a sentence about it, and work goes on from the failing row; emitted rows stay as they are.

    Memory: tile + overlap rows of W x K float32 and one batch, whatever the height (the plan takes ~30 bytes a row).
    Raises InputError for an empty picture, UsageError for a model output of another shape, and what the model raises:
    out of memory only once a single tile is too small to be halved.
    """
    if len(picture.shape) not in (2, 3) or 0 in picture.shape:
        raise InputError(f"picture of shape {tuple(picture.shape)}: give (H, W) or (H, W, C), at least 1 x 1 pixels")
    covered, pending = np.zeros(picture.shape[0], np.float32), np.empty((0, 0, 0), np.float32)
    run = _Run(picture, model, tiling, emit, on_progress, is_out_of_memory, on_retreat, covered, pending)
    while run.top < picture.shape[0]:
        run.until_retreat()


def blend(picture: Picture, model: Model, tiling: Tiling, channels: int = 3, **options: Any) -> FloatArray:
    """``run_tiles`` into one (H, W, channels) float32 array; ``options`` are its keywords but ``emit``.

    Raises what ``run_tiles`` raises, and UsageError for a model with another number of channels.
    """
    output = np.empty((*picture.shape[:2], channels), np.float32)

    def collect(top: int, rows: FloatArray) -> None:
        if rows.shape[2] != channels:  # numpy would spread a single channel over all
            raise UsageError(f"the model returned {rows.shape[2]} channels where {channels} were asked for")
        output[top : top + len(rows)] = rows

    run_tiles(picture, model, tiling, emit=collect, **options)
    return output


@dataclass
class _Run:
    """One picture on its way through the model: what ``run_tiles`` was given, and how far it has come."""

    picture: Picture
    model: Model
    tiling: Tiling
    emit: Callable[[int, FloatArray], None]
    on_progress: Callable[[int, int], None] | None
    is_out_of_memory: Callable[[BaseException], bool]
    on_retreat: Callable[[str], None] | None
    covered: FloatArray  # (H,) sum of the weights of the tiles so far: 1 where no tile is missing
    pending: FloatArray  # (n, W, K) rows from top on: the mean of the tiles so far
    top: int = 0  # the first row not emitted yet: the top of the next row of tiles
    done: int = 0  # picture pixels, for on_progress

    def until_retreat(self) -> None:
        """Plan all rows left with the tiling of now, and run them: to the end, or until that tile does not fit.

        Rows that an earlier, larger tiling has begun keep what they have: the new tiles share what weight was missing,
        so the new plan fades in along the ramp of the tile that failed, and its first tile's own border with it.
        """
        missing = 1 - self.covered[self.top :]
        columns = plan_axis(self.picture.shape[1], self.tiling.tile, self.tiling.overlap)
        rows, shares = plan_axis(len(missing), self.tiling.tile, self.tiling.overlap), _shares(columns)
        ends = [row.start for row in rows[1:]] + [len(missing)]  # no later tile touches the rows before these
        for row, end in zip(rows, ends, strict=True):
            band = self._band(columns, shares, len(row.weights), end - row.start)
            if band is None:
                return
            self._finish(band, row.weights * missing[row.start : row.stop], end - row.start)
            del band  # or it would live on beside the next one

    def _band(self, columns: list[Span], shares: list[FloatArray], rows: int, final: int) -> FloatArray | None:
        """One row of tiles, blended along x: (rows, W, K). None when the tile had to be halved."""
        width, tile, band, at = columns[-1].stop, self.tiling.tile, None, 0
        while at < len(columns) and self.tiling.tile == tile:
            batch = columns[at : at + self.tiling.batch]
            predictions = self._predict([Box(self.top, c.start, rows, len(c.weights)) for c in batch])
            if predictions is None:
                continue  # from this batch on with a smaller one, or not at all
            if band is None:
                band = np.empty((rows, width, predictions.shape[3]), np.float32)
            for column, share, prediction in zip(batch, shares[at:], predictions, strict=False):
                begun = len(share)  # columns of this tile where earlier ones lie already; the others are just copied
                place = band[:, column.start : column.stop]
                place[:, :begun] += (prediction[:, :begun] - place[:, :begun]) * share[:, None]
                place[:, begun:] = prediction[:, begun:]
            at += len(batch)
            self._progress(self.top * width + final * (columns[at].start if at < len(columns) else width))
        return band if at == len(columns) else None

    def _finish(self, band: FloatArray, weights: FloatArray, final: int) -> None:
        """Blend a row of tiles into what is pending, along y; emit its first ``final`` rows, keep the others."""
        self.covered[self.top : self.top + len(band)] += weights
        begun = min(len(self.pending), len(band))
        if begun:
            mean = band[:begun]  # in place: a temporary would be as large as pending
            mean -= self.pending[:begun]
            mean *= _ratio(weights[:begun], self.covered[self.top : self.top + begun])[:, None, None]
            mean += self.pending[:begun]
        # Copies, so that what they are cut from can go at once. Pending reaches below the band after a retreat only.
        self.pending = self.pending[begun:].copy() if begun else band[:0]
        self.emit(self.top, band[:final])
        self.pending = np.concatenate((band[final:], self.pending))
        self.top += final

    def _predict(self, boxes: list[Box]) -> npt.NDArray[Any] | None:
        """The model on one batch, (B, h, w, K); None after it ran out of memory, with ``tiling`` made smaller."""
        try:
            tiles = np.stack([self.picture[b.top : b.top + b.height, b.left : b.left + b.width] for b in boxes])
            predictions = self.model(boxes, tiles)
        except Exception as error:
            smaller = _smaller(self.tiling, boxes)
            if smaller is None or not self.is_out_of_memory(error):
                raise
        else:
            if predictions.ndim != 4 or predictions.shape[:3] != tiles.shape[:3]:
                raise UsageError(f"the model made {predictions.shape} of tiles {tiles.shape}; expected (B, h, w, K)")
            return predictions
        # Only out here has the error let go of the model's frames, and of the memory that they hold.
        self._retreat(smaller, boxes)
        return None

    def _retreat(self, smaller: Tiling, boxes: list[Box]) -> None:
        if smaller.tile == self.tiling.tile:
            change = f"batch of {len(boxes)} tiles halved to {smaller.batch}"
        else:
            change = f"tile of {boxes[0].height} x {boxes[0].width} cut to {smaller.tile}, overlap {smaller.overlap}"
        self.tiling = smaller
        if self.on_retreat:
            self.on_retreat(f"out of memory: {change}; going on from row {self.top}")

    def _progress(self, done: int) -> None:
        if self.on_progress and done > self.done:
            self.done = done
            self.on_progress(done, self.picture.shape[0] * self.picture.shape[1])


def _smaller(tiling: Tiling, boxes: list[Box]) -> Tiling | None:
    """The next tiling to try when these boxes did not fit: half the batch, then half the tile; None: nothing left."""
    if len(boxes) > 1:
        return replace(tiling, batch=len(boxes) // 2)
    side = max(boxes[0].height, boxes[0].width)  # a picture may be smaller than its tile
    if side <= SMALLEST_RETREAT:
        return None
    side = max(side // 2, SMALLEST_RETREAT)
    return Tiling(side, tiling.overlap * side // tiling.tile, batch=1)


def _shares(spans: list[Span]) -> list[FloatArray]:
    """Each tile's share in the mean of itself and those before it, over its first samples, which they have begun."""
    covered = np.zeros(spans[-1].stop, np.float32)
    shares, begun = [], 0
    for span in spans:
        window = covered[span.start : span.stop]
        window += span.weights
        shares.append(_ratio(span.weights, window)[: max(0, begun - span.start)])
        begun = span.stop
    return shares


def _ratio(weights: FloatArray, covered: FloatArray) -> FloatArray:
    """weights / covered, and 1 where both are 0: a feather of many thousand samples starts below half a step."""
    return np.divide(weights, covered, out=np.ones_like(weights), where=covered > 0)
