"""Plants that are part of the land's shape: forests as domes or cones, clipped hedges, grass as blades."""

from __future__ import annotations

import numpy as np

from nircolor.scenes.noise import Field, grain, sample, smoothstep
from nircolor.scenes.recipes import SceneRecipe
from nircolor.scenes.terrain import TerrainGrid
from nircolor.scenes.tiles import CROWN_PERIOD, Tiles, field_cells, path_distance

HEDGE = 2.0  # metres; what is lower is a clipped hedge, not a tree
_BLADE_REACH = 45.0  # metres; beyond, blades are finer than pixels
_HEDGE_FROM_MIDDLE = 6.7  # metres


def forest(recipe: SceneRecipe, tiles: Tiles, grid: TerrainGrid, soil: Field) -> Field:
    """(D, C) height of the canopy in metres above the ``soil``, 0 where no forest stands."""
    start = recipe.forest_from
    first = grid.first(start)
    x, z, ground = grid.x[first:], grid.z[first:], soil[first:]
    mask = _wooded(recipe, tiles, x, z) * smoothstep(start, start * 1.3, z)
    if recipe.peaks:
        mask = mask * smoothstep(recipe.snow_line * 0.9 + 60.0, recipe.snow_line * 0.45, ground)
    if recipe.lake[1]:
        mask = mask * (ground > 0.2)
    crown = _crowns(recipe, tiles, x, z) * (mask > 0.5) * (0.6 + 0.4 * mask)
    return np.concatenate([np.zeros((first, len(grid.u)), np.float32), crown.astype(np.float32)])


def _wooded(recipe: SceneRecipe, tiles: Tiles, x: Field, z: Field) -> Field:
    """How surely forest stands at a place: in large patches, and along the borders of farm fields."""
    wood = sample(tiles.soft, x / 2300.0 + tiles.origin[0], z / 3000.0 + 0.3)
    wood = wood + 0.3 * sample(tiles.rough, x / 900.0, z / 900.0)
    mask = smoothstep(0.0, 0.12, wood - (1.5 - 3.0 * recipe.forest))
    if not recipe.fields:
        return mask
    _, gap = field_cells(tiles, x, z)
    return np.maximum(mask, smoothstep(0.035, 0.02, gap) * smoothstep(-0.6, 0.2, wood))


def _crowns(recipe: SceneRecipe, tiles: Tiles, x: Field, z: Field) -> Field:
    """Height of a closed canopy, crown by crown."""
    x, z = x / CROWN_PERIOD, z / CROWN_PERIOD
    tag = grain(tiles.crowns.tag, x, z)
    reach = sample(tiles.crowns.distance, x, z) / (0.62 + 0.25 * tag)
    dome = 1.0 - reach if recipe.pointed else np.sqrt(np.maximum(1.0 - reach * reach, 0.0))
    return (7.5 + 7.0 * tag) * (0.25 + 0.75 * np.maximum(dome, 0.0)) * (dome > -0.3)


def plant_hedges(tiles: Tiles, grid: TerrainGrid, crown: Field) -> None:
    """Add hedges along both sides of a street to the ``crown`` (D, C), with gaps for the drives."""
    rows = slice(grid.first(9.0), grid.first(200.0))
    x, z = grid.x[rows], grid.z[rows]
    there = (np.abs(np.abs(x) - _HEDGE_FROM_MIDDLE) < 0.45) & ((z + np.sign(x) * 4.0) % 17.0 > 3.5)
    crown[rows] = np.where(there, 1.25 + 0.10 * sample(tiles.rough, x / 3.0, z / 3.0), crown[rows])


def grass(recipe: SceneRecipe, tiles: Tiles, grid: TerrainGrid, soil: Field) -> Field:
    """(D, C) height of the grass near the camera in metres, blade by blade."""
    last = grid.first(_BLADE_REACH)
    x, z = grid.x[:last], grid.z[:last]
    blade = grain(tiles.hair, x / 1.9, z / 4.3) * 0.22 + 0.55
    clump = 0.75 + 0.22 * sample(tiles.soft, x / 9.0, z / 9.0) + 0.12 * sample(tiles.rough, x / 2.3, z / 2.3)
    tall = recipe.grass * np.clip(blade, 0.05, 1.2) * np.clip(clump, 0.2, 1.4)
    if recipe.path:
        off = path_distance(tiles, x, z) - recipe.path * 0.5
        tall = tall * (0.08 + 0.92 * smoothstep(-0.1, 0.9, off + 0.2 * blade))
    if recipe.lake[1]:
        tall = tall * (soil[:last] > 0.04)
    if recipe.houses:
        tall = tall * (np.abs(x) > 5.2)
    whole = np.zeros_like(soil)
    whole[:last] = tall * smoothstep(_BLADE_REACH, _BLADE_REACH * 0.5, z)
    return whole
