"""Casting a height field and its shadows, against the plain way of doing it."""

from __future__ import annotations

import numpy as np
import pytest

from nircolor.scenes.terrain import TerrainGrid, cast, shadow_line, slopes, sunlit
from nircolor.scenes.view import FOCAL, Sun, Viewpoint


def bumpy(grid: TerrainGrid, seed: int) -> np.ndarray:
    waves = np.random.default_rng(seed).uniform(0.5, 2.0, 4)
    ahead = np.log(grid.z)
    height = np.sin(waves[0] * ahead * 3.0 + waves[1] * grid.u * 9.0) * 0.02 * grid.z
    return (height + 0.004 * grid.z * np.sin(waves[2] * ahead * 40.0) - 0.5).astype(np.float32)


def test_level_ground_is_where_geometry_puts_it() -> None:
    view = Viewpoint(40, 60, lift=0.0, eye=1.7)
    grid = TerrainGrid(view)
    hits = cast(grid, np.zeros((len(grid.z), len(grid.u)), np.float32))
    rows = np.nonzero(hits.seen)[0]
    near = hits.z < 5000.0  # the land ends before the horizon
    np.testing.assert_allclose(hits.z[near], (-1.7 * FOCAL / view.v[rows])[near], rtol=2e-3)
    np.testing.assert_allclose(hits.y[near], 0.0, atol=1e-3)
    assert np.all(view.v[rows] < 0)


@pytest.mark.parametrize("seed", range(4))
def test_the_first_hit_is_the_one_a_walk_along_the_ray_finds(seed: int) -> None:
    view = Viewpoint(24, 16, lift=0.02)
    grid = TerrainGrid(view)
    height = bumpy(grid, seed)
    hits = cast(grid, height)
    found = np.full((view.height, view.width), np.inf)
    found[hits.seen] = hits.z
    rise = (height - view.eye) * FOCAL / grid.z
    for column in range(view.width):
        line = rise[:, column + grid.margin]
        for row, v in enumerate(view.v):
            above = np.flatnonzero(line >= v)
            if not len(above):
                assert np.isinf(found[row, column])
                continue
            first = max(int(above[0]), 1)
            assert grid.z[first - 1, 0] * (1 - 1e-5) <= found[row, column] <= grid.z[first, 0] * (1 + 1e-5)


def test_fields_are_picked_at_the_hits() -> None:
    grid = TerrainGrid(Viewpoint(24, 32, lift=0.02))
    height = bumpy(grid, 9)
    hits = cast(grid, height)
    across = np.broadcast_to(grid.x, height.shape)
    np.testing.assert_allclose(hits.pick(across), hits.x, rtol=1e-3, atol=1e-3)
    inside = hits.part < 1.0
    np.testing.assert_allclose(hits.pick(height)[inside], hits.y[inside], rtol=0.02, atol=0.05)


def test_slopes_of_a_plane() -> None:
    grid = TerrainGrid(Viewpoint(16, 24))
    across, along = slopes(grid, (0.3 * grid.x - 0.2 * grid.z + 5.0).astype(np.float32))
    np.testing.assert_allclose(across, 0.3, atol=2e-3)
    np.testing.assert_allclose(along[1:-1], -0.2, atol=5e-3)


@pytest.mark.parametrize("side", [-1, 1])
def test_a_shadow_lies_away_from_the_sun_and_is_as_long_as_the_sun_is_low(side: int) -> None:
    grid = TerrainGrid(Viewpoint(64, 400))
    sun = Sun(elevation=45.0, behind=0.0, side=side)
    row = grid.first(50.0)
    x = grid.x[row]
    height = np.zeros((len(grid.z), len(grid.u)), np.float32)
    wall = np.abs(x) < 0.2
    height[row, wall] = 4.0
    line = shadow_line(grid, height, sun)[row]
    toward = x * side
    expected = np.where(toward > 0.2, 0.0, np.maximum(4.0 - np.maximum(-toward, 0.0), 0.0))
    np.testing.assert_allclose(line, expected, atol=0.5)
    assert float(sunlit(line, 0.0, 50.0)[np.argmin(np.abs(toward + 2.0))]) == 0.0
    assert float(sunlit(line, 0.0, 50.0)[np.argmin(np.abs(toward - 2.0))]) == 1.0


def test_a_place_is_found_in_the_grid() -> None:
    grid = TerrainGrid(Viewpoint(30, 50))
    row, column = grid.nearest(3.0, 40.0)
    assert abs(grid.z[row, 0] - 40.0) < 1.5
    assert abs(grid.x[row, column] - 3.0) < 1.0
    assert grid.nearest(1e9, 1e9) == (len(grid.z) - 1, len(grid.u) - 1)
