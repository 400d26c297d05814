"""The shape of the land: hills, mountains, dunes, a lake's basin, forests as a canopy, grass as blades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nircolor.scenes.noise import Cells, Field, billow_tile, cell_tiles, fractal_tile, grain, ridged_tile, sample, smoothstep
from nircolor.scenes.recipes import Recipe
from nircolor.scenes.terrain import Grid

CROWN = 10.0  # metres from one crown of the forest to the next
CROWNS = 28  # crowns across their tile
_FIELDS, _FIELD = 8, 230.0  # fields across their tile, metres from one to the next
HEDGE = 2.0  # metres; what is lower is a clipped hedge, not a crown
_BLADE_REACH = 45.0  # metres; beyond, blades are finer than pixels


@dataclass(frozen=True)
class Tiles:
    """All noise of one scene, drawn once, and the place ``(2,)`` of the camera in it."""

    rough: Field
    soft: Field
    ridge: Field
    billow: Field
    hair: Field
    crowns: Cells
    fields: Cells
    origin: tuple[float, float]


@dataclass(frozen=True)
class Land:
    """(D, C) heights in metres: ``soil`` above y = 0, ``crown`` and ``blade`` above the soil; ``forest`` in [0, 1]."""

    soil: Field
    crown: Field
    blade: Field

    @property
    def top(self) -> Field:
        return self.soil + np.maximum(self.crown, self.blade)


def draw_tiles(rng: np.random.Generator) -> Tiles:
    x, y = (float(value) for value in rng.random(2))
    return Tiles(
        rough=fractal_tile(rng, slope=1.45),
        soft=fractal_tile(rng, slope=2.3),
        ridge=ridged_tile(rng),
        billow=billow_tile(rng),
        hair=fractal_tile(rng, slope=0.4),
        crowns=cell_tiles(rng, CROWNS),
        fields=cell_tiles(rng, _FIELDS),
        origin=(x, y),
    )


def path_distance(tiles: Tiles, x: Field, z: Field) -> Field:
    """How far a place is from the middle of the path, in metres; the path winds away from the camera."""
    turn, side = 2.0 * np.pi * tiles.origin[1], 1.0 if tiles.origin[0] > 0.4 else -1.0
    bend = 1.6 * np.sin(z / 17.0 + turn) + 7.0 * np.sin(z / 74.0) + 0.10 * z - 1.6 * np.sin(turn) + 0.6
    return np.asarray(np.abs(x - side * bend), dtype=np.float32)


def field_cells(tiles: Tiles, x: Field, z: Field) -> tuple[Field, Field]:
    """The tag of the farm field at a place and its distance to the field's border, in fields."""
    period = _FIELD * _FIELDS
    a, b = (x + z * 0.25) / period + tiles.origin[1], (z - x * 0.25) / (period * 1.5) + tiles.origin[0]
    return grain(tiles.fields.tag, a, b), sample(tiles.fields.gap, a, b)


def forest_mask(recipe: Recipe, tiles: Tiles, x: Field, z: Field) -> Field:
    """How surely forest stands at a place."""
    wood = sample(tiles.soft, x / 2300.0 + tiles.origin[0], z / 3000.0 + 0.3)
    wood = wood + 0.3 * sample(tiles.rough, x / 900.0, z / 900.0)
    edge = np.float32(1.5 - 3.0 * recipe.forest)
    mask = smoothstep(0.0, 0.12, wood - edge)
    if recipe.fields:
        _, gap = field_cells(tiles, x, z)
        mask = np.maximum(mask, smoothstep(0.035, 0.02, gap) * smoothstep(-0.6, 0.2, wood))
    return mask


def shape(recipe: Recipe, tiles: Tiles, grid: Grid) -> Land:
    """The land of a recipe on a grid."""
    soil = _rolling(recipe, tiles, grid)
    if recipe.peaks:
        soil += _peaks(recipe, tiles, grid)
    if recipe.mesas:
        soil += _mesas(recipe, tiles, grid)
    if recipe.lake[1]:
        soil = _basin(recipe, tiles, grid, soil)
    crown = _canopy(recipe, tiles, grid, soil) if recipe.forest else np.zeros_like(soil)
    if recipe.houses:
        _plant_hedges(tiles, grid, crown)
    blade = _blades(recipe, tiles, grid, soil) if recipe.grass else np.zeros_like(soil)
    return Land(soil, crown, blade)


def _rolling(recipe: Recipe, tiles: Tiles, grid: Grid) -> Field:
    x, z, (ox, oz) = grid.x, grid.z, tiles.origin
    drift = 0.07 if recipe.snow or recipe.dunes else 0.0
    bumps = 0.22 * sample(tiles.soft, x / 60.0, z / 60.0) + drift * sample(tiles.soft, x / 11.0, z / 7.0)
    local = bumps * smoothstep(4.0, 40.0, z) * (not recipe.houses)
    land = sample(tiles.soft, x / recipe.hill_period + ox, z / recipe.hill_period + oz)
    height = local + recipe.hills * land * smoothstep(40.0, recipe.hill_period * 0.6, z)
    height -= recipe.valley * smoothstep(12.0, 260.0, z)
    height += 0.035 * np.maximum(z - 500.0, 0.0) * (1.0 if recipe.valley else 0.25) * smoothstep(9000.0, 2000.0, z)
    if recipe.dunes:
        height += recipe.dunes * _dunes(tiles, grid) * smoothstep(15.0, 110.0, z)
    return np.asarray(height, dtype=np.float32)


def _dunes(tiles: Tiles, grid: Grid) -> Field:
    """Crests with a gentle and a steep side, bent by noise."""
    bend = 0.16 * sample(tiles.soft, grid.x / 700.0, grid.z / 700.0)
    phase = (grid.x * 0.35 + grid.z) / 150.0 + bend * 5.0
    saw = phase - np.floor(phase)
    crest = np.where(saw < 0.72, saw / 0.72, (1.0 - saw) / 0.28)
    size = 0.6 + 0.4 * sample(tiles.soft, grid.x / 1500.0 + 0.5, grid.z / 1500.0)
    return np.asarray(crest * crest * (3.0 - 2.0 * crest) * size, dtype=np.float32)


def _far(grid: Grid, start: float, values: Field) -> Field:
    """Put values that were computed for the rows beyond ``start`` back on the whole grid."""
    whole = np.zeros((len(grid.z), len(grid.u)), np.float32)
    whole[grid.first(start) :] = values
    return whole


def _peaks(recipe: Recipe, tiles: Tiles, grid: Grid) -> Field:
    start = recipe.peaks_from
    first = grid.first(start)
    x, z, period = grid.x[first:], grid.z[first:], recipe.peak_period
    warp = 0.035 * sample(tiles.soft, x / period, z / period + 0.4)
    ridge = sample(tiles.ridge, x / period + tiles.origin[0] + warp, z / period + tiles.origin[1] + warp)
    detail = sample(tiles.rough, x / 1100.0, z / 1100.0)
    tall = recipe.peaks * smoothstep(start, recipe.peaks_to, z)
    return _far(grid, start, tall * (ridge * ridge * 0.8 + 0.35 * ridge + 0.012 * detail))


def _mesas(recipe: Recipe, tiles: Tiles, grid: Grid) -> Field:
    """Table mountains: noise pressed into two terraces."""
    first = grid.first(1200.0)
    x, z = grid.x[first:], grid.z[first:]
    noise = sample(tiles.soft, x / 9000.0 + tiles.origin[0], z / 9000.0 + tiles.origin[1])
    noise = noise + 0.18 * sample(tiles.rough, x / 3200.0, z / 3200.0)
    terraces = 0.28 * smoothstep(0.2, 0.75, noise) + 0.30 * smoothstep(0.62, 0.72, noise)
    terraces = terraces + 0.42 * smoothstep(0.95, 1.03, noise) + 0.02 * noise
    return _far(grid, 1200.0, terraces * recipe.mesas * smoothstep(1200.0, 3000.0, z))


def _basin(recipe: Recipe, tiles: Tiles, grid: Grid, soil: Field) -> Field:
    near, far = recipe.lake
    shore = 0.22 * sample(tiles.soft, grid.x / 90.0, grid.z / 90.0) * near
    side = 1.0 if tiles.origin[0] > 0.4 else -1.0
    shore = shore - 5.0 * smoothstep(0.12, 0.5, np.abs(grid.u)) * np.sign(side * grid.u + 0.08)
    wide = far * (1.0 + 0.25 * sample(tiles.soft, grid.x / 1500.0 + 0.7, grid.z / 6000.0))
    wet = smoothstep(near - 3.0, near + 6.0, grid.z + shore) * smoothstep(1.25, 0.95, grid.z / wide)
    bank = 0.15 + 0.6 * smoothstep(near, near - 12.0, grid.z + shore)
    dry = np.maximum(soil, 0.0) + np.where(grid.z < far * 0.5, bank, 0.3 + 0.02 * np.maximum(grid.z - far, 0.0))
    return np.asarray(dry * (1.0 - wet) - 1.5 * wet, dtype=np.float32)


def _canopy(recipe: Recipe, tiles: Tiles, grid: Grid, soil: Field) -> Field:
    start = recipe.forest_from
    first = grid.first(start)
    x, z, period = grid.x[first:], grid.z[first:], CROWN * CROWNS
    mask = forest_mask(recipe, tiles, x, z) * smoothstep(start, start * 1.3, z)
    mask *= smoothstep(recipe.snow_line * 0.9 + 60.0, recipe.snow_line * 0.45, soil[first:]) if recipe.peaks else 1.0
    mask *= soil[first:] > 0.2 if recipe.lake[1] else 1.0
    crowns = tiles.crowns
    distance, tag = sample(crowns.distance, x / period, z / period), grain(crowns.tag, x / period, z / period)
    reach = distance / (0.62 + 0.25 * tag)
    dome = 1.0 - reach if recipe.pointed else np.sqrt(np.maximum(1.0 - reach * reach, 0.0))
    tall = (7.5 + 7.0 * tag) * (0.25 + 0.75 * np.maximum(dome, 0.0)) * (mask > 0.5) * (dome > -0.3)
    return _far(grid, start, tall * (0.6 + 0.4 * mask))


def _plant_hedges(tiles: Tiles, grid: Grid, crown: Field) -> None:
    """Clipped hedges along both sides of a street, with gaps for the drives."""
    first, last = grid.first(9.0), grid.first(200.0)
    x, z = grid.x[first:last], grid.z[first:last]
    there = (np.abs(np.abs(x) - 6.7) < 0.45) & ((z + np.sign(x) * 4.0) % 17.0 > 3.5)
    crown[first:last] = np.where(there, 1.25 + 0.10 * sample(tiles.rough, x / 3.0, z / 3.0), crown[first:last])


def _blades(recipe: Recipe, tiles: Tiles, grid: Grid, soil: Field) -> Field:
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
    whole = np.zeros((len(grid.z), len(grid.u)), np.float32)
    whole[:last] = tall * smoothstep(_BLADE_REACH, _BLADE_REACH * 0.5, z)
    return whole
