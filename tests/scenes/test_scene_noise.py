"""Noise tiles: periodic, seeded, read the same everywhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nircolor.scenes.noise import billow_tile, cell_tiles, fractal_tile, grain, ridged_tile, sample, smoothstep

SIZE = 64


def rng(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("make", [fractal_tile, ridged_tile, billow_tile])
def test_a_tile_is_float32_seeded_and_periodic(make: Callable[..., np.ndarray]) -> None:
    tile = make(rng(), SIZE)
    assert tile.shape == (SIZE, SIZE)
    assert tile.dtype == np.float32
    np.testing.assert_array_equal(tile, make(rng(), SIZE))
    assert not np.array_equal(tile, make(rng(4), SIZE))
    inner = np.abs(np.diff(tile, axis=1)).mean()
    assert np.abs(tile[:, 0] - tile[:, -1]).mean() < 2.0 * inner


def test_fractal_noise_has_mean_zero_and_deviation_one() -> None:
    tile = fractal_tile(rng(), SIZE)
    assert abs(float(tile.mean())) < 1e-4
    assert float(tile.std()) == pytest.approx(1.0, abs=1e-4)


def test_a_steeper_slope_is_smoother() -> None:
    rough, smooth = (np.abs(np.diff(fractal_tile(rng(), SIZE, slope))).mean() for slope in (0.5, 2.5))
    assert rough > 4.0 * smooth


def test_sampling_hits_the_texels_wraps_and_interpolates() -> None:
    tile = fractal_tile(rng(), SIZE)
    column, row = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    np.testing.assert_allclose(sample(tile, column / SIZE, row / SIZE), tile, atol=1e-5)
    np.testing.assert_allclose(sample(tile, column / SIZE - 3.0, row / SIZE + 2.0), tile, atol=1e-5)
    between = sample(tile, np.array([5.5 / SIZE]), np.array([7.0 / SIZE]))
    assert between[0] == pytest.approx((tile[7, 5] + tile[7, 6]) / 2, abs=1e-5)
    np.testing.assert_array_equal(grain(tile, (column + 0.5) / SIZE, (row + 0.5) / SIZE), tile)


def test_cells_know_their_nearest_seed() -> None:
    cells = cell_tiles(rng(), 4, SIZE)
    assert float(cells.distance.min()) < 0.1
    assert float(cells.gap.min()) >= 0.0
    assert np.all(np.abs(cells.side) <= cells.distance + 1e-6)
    assert len(np.unique(cells.tag)) == 16
    assert 0.0 <= float(cells.tag.min()) <= float(cells.tag.max()) < 1.0


def test_smoothstep_runs_both_ways() -> None:
    values = np.array([-1.0, 0.0, 0.5, 1.0, 2.0], np.float32)
    np.testing.assert_allclose(smoothstep(0.0, 1.0, values), [0, 0, 0.5, 1, 1])
    np.testing.assert_allclose(smoothstep(1.0, 0.0, values), [1, 1, 0.5, 0, 0])
