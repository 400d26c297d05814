"""The shape of the land: hills, mountains, dunes, table mountains, the basin of a lake, and what grows on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nircolor.scenes.canopy import forest, grass, plant_hedges
from nircolor.scenes.noise import Field, sample, smoothstep
from nircolor.scenes.recipes import SceneRecipe
from nircolor.scenes.terrain import TerrainGrid
from nircolor.scenes.tiles import Tiles

_MESAS_FROM = 1200.0  # metres
_LAKE_BED = -1.5  # metres


@dataclass(frozen=True)
class Land:
    """(D, C) heights in metres: ``soil`` above y = 0, ``crown`` (forest) and ``blade`` (grass) above the soil."""

    soil: Field
    crown: Field
    blade: Field

    @property
    def top(self) -> Field:
        """(D, C) metres above y = 0."""
        return self.soil + np.maximum(self.crown, self.blade)


def shape(recipe: SceneRecipe, tiles: Tiles, grid: TerrainGrid) -> Land:
    """The land of a recipe on a grid."""
    soil = _rolling(recipe, tiles, grid)
    if recipe.dunes:
        soil += _dunes(recipe, tiles, grid)
    if recipe.peaks:
        soil += _peaks(recipe, tiles, grid)
    if recipe.mesas:
        soil += _mesas(recipe, tiles, grid)
    if recipe.lake[1]:
        soil = _basin(recipe, tiles, grid, soil)
    crown = forest(recipe, tiles, grid, soil) if recipe.forest else np.zeros_like(soil)
    if recipe.houses:
        plant_hedges(tiles, grid, crown)
    blade = grass(recipe, tiles, grid, soil) if recipe.grass else np.zeros_like(soil)
    return Land(soil, crown, blade)


def _rolling(recipe: SceneRecipe, tiles: Tiles, grid: TerrainGrid) -> Field:
    """Bumps underfoot, a valley in front of the camera, hills that rise beyond it."""
    x, z, (ox, oz) = grid.x, grid.z, tiles.origin
    drift = 0.07 if recipe.snow or recipe.dunes else 0.0
    bumps = 0.22 * sample(tiles.soft, x / 60.0, z / 60.0) + drift * sample(tiles.soft, x / 11.0, z / 7.0)
    height = bumps * smoothstep(4.0, 40.0, z) * (not recipe.houses)
    hills = sample(tiles.soft, x / recipe.hill_period + ox, z / recipe.hill_period + oz)
    height += recipe.hills * hills * smoothstep(40.0, recipe.hill_period * 0.6, z)
    rise = 0.035 if recipe.valley else 0.009
    height += rise * np.maximum(z - 500.0, 0.0) * smoothstep(9000.0, 2000.0, z)
    height -= recipe.valley * smoothstep(12.0, 260.0, z)
    return np.asarray(height, dtype=np.float32)


def _dunes(recipe: SceneRecipe, tiles: Tiles, grid: TerrainGrid) -> Field:
    """Crests with a gentle and a steep side, bent by noise."""
    bend = 0.8 * sample(tiles.soft, grid.x / 700.0, grid.z / 700.0)
    phase = (grid.x * 0.35 + grid.z) / 150.0 + bend
    saw = phase - np.floor(phase)
    crest = smoothstep(0.0, 1.0, np.where(saw < 0.72, saw / 0.72, (1.0 - saw) / 0.28))
    size = 0.6 + 0.4 * sample(tiles.soft, grid.x / 1500.0 + 0.5, grid.z / 1500.0)
    return np.asarray(recipe.dunes * crest * size * smoothstep(15.0, 110.0, grid.z), dtype=np.float32)


def _beyond(grid: TerrainGrid, first: int, values: Field) -> Field:
    """(D, C) the ``values`` that were computed for the rows from ``first`` on, and 0 nearer to the camera."""
    return np.concatenate([np.zeros((first, len(grid.u)), np.float32), values.astype(np.float32)])


def _peaks(recipe: SceneRecipe, tiles: Tiles, grid: TerrainGrid) -> Field:
    first = grid.first(recipe.peaks_from)
    x, z, period = grid.x[first:], grid.z[first:], recipe.peak_period
    warp = 0.035 * sample(tiles.soft, x / period, z / period + 0.4)
    ridge = sample(tiles.ridge, x / period + tiles.origin[0] + warp, z / period + tiles.origin[1] + warp)
    detail = sample(tiles.rough, x / 1100.0, z / 1100.0)
    tall = recipe.peaks * smoothstep(recipe.peaks_from, recipe.peaks_to, z)
    return _beyond(grid, first, tall * (ridge * ridge * 0.8 + 0.35 * ridge + 0.012 * detail))


def _mesas(recipe: SceneRecipe, tiles: Tiles, grid: TerrainGrid) -> Field:
    """Noise pressed into terraces."""
    first = grid.first(_MESAS_FROM)
    x, z = grid.x[first:], grid.z[first:]
    noise = sample(tiles.soft, x / 9000.0 + tiles.origin[0], z / 9000.0 + tiles.origin[1])
    noise = noise + 0.18 * sample(tiles.rough, x / 3200.0, z / 3200.0)
    terraces = 0.28 * smoothstep(0.2, 0.75, noise) + 0.30 * smoothstep(0.62, 0.72, noise)
    terraces = terraces + 0.42 * smoothstep(0.95, 1.03, noise) + 0.02 * noise
    return _beyond(grid, first, terraces * recipe.mesas * smoothstep(_MESAS_FROM, 3000.0, z))


def _basin(recipe: SceneRecipe, tiles: Tiles, grid: TerrainGrid, soil: Field) -> Field:
    """The ``soil`` with a lake in it, whose water stands at y = 0."""
    near, far = recipe.lake
    shore = 0.22 * sample(tiles.soft, grid.x / 90.0, grid.z / 90.0) * near
    shore = shore - 5.0 * smoothstep(0.12, 0.5, np.abs(grid.u)) * np.sign(tiles.side * grid.u + 0.08)
    wide = far * (1.0 + 0.25 * sample(tiles.soft, grid.x / 1500.0 + 0.7, grid.z / 6000.0))
    wet = smoothstep(near - 3.0, near + 6.0, grid.z + shore) * smoothstep(1.25, 0.95, grid.z / wide)
    bank = 0.15 + 0.6 * smoothstep(near, near - 12.0, grid.z + shore)
    dry = np.maximum(soil, 0.0) + np.where(grid.z < far * 0.5, bank, 0.3 + 0.02 * np.maximum(grid.z - far, 0.0))
    return np.asarray(dry * (1.0 - wet) + _LAKE_BED * wet, dtype=np.float32)
