"""Tiles become one picture: bit for bit, as the paper's algorithm 1 has it, in order, without seams."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from tiling_tools import (
    QUICK,
    Array,
    Collected,
    algorithm_1,
    bands,
    cases,
    collect,
    feather_sum,
    hanning,
    identity,
    noise,
    opinionated,
    steepest_ramp,
)

from nircolor.errors import InputError, UsageError
from nircolor.tiles import plan_axis
from nircolor.tiling import Box, Tiling, blend, run_tiles


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


@QUICK
@given(cases())
def test_every_tile_is_seen_once_in_batches_along_a_row(case: tuple[int, int, Tiling]) -> None:
    height, width, tiling = case
    picture, seen, taken = noise(height, width), list[Box](), Collected(width)

    def model(boxes: list[Box], tiles: Array) -> Array:
        assert 1 <= len(boxes) <= tiling.batch
        assert {box.top for box in boxes} == {taken.count}  # all above is out before the next row of tiles begins
        assert len(boxes) > 1 or boxes[0].left == taken.column  # and all to the left
        for box, tile in zip(boxes, tiles, strict=True):
            assert tile.shape == (box.height, box.width)
            assert np.array_equal(tile, picture[box.top : box.top + box.height, box.left : box.left + box.width])
        seen.extend(boxes)
        return identity(boxes, tiles)

    list(taken.taking(run_tiles(picture, model, tiling)))
    axes = [[s.start for s in plan_axis(side, tiling.tile, tiling.overlap)] for side in (height, width)]
    assert [(box.top, box.left) for box in seen] == [(y, x) for y in axes[0] for x in axes[1]]
    covered = np.zeros((height, width), bool)
    for box in seen:
        covered[box.top : box.top + box.height, box.left : box.left + box.width] = True
    assert covered.all()


@QUICK
@given(cases())
def test_pieces_come_out_once_in_order_and_stay_as_they_were(case: tuple[int, int, Tiling]) -> None:
    height, width, tiling = case
    picture = noise(height, width)
    assert np.array_equal(collect(run_tiles(picture, identity, tiling), width)[..., 0], picture)


@QUICK
@given(cases())
def test_equals_bands_blended_whole_to_the_bit(case: tuple[int, int, Tiling]) -> None:
    """The plain way: a row of tiles blended over the full width, then with the rows above it."""
    height, width, tiling = case
    picture = noise(height, width)
    np.testing.assert_array_equal(blend(picture, opinionated, tiling), bands(picture, opinionated, tiling))


def test_nothing_is_computed_before_it_is_asked_for() -> None:
    calls: list[int] = []

    def model(boxes: list[Box], tiles: Array) -> Array:
        calls.append(len(boxes))
        return identity(boxes, tiles)

    pieces = run_tiles(noise(100, 100), model, Tiling(32, 8))
    assert not calls
    next(pieces)
    assert calls == [1]


def test_progress_rises_to_the_last_pixel() -> None:
    calls: list[tuple[int, int]] = []
    blend(noise(300, 200), opinionated, Tiling(64, 20, 2), on_progress=lambda done, total: calls.append((done, total)))
    done = [call[0] for call in calls]
    assert done == sorted(set(done))
    assert len(done) == 7 * 5  # tiles
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
