"""What the land is covered with: forest, flowers, road, path, snow, stone, farm fields, grass or sand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nircolor.scenes.canopy import HEDGE
from nircolor.scenes.mixing import Layers
from nircolor.scenes.noise import Field, grain, sample, smoothstep
from nircolor.scenes.recipes import SceneRecipe
from nircolor.scenes.terrain import Hits
from nircolor.scenes.tiles import CROWN_PERIOD, Tiles, field_cells, path_distance

CROPS = ("crop", "grass_lush", "grass_dry", "grass", "earth", "leaf_young")
PETALS = ("petal_white", "petal_yellow", "petal_red", "petal_violet")


@dataclass(frozen=True)
class Site:
    """The pixels of land with all that their cover depends on; flat arrays, one entry a pixel."""

    recipe: SceneRecipe
    tiles: Tiles
    hits: Hits
    above: Field  # height above the soil, metres
    crown: Field  # height of the canopy, metres
    blade: Field  # height of the grass, metres
    steep: Field  # slope of the soil, rise over run
    patch: Field  # noise on the land, from metres to hundreds of metres
    fine: Field  # noise as fine as pixels


def covers(site: Site) -> Layers:
    """The covers of the land from the top one down."""
    recipe = site.recipe
    layers: Layers = []
    if recipe.forest:
        layers += _forest(site)
    if recipe.flowers:
        layers += _flowers(site)
    if recipe.houses:
        layers += _road(site)
    if recipe.path:
        off = path_distance(site.tiles, site.hits.x, site.hits.z) + 0.25 * site.fine - 0.12 * site.patch
        layers.append((recipe.bare, smoothstep(0.5, 0.36, off / recipe.path) * 0.9))
    layers += _snow(site) + _stone(site)
    if recipe.fields:
        layers += _fields(site)
    return layers + _base(site)


def _forest(site: Site) -> Layers:
    x, z = site.hits.x / np.float32(CROWN_PERIOD), site.hits.z / np.float32(CROWN_PERIOD)
    wood = smoothstep(0.05, 0.3, site.above) * (site.crown > 1.0)
    stand = sample(site.tiles.rough, site.hits.x / 1500.0, site.hits.z / 1500.0)
    second = smoothstep(-0.25, 0.25, grain(site.tiles.crowns.tag, x, z) - 0.5 + 0.3 * stand) * (site.crown > HEDGE)
    first, other = site.recipe.tree
    snow = site.recipe.snow * smoothstep(0.35, 1.0, site.above / np.maximum(site.crown, 1.0)) * 0.55
    return [("snow", wood * snow), (other, wood * second), (first, wood)]


def _flowers(site: Site) -> Layers:
    """Heads of flowers among the tips of the grass; each colour has its own drifts."""
    x, z = site.hits.x, site.hits.z
    reach = smoothstep(45.0, 8.0, z) * site.recipe.flowers
    tip = smoothstep(0.45, 0.6, site.above / np.float32(site.recipe.grass)) * (site.blade > 0.1) * reach
    layers: Layers = []
    for number, name in enumerate(PETALS):
        drift = sample(site.tiles.soft, x / 21.0 + 0.23 * number, z / 30.0)
        speck = grain(site.tiles.rough, x / 7.7 + 0.31 * number, z / 7.0 + site.above * 0.12)
        layers.append((name, tip * smoothstep(1.62, 1.72, speck + 0.42 * drift)))
    return layers


def _road(site: Site) -> Layers:
    """Asphalt with a worn line in the middle, pavements of concrete slabs beside it."""
    z, off = site.hits.z, np.abs(site.hits.x)
    there = (site.above < 0.25) * smoothstep(260.0, 230.0, z)
    dash = (off < 0.09) & ((z % 9.0) < 3.6)
    slab = (off > 3.25) & ((z % 1.9) > 0.03)
    return [
        ("plaster", dash * there * np.clip(0.75 - 0.2 * site.fine, 0.0, 1.0)),
        ("concrete", (slab & (off < 5.1)) * there),
        ("asphalt", (off < 5.1) * there),
    ]


def _snow(site: Site) -> Layers:
    """Snow above the snow line, none where it is too steep to stay."""
    recipe, rough = site.recipe, 0.75 * site.fine + 0.6 * site.patch
    layers: Layers = []
    if recipe.peaks:
        high = smoothstep(0.0, 1.0, (site.hits.y - recipe.snow_line + 170.0 * rough) / 260.0)
        layers.append(("snow", high * smoothstep(1.35, 0.85, site.steep + 0.16 * rough)))
    if recipe.snow:
        layers.append(("snow", recipe.snow * smoothstep(1.3, 0.8, site.steep + 0.1 * rough)))
    return layers


def _stone(site: Site) -> Layers:
    """Bare rock where it is steep or high; table mountains show their strata."""
    recipe, y, rough = site.recipe, site.hits.y, 0.75 * site.fine + 0.6 * site.patch
    if recipe.mesas:
        bare = smoothstep(20.0, 60.0, y)
        strata = smoothstep(0.2, 0.9, np.sin(y / 9.0 + 0.8 * site.patch)) * 0.6
        return [("earth", bare * strata), (recipe.stone, bare)]
    bare = smoothstep(0.55, 0.9, site.steep + 0.14 * rough)
    if recipe.peaks:
        bare = np.maximum(bare, smoothstep(0.45, 0.8, y / min(recipe.snow_line, 1500.0) + 0.12 * rough))
    return [("rock_dark", bare * np.clip(0.3 + 0.45 * site.fine, 0.0, 1.0)), (recipe.stone, bare)]


def _fields(site: Site) -> Layers:
    """Farm fields on level land, one crop a field; some lie fallow as meadow."""
    tag, gap = field_cells(site.tiles, site.hits.x, site.hits.z)
    farmed = smoothstep(110.0, 170.0, site.hits.z) * smoothstep(0.02, 0.04, gap) * smoothstep(0.3, 0.2, site.steep)
    pick = np.floor(tag / np.float32(site.recipe.fields) * len(CROPS))
    return [(name, farmed * (pick == number)) for number, name in enumerate(CROPS)]


def _base(site: Site) -> Layers:
    first, second = site.recipe.base
    layers: Layers = [(second, np.clip(0.14 + 0.18 * site.patch + 0.09 * site.fine, 0.0, 0.8))]
    if first == "grass":
        layers.append(("grass_lush", np.clip(0.3 - 0.3 * site.patch, 0.0, 1.0)))
    return [*layers, (first, np.ones_like(site.above))]
