"""Out of memory: smaller batches, then smaller tiles, and the same picture."""

from __future__ import annotations

import weakref
from functools import partial

import numpy as np
import pytest
from tiling_tools import (
    Array,
    algorithm_1,
    collect,
    feather_sum,
    hanning,
    identity,
    noise,
    opinionated,
    steepest_ramp,
)

from nircolor.tiles import plan_axis
from nircolor.tiling import Box, Model, Tiling, blend, run_tiles


class Device:
    """A model on a device with ``budget`` pixels a call, that also fails once on each of the calls in ``unlucky``."""

    def __init__(self, model: Model, budget: float = np.inf, unlucky: tuple[int, ...] = ()):
        self.model, self.budget, self.unlucky = model, budget, unlucky
        self.calls = 0
        self.finished: list[Box] = []

    def __call__(self, boxes: list[Box], tiles: Array) -> Array:
        self.calls += 1
        if tiles.size > self.budget or self.calls - 1 in self.unlucky:
            raise MemoryError(f"{tiles.shape}")
        self.finished += boxes
        return self.model(boxes, tiles)


TILINGS = [Tiling(100, 27, 1), Tiling(64, 17, 4), Tiling(80, 70, 8), Tiling(256, 34, 2), Tiling(130, 0, 2)]


@pytest.mark.parametrize("tiling", TILINGS, ids=str)
def test_a_failure_at_any_call_changes_nothing_in_an_identity(tiling: Tiling) -> None:
    picture, calls = noise(190, 150), Device(identity)
    blend(picture, calls, tiling, channels=1)
    for k in range(calls.calls):
        for unlucky in ((k,), (k, k + 1), (k, k + 3)):
            device, news = Device(identity, unlucky=unlucky), list[str]()
            output = collect(run_tiles(picture, device, tiling, on_retreat=news.append), 150)
            assert np.array_equal(output[..., 0], picture), (k, unlucky)
            assert 1 <= len(news) <= len(unlucky)


@pytest.mark.parametrize("tiling", TILINGS, ids=str)
@pytest.mark.parametrize("side", [32, 45, 64, 100])
def test_a_small_device_gets_what_it_can_hold(tiling: Tiling, side: int) -> None:
    picture, device = noise(190, 150), Device(identity, budget=side**2)
    assert np.array_equal(collect(run_tiles(picture, device, tiling), 150)[..., 0], picture)
    assert max(box.height * box.width for box in device.finished) <= side**2


def test_halving_the_batch_computes_nothing_twice_and_gives_the_same_picture() -> None:
    picture, tiling, news = noise(200, 300), Tiling(64, 20, 8), list[str]()
    device = Device(opinionated, budget=3 * 64**2, unlucky=(2,))  # the second batch of 3
    output = blend(picture, device, tiling, on_retreat=news.append)
    assert np.array_equal(output, blend(picture, opinionated, tiling))
    assert len(device.finished) == len(set(device.finished)) == 5 * 7
    assert device.calls == 1 + 1 + 1 + 4 + 4 * 7
    assert news == [
        "out of memory: batch of 7 tiles halved to 3; going on from row 0",
        "out of memory: batch of 3 tiles halved to 1; going on from row 0",
    ]


@pytest.mark.parametrize("overlap", [20, 50])
def test_after_a_retreat_new_tiles_share_exactly_the_missing_weight(overlap: int) -> None:
    """Tiles of 64 fail from row 2 of the plan on: expected is what rows 0 and 1 weigh, and tiles of 32 for the rest."""
    picture, old, rest = noise(200, 150), plan_axis(200, 64, overlap), Tiling(32, overlap // 2)
    first = old[2].start

    def model(boxes: list[Box], tiles: Array) -> Array:
        if boxes[0].height == 64 and boxes[0].top >= first:
            raise MemoryError
        return opinionated(boxes, tiles)

    output = collect(run_tiles(picture, model, Tiling(64, overlap, 1)), 150)

    total = feather_sum(200, [row.start for row in old], 64)
    expected, covered = np.zeros((200, 150, 3)), np.zeros((200, 1, 1))
    for row in old[:2]:
        weight = (hanning(64) / total[row.start : row.stop])[:, None, None]
        window = picture[row.start : row.stop]
        moved = lambda b, t, y=row.start: opinionated([Box(y, x.left, x.height, x.width) for x in b], t)  # noqa: E731
        expected[row.start : row.stop] += weight * algorithm_1(window, moved, Tiling(64, overlap))
        covered[row.start : row.stop] += weight
    below = lambda b, t: opinionated([Box(x.top + first, x.left, x.height, x.width) for x in b], t)  # noqa: E731
    expected[first:] += (1 - covered[first:]) * algorithm_1(picture[first:], below, rest)
    np.testing.assert_allclose(output, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("overlap", [20, 50])
def test_a_retreat_within_a_row_ends_it_in_patchwork(overlap: int) -> None:
    """From the second tile of the second row on tiles of 64 fail. Expected in that row: algorithm 1 of tiles of 64,
    each made by algorithm 1 of tiles of 32; below it, tiles of 32 for what weight is missing.
    """
    picture, plan, rest = noise(200, 150), plan_axis(200, 64, overlap), Tiling(32, overlap // 2)
    row, first = plan[1], plan[2].start

    def model(boxes: list[Box], tiles: Array) -> Array:
        if boxes[0].height == 64 and (boxes[0].top, boxes[0].left) > (row.start, 0):
            raise MemoryError
        return opinionated(boxes, tiles)

    def moved(boxes: list[Box], tiles: Array, top: int, left: int = 0) -> Array:
        return opinionated([Box(top + b.top, left + b.left, b.height, b.width) for b in boxes], tiles)

    def second(boxes: list[Box], tiles: Array) -> Array:
        if boxes[0].left == 0:
            return moved(boxes, tiles, row.start)
        return algorithm_1(tiles[0], partial(moved, top=row.start, left=boxes[0].left), rest)[None]

    output = collect(run_tiles(picture, model, Tiling(64, overlap, 1)), 150)
    total = feather_sum(200, [other.start for other in plan], 64)
    expected, covered = np.zeros((200, 150, 3)), np.zeros((200, 1, 1))
    for span, made in ((plan[0], opinionated), (row, second)):
        weight = (hanning(64) / total[span.start : span.stop])[:, None, None]
        expected[span.start : span.stop] += weight * algorithm_1(
            picture[span.start : span.stop], made, Tiling(64, overlap)
        )
        covered[span.start : span.stop] += weight
    expected[first:] += (1 - covered[first:]) * algorithm_1(picture[first:], partial(moved, top=first), rest)
    np.testing.assert_allclose(output, expected, rtol=0, atol=2e-6)


def test_a_retreat_leaves_no_seam() -> None:
    """One size of tile says 0, the smaller one 1: the change from one to the other is the old tile's own ramp."""

    def model(boxes: list[Box], tiles: Array) -> Array:
        if tiles.shape[1] == 64 and boxes[0].top > 0:
            raise MemoryError
        return np.full((*tiles.shape, 1), float(tiles.shape[1] < 64), np.float32)

    output = blend(noise(200, 150), model, Tiling(64, 20, 1), channels=1)
    assert output.min() == 0
    assert output.max() == 1
    assert np.abs(np.diff(output, axis=0)).max() <= steepest_ramp(64, 20)


def test_retreats_are_told_and_progress_never_steps_back() -> None:
    news, done = list[str](), list[int]()
    device = Device(identity, unlucky=(4, 6))
    blend(
        noise(200, 150),
        device,
        Tiling(64, 20, 2),
        channels=1,
        on_retreat=news.append,
        on_progress=lambda now, _: done.append(now),
    )
    top = plan_axis(200, 64, 20)[2].start
    assert news == [
        f"out of memory: batch of 2 tiles halved to 1; going on from row {top}",
        f"out of memory: tile of 64 x 64 cut to 32, overlap 10; going on from row {top}",
    ]
    assert done == sorted(set(done))
    assert done[-1] == 200 * 150


def test_a_picture_smaller_than_its_tile_is_cut_in_two() -> None:
    device, news = Device(identity, budget=100 * 60), list[str]()
    picture = noise(100, 90)
    assert np.array_equal(
        blend(picture, device, Tiling(256, 34, 4), channels=1, on_retreat=news.append)[..., 0], picture
    )
    assert news == ["out of memory: tile of 100 x 90 cut to 50, overlap 6; going on from row 0"]
    assert device.calls == 1 + 3 * 2  # one by one: as a batch they would need what the whole did


def test_a_device_without_any_memory_raises_its_own_error() -> None:
    device, news = Device(identity, budget=0), list[str]()
    pieces = run_tiles(noise(200, 150), device, Tiling(100, 16, 4), on_retreat=news.append)
    with pytest.raises(MemoryError, match="\\(1, 32, 32\\)"):
        next(pieces)
    assert device.calls == 4  # two tiles of 100, one of 100, of 50, of 32
    assert len(news) == 3


def test_other_errors_pass_at_once() -> None:
    calls: list[int] = []

    def broken(boxes: list[Box], tiles: Array) -> Array:
        calls.append(len(boxes))
        raise RuntimeError("not a matter of memory")

    with pytest.raises(RuntimeError, match="not a matter"):
        blend(noise(200, 150), broken, Tiling(64, 8, 4))
    assert len(calls) == 1


def test_the_caller_says_what_out_of_memory_looks_like() -> None:
    def device(boxes: list[Box], tiles: Array) -> Array:
        if len(tiles) > 1:
            raise RuntimeError("CUDA out of memory")
        return identity(boxes, tiles)

    picture = noise(200, 150)
    output = blend(picture, device, Tiling(64, 8, 4), channels=1, is_out_of_memory=lambda e: "out of memory" in str(e))
    assert np.array_equal(output[..., 0], picture)


def test_a_failed_call_has_let_go_of_its_memory_before_the_next() -> None:
    held: list[weakref.ref[Array]] = []

    def device(boxes: list[Box], tiles: Array) -> Array:
        assert all(reference() is None for reference in held)
        activations = np.ones(10)
        held.append(weakref.ref(activations))
        if len(held) < 4:
            raise MemoryError
        return identity(boxes, tiles)

    blend(noise(200, 150), device, Tiling(128, 8, 4), channels=1)
    assert len(held) > 4
