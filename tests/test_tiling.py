"""Tiling: exact weights, pictures that come back whole, the same result as the paper's algorithm 1, safe retreats."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nircolor.errors import InputError, UsageError
from nircolor.tiling import Box, Model, Tiling, blend, plan_axis, run_tiles

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


# ---------------------------------------------------------------- what the user chooses


@pytest.mark.parametrize(
    ("values", "option"),
    [
        ({"tile": 0}, "--tile 0"),
        ({"overlap": -1}, "--overlap -1"),
        ({"tile": 32, "overlap": 32}, "--overlap 32: .* give 0 to 31, or a larger --tile"),
        ({"batch": 0}, "--batch 0"),
    ],
)
def test_impossible_tilings_are_refused_by_the_name_of_the_option(values: dict[str, int], option: str) -> None:
    with pytest.raises(UsageError, match=option):
        Tiling(**values)


def test_a_plan_refuses_what_a_tiling_refuses() -> None:
    with pytest.raises(UsageError, match="--overlap"):
        plan_axis(100, 16, 16)


# ---------------------------------------------------------------- one axis


@QUICK
@given(st.integers(1, 3000), st.integers(1, 700), st.data())
def test_weights_sum_to_exactly_one_in_any_order(length: int, tile: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, tile - 1).filter(lambda o: length < 300 * (tile - o)))
    spans = plan_axis(length, tile, overlap)
    assert all(span.weights.dtype == np.float32 for span in spans)
    assert all(np.all((span.weights >= 0) & (span.weights <= 1)) for span in spans)
    for order in (spans, spans[::-1], data.draw(st.permutations(spans))):
        total = np.zeros(length, np.float32)
        for span in order:
            total[span.start : span.stop] += span.weights
        assert np.array_equal(total, np.ones(length, np.float32))


@QUICK
@given(st.integers(1, 5000), st.integers(1, 700), st.data())
def test_tiles_are_evenly_spread_and_no_more_than_needed(length: int, tile: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, tile - 1))
    spans = plan_axis(length, tile, overlap)
    steps = np.diff([span.start for span in spans])
    assert spans[0].start == 0
    assert spans[-1].stop == length
    assert {len(span.weights) for span in spans} == {min(length, tile)}
    assert all(0 < step <= tile - overlap for step in steps)
    assert len(spans) == 1 or max(steps) - min(steps) <= 1
    assert len(spans) == 1 or tile + (len(spans) - 2) * (tile - overlap) < length  # one tile fewer would not reach


@pytest.mark.parametrize(("length", "tile", "overlap"), [(1000, 256, 34), (9000, 4096, 2048), (900, 64, 1)])
def test_no_weight_is_zero(length: int, tile: int, overlap: int) -> None:
    assert all(np.all(span.weights > 0) for span in plan_axis(length, tile, overlap))


def test_weights_are_the_normalised_hanning_window_of_the_paper() -> None:
    spans = plan_axis(1000, 256, 150)
    total = feather_sum(1000, [span.start for span in spans], 256)
    for span in spans:
        np.testing.assert_allclose(span.weights, hanning(256) / total[span.start : span.stop], rtol=0, atol=2**-24)


# ---------------------------------------------------------------- identity, and the paper's own algorithm


@QUICK
@given(cases())
def test_identity_model_returns_the_picture_bit_for_bit(case: tuple[int, int, Tiling]) -> None:
    height, width, tiling = case
    picture = noise(height, width)
    assert np.array_equal(blend(picture, identity, tiling, channels=1)[..., 0], picture)


@pytest.mark.parametrize("tile", range(1, 8))
def test_identity_for_every_small_size_and_overlap(tile: int) -> None:
    for overlap in range(tile):
        for height in range(1, 18):
            for width in (1, height, 11):
                picture = noise(height, width)
                output = blend(picture, identity, Tiling(tile, overlap, batch=16), channels=1)
                assert np.array_equal(output[..., 0], picture), (height, width, tile, overlap)


@settings(deadline=None, max_examples=30)
@given(cases())
def test_equals_algorithm_1_with_its_weight_image_and_division(case: tuple[int, int, Tiling]) -> None:
    height, width, tiling = case
    picture = noise(height, width)
    output = blend(picture, opinionated, tiling)
    np.testing.assert_allclose(output, algorithm_1(picture, opinionated, tiling), rtol=0, atol=2e-6)


def test_tiles_so_large_that_their_feather_underflows_still_blend() -> None:
    picture = noise(1, 40_000)
    first, second, _ = plan_axis(40_000, 20_000, 10_000)
    assert first.weights[-1] == second.weights[0] == 0  # the true weight is below half of 2^-24
    with np.errstate(all="raise"):
        output = blend(picture, identity, Tiling(20_000, 10_000), channels=1)
    assert np.array_equal(output[..., 0], picture)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float64])
def test_model_gets_the_pictures_dtype_and_channels_and_may_return_any(dtype: type) -> None:
    picture: Array = (noise(70, 90, 2) * 200).astype(dtype)

    def model(boxes: list[Box], tiles: Array) -> Array:
        assert tiles.dtype == dtype
        assert tiles.shape[3] == 2
        return tiles

    assert np.array_equal(blend(picture, model, Tiling(32, 9, 4), channels=2), picture.astype(np.float32))


# ---------------------------------------------------------------- what the model and the caller see


@QUICK
@given(cases())
def test_every_tile_is_seen_once_in_batches_along_a_row(case: tuple[int, int, Tiling]) -> None:
    height, width, tiling = case
    picture, seen, rows = noise(height, width), list[Box](), Rows()

    def model(boxes: list[Box], tiles: Array) -> Array:
        assert 1 <= len(boxes) <= tiling.batch
        assert {box.top for box in boxes} == {rows.count}  # all above is out before the next row of tiles begins
        for box, tile in zip(boxes, tiles, strict=True):
            assert tile.shape == (box.height, box.width)
            assert np.array_equal(tile, picture[box.top : box.top + box.height, box.left : box.left + box.width])
        seen.extend(boxes)
        return identity(boxes, tiles)

    run_tiles(picture, model, tiling, emit=rows)
    axes = [[s.start for s in plan_axis(side, tiling.tile, tiling.overlap)] for side in (height, width)]
    assert [(box.top, box.left) for box in seen] == [(y, x) for y in axes[0] for x in axes[1]]
    covered = np.zeros((height, width), bool)
    for box in seen:
        covered[box.top : box.top + box.height, box.left : box.left + box.width] = True
    assert covered.all()


@QUICK
@given(cases())
def test_rows_come_out_once_in_order_and_stay_as_they_were(case: tuple[int, int, Tiling]) -> None:
    height, width, tiling = case
    picture, rows = noise(height, width), Rows()
    run_tiles(picture, identity, tiling, emit=rows)
    assert np.array_equal(rows.picture()[..., 0], picture)


def test_progress_rises_to_the_last_pixel() -> None:
    calls: list[tuple[int, int]] = []
    blend(noise(300, 200), opinionated, Tiling(64, 20, 2), on_progress=lambda done, total: calls.append((done, total)))
    done = [call[0] for call in calls]
    assert done == sorted(set(done))
    assert len(done) == 7 * 3  # rows of tiles x batches in a row
    assert {call[1] for call in calls} == {300 * 200}
    assert done[-1] == 300 * 200


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (5,), (2, 3, 4, 5)])
def test_an_empty_or_flat_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="give \\(H, W\\)"):
        blend(np.zeros(shape, np.float32), identity, Tiling())


@pytest.mark.parametrize("wrong", [lambda t: t, lambda t: t[:, :-1, :, None], lambda t: t[:1, ..., None]])
def test_a_model_output_of_another_shape_is_refused(wrong: Callable[[Array], Array]) -> None:
    with pytest.raises(UsageError, match="expected \\(B, h, w, K\\)"):
        blend(noise(64, 64), lambda boxes, tiles: wrong(tiles), Tiling(32, 8, 4), channels=1)


def test_another_number_of_channels_is_refused() -> None:
    with pytest.raises(UsageError, match="1 channels where 3"):
        blend(noise(64, 64), identity, Tiling(32, 8))


# ---------------------------------------------------------------- seams


@pytest.mark.parametrize(("tile", "overlap"), [(64, 8), (64, 18), (64, 32), (256, 34)])
def test_tiles_that_disagree_meet_in_the_hanning_ramp(tile: int, overlap: int) -> None:
    """Tiles of alternating 0 and 1: no step is steeper than the ramp, and the ramp is as steep as it should be."""

    def checkers(boxes: list[Box], tiles: Array) -> Array:
        numbers = [(box.top + box.left) // (tile - overlap) for box in boxes]
        return np.stack([np.full((*tiles.shape[1:], 1), number % 2, np.float32) for number in numbers])

    picture = np.zeros((tile + 2 * (tile - overlap), tile + 3 * (tile - overlap)), np.float32)
    output = blend(picture, checkers, Tiling(tile, overlap), channels=1)[..., 0]
    assert output.min() == 0
    assert output.max() == 1
    for axis in (0, 1):
        steepest = np.abs(np.diff(output, axis=axis)).max()
        assert 0.9 * steepest_ramp(tile, overlap) < steepest < 1.00001 * steepest_ramp(tile, overlap)


def steepest_step(length: int, tiling: Tiling) -> float:
    """How much neighbouring samples can differ when tiles say -1 or 1: the largest sum of changes of all weights."""
    starts = [span.start for span in plan_axis(length, tiling.tile, tiling.overlap)]
    side = min(length, tiling.tile)
    total, change = feather_sum(length, starts, side), np.zeros(max(0, length - 1))
    for start in starts:
        weight = np.zeros(length)
        weight[start : start + side] = hanning(side) / total[start : start + side]
        change += np.abs(np.diff(weight))
    return float(change.max(initial=0))


@QUICK
@given(cases())
def test_no_step_is_steeper_than_the_hanning_weights_allow(case: tuple[int, int, Tiling]) -> None:
    height, width, tiling = case
    output = blend(noise(height, width), lambda b, t: np.sign(opinionated(b, 0 * t) - 0.5), tiling)
    for axis, length in enumerate((height, width)):
        assert np.abs(np.diff(output, axis=axis)).max(initial=0) <= steepest_step(length, tiling) + 1e-6


# ---------------------------------------------------------------- out of memory


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
            rows, device, news = Rows(), Device(identity, unlucky=unlucky), list[str]()
            run_tiles(picture, device, tiling, emit=rows, on_retreat=news.append)
            assert np.array_equal(rows.picture()[..., 0], picture), (k, unlucky)
            assert 1 <= len(news) <= len(unlucky)


@pytest.mark.parametrize("tiling", TILINGS, ids=str)
@pytest.mark.parametrize("side", [32, 45, 64, 100])
def test_a_small_device_gets_what_it_can_hold(tiling: Tiling, side: int) -> None:
    picture, rows, device = noise(190, 150), Rows(), Device(identity, budget=side**2)
    run_tiles(picture, device, tiling, emit=rows)
    assert np.array_equal(rows.picture()[..., 0], picture)
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

    rows = Rows()
    run_tiles(picture, model, Tiling(64, overlap, 1), emit=rows)

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
    np.testing.assert_allclose(rows.picture(), expected, rtol=0, atol=2e-6)


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
    device, news, rows = Device(identity, budget=0), list[str](), Rows()
    with pytest.raises(MemoryError, match="\\(1, 32, 32\\)"):
        run_tiles(noise(200, 150), device, Tiling(100, 16, 4), emit=rows, on_retreat=news.append)
    assert device.calls == 4  # two tiles of 100, one of 100, of 50, of 32
    assert len(news) == 3
    assert rows.count == 0


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


# ---------------------------------------------------------------- memory


class Endless:
    """A picture that exists window by window only."""

    def __init__(self, height: int, width: int) -> None:
        self.shape = (height, width)

    def __getitem__(self, window: tuple[slice, slice], /) -> Array:
        rows, columns = (np.arange(side.start, side.stop, dtype=np.float32) for side in window)
        return np.sin(rows[:, None] * 0.1) + columns


def peak(height: int, width: int, tiling: Tiling) -> int:
    """Most bytes that a run holds at once, with a model of three channels that returns one and the same array."""
    answer = np.zeros((tiling.batch, min(height, tiling.tile), min(width, tiling.tile), 3), np.float32)
    tracemalloc.start()
    try:
        run_tiles(Endless(height, width), lambda boxes, _: answer[: len(boxes)], tiling, emit=lambda top, rows: None)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("tile", "overlap"), [(256, 34), (256, 128), (128, 8)])
def test_memory_is_the_width_times_tile_and_overlap(tile: int, overlap: int) -> None:
    tiling = Tiling(tile, overlap, batch=2)
    spread = tile - min(np.diff([row.start for row in plan_axis(1200, tile, overlap)]))  # the overlap after rounding up
    canvas = 4000 * (tile + spread) * 3 * 4
    batch = 4 * tile * tile * 4  # two tiles, and what they were cut from
    assert peak(1200, 4000, tiling) < canvas + batch + 300_000 < 1200 * 4000 * 3 * 4


def test_memory_does_not_grow_with_the_height_but_for_the_plan() -> None:
    tiling = Tiling(64, 16, batch=1)
    low, high = peak(2_000, 64, tiling), peak(20_000, 64, tiling)
    assert high - low < 18_000 * 40  # the rows themselves would take 18_000 * 768


def test_importing_the_tiling_brings_no_torch() -> None:
    code = "import sys, nircolor.tiling; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
