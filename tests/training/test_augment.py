"""Views, tiles and tones of one sample."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nircolor.training.augment import AugmentConfig, Sample, crop_window, draw, view_window

STILL = AugmentConfig(size=16, min_view=1, stretch=0, max_zoom=1, gamma=0, gain=0, noise=0)


def pair(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture whose colour tells the place of each pixel, and whose NIR is its red."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([255 * x / max(1, width - 1), 255 * y / max(1, height - 1), 0 * x], -1).astype(np.uint8)
    return rgb[..., 0].copy(), rgb


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1), st.booleans())
def test_any_picture_gives_a_full_sample_in_range(height: int, width: int, seed: int, turn: bool) -> None:
    sample = draw(*pair(height, width), AugmentConfig(size=24), np.random.default_rng(seed), turn)
    assert sample.nir.shape == sample.view_nir.shape == (24, 24)
    assert sample.rgb.shape == sample.view_rgb.shape == (24, 24, 3)
    for image in (sample.nir, sample.rgb, sample.view_nir, sample.view_rgb):
        assert image.dtype == np.float32
        assert image.min() >= 0
        assert image.max() <= 1 + 1e-6, "area averages round"
    top, left, bottom, right = sample.box
    assert 0 <= top < bottom <= 1
    assert 0 <= left < right <= 1


@pytest.mark.parametrize("seed", range(8))
def test_nir_and_rgb_stay_aligned_and_the_box_tells_the_place(seed: int) -> None:
    config = AugmentConfig(size=32, gamma=0, gain=0, noise=0, max_zoom=3)
    sample = draw(*pair(128, 128), config, np.random.default_rng(seed))
    np.testing.assert_allclose(sample.nir, sample.rgb[..., 0], atol=2 / 255)
    np.testing.assert_allclose(sample.view_nir, sample.view_rgb[..., 0], atol=2 / 255)
    top, _, bottom, _ = sample.box
    rows = sample.view_rgb[..., 1].mean(1)
    centre = np.interp((top + bottom) / 2 * 32 - 0.5, np.arange(32), rows)
    assert abs(sample.rgb[..., 1].mean() - centre) < 0.03


def test_without_strength_nothing_changes_but_the_flip() -> None:
    nir, rgb = pair(16, 16)
    sample = draw(nir, rgb, STILL, np.random.default_rng(0))
    assert any(np.allclose(sample.nir * 255, x, atol=1e-4) for x in (nir, nir[:, ::-1]))
    np.testing.assert_array_equal(sample.nir, sample.view_nir)


def test_pictures_from_the_ground_are_never_turned() -> None:
    nir, rgb = pair(64, 64)
    for seed in range(20):
        sample = draw(nir, rgb, AugmentConfig(size=16), np.random.default_rng(seed))
        assert sample.rgb[-1, :, 1].mean() > sample.rgb[0, :, 1].mean()
    turned = [draw(nir, rgb, AugmentConfig(size=16), np.random.default_rng(s), True) for s in range(20)]
    assert any(s.rgb[-1, :, 1].mean() < s.rgb[0, :, 1].mean() for s in turned)


SIDES = st.integers(1, 90)
SEEDS = st.integers(0, 2**32 - 1)


def arrays_of(sample: Sample) -> list[np.ndarray]:
    return [getattr(sample, field.name) for field in fields(sample)]


def inside(window: tuple[slice, slice], height: int, width: int) -> tuple[int, int]:
    """Size of a window that lies within the picture."""
    rows, columns = window
    assert 0 <= rows.start < rows.stop <= height
    assert 0 <= columns.start < columns.stop <= width
    return rows.stop - rows.start, columns.stop - columns.start


@settings(deadline=None, max_examples=100)
@given(SIDES, SIDES, st.integers(0, 99), SEEDS)
def test_a_crop_is_a_square_inside_or_as_much_of_it_as_there_is(height: int, width: int, side: int, seed: int) -> None:
    found = inside(crop_window((height, width), side, np.random.default_rng(seed)), height, width)
    assert found == ((min(height, side), min(width, side)) if side else (height, width))


@settings(deadline=None, max_examples=100)
@given(SIDES, SIDES, st.floats(0.01, 1), st.floats(0, 1), SEEDS)
def test_a_view_is_inside_and_as_large_and_square_as_asked(
    height: int, width: int, least: float, stretch: float, seed: int
) -> None:
    window = view_window((height, width), least, stretch, np.random.default_rng(seed))
    h, w = inside(window, height, width)
    short, bend = min(height, width), np.exp(stretch / 2)
    assert h >= np.floor(short * least / bend)
    assert w >= np.floor(short * least / bend)
    assert (h - 0.5) / (w + 0.5) <= bend**2
    assert (w - 0.5) / (h + 0.5) <= bend**2


@settings(deadline=None, max_examples=40)
@given(st.integers(20, 70), st.integers(20, 70), SEEDS, st.booleans())
def test_the_box_says_where_in_the_view_the_tile_lies(height: int, width: int, seed: int, turn: bool) -> None:
    config = AugmentConfig(size=12, max_zoom=4, noise=0)
    top, left, bottom, right = draw(*pair(height, width), config, np.random.default_rng(seed), turn).box
    assert 0 <= top < bottom <= 1
    assert 0 <= left < right <= 1
    assert bottom - top == pytest.approx(right - left, abs=1e-6)
    assert 0.99 / 4 <= bottom - top <= 1


def test_crops_reach_every_corner() -> None:
    windows = [crop_window((9, 7), 5, np.random.default_rng(seed)) for seed in range(99)]
    assert {rows.start for rows, _ in windows} == {0, 1, 2, 3, 4}
    assert {columns.start for _, columns in windows} == {0, 1, 2}


def test_a_sample_comes_from_its_crop_alone() -> None:
    nir, rgb = pair(96, 96)
    spans = []
    for seed in range(20):
        sample = draw(nir, rgb, replace(STILL, crop=24), np.random.default_rng(seed))
        spans.append(float(np.ptp(sample.view_rgb[..., 0])))
    assert max(spans) < 24 / 96
    whole = draw(nir, rgb, replace(STILL, crop=96), np.random.default_rng(0))
    assert np.ptp(whole.view_rgb[..., 0]) > 0.9


def test_the_same_rng_gives_the_same_sample_and_another_does_not() -> None:
    strong = AugmentConfig(size=24, contrast=0.3, exposure=0.2, saturation=0.1, crop=48)
    first, again, other = (draw(*pair(64, 70), strong, np.random.default_rng(seed), True) for seed in (3, 3, 4))
    for a, b in zip(arrays_of(first), arrays_of(again), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first.nir, other.nir)


@pytest.mark.parametrize("change", [{"contrast": 0.5}, {"gamma": 0.5}, {"gain": 0.5}, {"noise": 0.1}])
def test_near_infrared_changes_alone(change: dict[str, float]) -> None:
    nir, rgb = pair(16, 16)
    plain, changed = (draw(nir, rgb, replace(STILL, **c), np.random.default_rng(5)) for c in ({}, change))
    np.testing.assert_array_equal(changed.rgb, plain.rgb)
    assert np.abs(changed.nir - plain.nir).max() > 0.01


@pytest.mark.parametrize("change", [{"exposure": 0.5}, {"saturation": 0.3}])
def test_the_reference_changes_alone(change: dict[str, float]) -> None:
    nir, rgb = pair(16, 16)
    rgb[..., 2] = 60  # not fully saturated everywhere
    plain, changed = (draw(nir, rgb, replace(STILL, **c), np.random.default_rng(5)) for c in ({}, change))
    np.testing.assert_array_equal(changed.nir, plain.nir)
    assert np.abs(changed.rgb - plain.rgb).max() > 0.01


def test_depth_makes_no_difference() -> None:
    nir, rgb = pair(64, 64)
    config = AugmentConfig(size=16, noise=0)
    eight = draw(nir, rgb, config, np.random.default_rng(1))
    sixteen = draw(nir.astype(np.uint16) * 257, rgb.astype(np.uint16) * 257, config, np.random.default_rng(1))
    np.testing.assert_allclose(sixteen.rgb, eight.rgb, atol=0.6 / 255)
    np.testing.assert_allclose(sixteen.nir, eight.nir, atol=4 / 255)  # gamma makes the rounding of dark values larger


def test_quarter_turns_take_all_eight_positions() -> None:
    nir, rgb = pair(16, 16)
    seen = {draw(nir, rgb, STILL, np.random.default_rng(s), True).rgb.tobytes() for s in range(80)}
    assert len(seen) == 8
    assert len({draw(nir, rgb, STILL, np.random.default_rng(s)).rgb.tobytes() for s in range(80)}) == 2
