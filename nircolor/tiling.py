"""How tiles become one picture again: arithmetic, no model, no files. ``tiles.py`` says where they lie.

The sums of weighted predictions are taken as running means, tile after tile,

    mean_k = mean_(k-1) + (p_k - mean_(k-1)) w_k / (w_1 + ... + w_k)

so tiles that agree change nothing: an identity model gives its input back bit for bit, however many tiles overlap, and
only overlaps are computed on, the rest is copied. What no later tile touches is handed on at once, as a piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from nircolor.errors import InputError, UsageError
from nircolor.tiles import FloatArray, Span, Tiling, plan_axis, ratio_of, shares_of

__all__ = ["Box", "Model", "Picture", "Piece", "Tiling", "blend", "is_memory_error", "run_tiles"]

# Networks of four or five halvings pad smaller tiles up to about this side: halving further would free no memory.
SMALLEST_RETREAT = 32


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


class Piece(NamedTuple):
    """A finished part of a picture: where it lies, in pixels of the whole, and (h, w, K) float32, fresh each time."""

    top: int
    left: int
    pixels: FloatArray


Model = Callable[[list[Box], npt.NDArray[Any]], npt.NDArray[Any]]


def is_memory_error(error: BaseException) -> bool:
    """Python's and numpy's own way to say that memory ran out; devices have others."""
    return isinstance(error, MemoryError)


def run_tiles(
    picture: Picture,
    model: Model,
    tiling: Tiling,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    is_out_of_memory: Callable[[BaseException], bool] = is_memory_error,
    on_retreat: Callable[[str], None] | None = None,
) -> Iterator[Piece]:
    """Send a picture through a model tile by tile, and hand on the blended pixels as soon as they are final.

    picture: (H, W) or (H, W, C), of any dtype; only ``picture[y0:y1, x0:x1]`` and ``picture.shape`` are used.
    model: called with boxes and their tiles, (B, h, w) or (B, h, w, C), all of one shape; returns (B, h, w, K), which
    is then changed.
    on_progress: called with picture pixels done and in all; never steps back.
    is_out_of_memory, on_retreat: when the model runs out of memory, the batch is halved, then the tile and its overlap,
    ``on_retreat`` gets a sentence about it, and work goes on from the failing tile; pieces that are out stay as they
    are.

    The pieces cover every pixel once. One row of tiles makes one row of pieces of one height, from left to right; the
    next one lies below. Work goes on only while they are taken.

    Memory: overlap rows of W x K float32, a few tiles and one batch, whatever the height (the plan takes ~30 bytes a
    row). Raises InputError at once for an empty picture; while pieces are taken UsageError for a model output of
    another shape, and what the model raises: out of memory only once a single tile is too small to be halved.
    """
    if len(picture.shape) not in (2, 3) or 0 in picture.shape:
        raise InputError(f"picture of shape {tuple(picture.shape)}: give (H, W) or (H, W, C), at least 1 x 1 pixels")
    whole = Box(0, 0, *picture.shape[:2])
    return _Run(picture, whole, model, tiling, on_progress, is_out_of_memory, on_retreat).pieces()


def blend(picture: Picture, model: Model, tiling: Tiling, channels: int = 3, **options: Any) -> FloatArray:
    """``run_tiles`` into one (H, W, channels) float32 array; ``options`` are its keywords.

    Raises what ``run_tiles`` raises, and UsageError for a model with another number of channels.
    """
    output = np.empty((*picture.shape[:2], channels), np.float32)
    for top, left, pixels in run_tiles(picture, model, tiling, **options):
        height, width, found = pixels.shape
        if found != channels:  # numpy would spread a single channel over all
            raise UsageError(f"the model returned {found} channels where {channels} were asked for")
        output[top : top + height, left : left + width] = pixels
    return output


@dataclass
class _Run:
    """A picture, or an area of one, on its way through the model, and how far it has come."""

    picture: Picture
    area: Box
    model: Model
    tiling: Tiling
    on_progress: Callable[[int, int], None] | None
    is_out_of_memory: Callable[[BaseException], bool]
    on_retreat: Callable[[str], None] | None
    top: int = 0  # rows of the area that are handed on: the top of the next row of tiles
    done: int = 0  # pixels of the area, for on_progress
    covered: FloatArray = field(init=False)  # (H,) sum of the weights of the tiles so far: 1 where no tile is missing
    pending: list[FloatArray] = field(init=False)  # (n, w, K) from top on, a column of tiles each: means so far

    def __post_init__(self) -> None:
        self.covered = np.zeros(self.area.height, np.float32)
        self.pending = [np.empty((0, self.area.width, 1), np.float32)]

    def pieces(self) -> Iterator[Piece]:
        """All of the area."""
        while self.top < self.area.height:
            yield from self._until_retreat()

    def _until_retreat(self) -> Iterator[Piece]:
        """Plan all rows left with the tiling of now, and run them: to the end, or until that tile does not fit.

        Rows that an earlier, larger tiling has begun keep what they have: the new tiles share what weight was missing,
        so the new plan fades in along the ramp of the tile that failed, and its first tile's own border with it.
        """
        missing, tile = 1 - self.covered[self.top :], self.tiling.tile
        columns = plan_axis(self.area.width, tile, self.tiling.overlap)
        rows, shares = plan_axis(len(missing), tile, self.tiling.overlap), shares_of(columns)
        self.pending = np.split(np.concatenate(self.pending, axis=1), [column.start for column in columns[1:]], axis=1)
        ends = [row.start for row in rows[1:]] + [len(missing)]  # no later tile touches the rows before these
        for row, end in zip(rows, ends, strict=True):
            yield from self._row(columns, shares, row.weights * missing[row.start : row.stop], end - row.start)
            if self.tiling.tile != tile:
                return

    def _row(self, columns: list[Span], shares: list[FloatArray], weights: FloatArray, final: int) -> Iterator[Piece]:
        """One row of tiles, blended along x, then with what is pending; its first ``final`` rows are handed on."""
        total = self.covered[self.top : self.top + len(weights)] + weights
        ratio, carried = ratio_of(weights, total)[:, None, None], None
        for at, prediction in enumerate(self._predictions(columns, len(weights))):
            start, begun = columns[at].start, len(shares[at])  # columns of this tile where earlier ones lie already
            mean = np.asarray(prediction, np.float32)
            if carried is not None and begun:
                carried += (prediction[:, :begun] - carried) * shares[at][:, None]
                mean = np.concatenate((carried, mean[:, begun:]), axis=1)
            cut = self.pending[at].shape[1]  # no later tile of this row touches the columns before this one
            carried = mean[:, cut:].copy()
            self._settle(at, mean[:, :cut], ratio, final)
            self._progress(self.top * self.area.width + final * (start + cut))
            yield Piece(self.area.top + self.top, self.area.left + start, mean[:final, :cut])
            del prediction, mean  # or they would live on beside the next tile
        if carried is not None:  # or not even the first tile fits, and this row is planned anew
            self.covered[self.top : self.top + len(weights)] = total
            self.top += final

    def _settle(self, at: int, strip: FloatArray, ratio: FloatArray, final: int) -> None:
        """Blend a part of a row of tiles, in place, with what is pending there; pending becomes what is not final."""
        pending = self.pending[at]
        begun = min(len(pending), len(strip))
        if begun:
            mean = strip[:begun]  # in place: a temporary would be as large as pending
            mean -= pending[:begun]
            mean *= ratio[:begun]
            mean += pending[:begun]
        # Copies, so that what they are cut from can go at once. Pending reaches below the tile after a retreat only.
        below = pending[begun:]
        self.pending[at] = np.concatenate((strip[final:], below)) if len(below) else strip[final:].copy()

    def _predictions(self, columns: list[Span], rows: int) -> Iterator[npt.NDArray[Any]]:
        """The model on each tile of a row, (h, w, K); on none of them where already the first one does not fit."""
        at, tile, top, left = 0, self.tiling.tile, self.area.top + self.top, self.area.left
        boxes = [Box(top, left + column.start, rows, len(column.weights)) for column in columns]
        while at < len(boxes) and self.tiling.tile == tile:
            batch = boxes[at : at + self.tiling.batch]
            predictions = self._predict(batch)
            if predictions is not None:
                yield from predictions
                at += len(batch)
            del predictions
        if at:  # what lies beside them is handed on, and was made for tiles of this size
            yield from map(self._patchwork, boxes[at:])

    def _patchwork(self, box: Box) -> FloatArray:
        """A tile that does not fit, made of smaller ones: (h, w, K)."""
        run = _Run(self.picture, box, self.model, self.tiling, None, self.is_out_of_memory, self.on_retreat)
        whole = np.empty((box.height, box.width, 0), np.float32)
        for top, left, pixels in run.pieces():
            if not whole.size:
                whole = np.empty((box.height, box.width, pixels.shape[2]), np.float32)
            whole[top - box.top :, left - box.left :][: len(pixels), : pixels.shape[1]] = pixels
        self.tiling = run.tiling
        return whole

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
            self.on_retreat(f"out of memory: {change}; going on from row {boxes[0].top}")

    def _progress(self, done: int) -> None:
        if self.on_progress and done > self.done:
            self.done = done
            self.on_progress(done, self.area.height * self.area.width)


def _smaller(tiling: Tiling, boxes: list[Box]) -> Tiling | None:
    """The next tiling to try when these boxes did not fit: half the batch, then half the tile; None: nothing left."""
    if len(boxes) > 1:
        return replace(tiling, batch=len(boxes) // 2)
    side = max(boxes[0].height, boxes[0].width)  # a picture may be smaller than its tile
    if side <= SMALLEST_RETREAT:
        return None
    side = max(side // 2, SMALLEST_RETREAT)
    return Tiling(side, tiling.overlap * side // tiling.tile, batch=1)
