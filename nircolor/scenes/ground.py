"""What the land is covered with, and the light that comes back from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nircolor.scenes.land import CROWN, CROWNS, HEDGE, Land, Tiles, field_cells, path_distance
from nircolor.scenes.mixing import Layers, mix
from nircolor.scenes.noise import Field, grain, sample, smoothstep
from nircolor.scenes.recipes import Recipe
from nircolor.scenes.terrain import Grid, Hits, slopes
from nircolor.scenes.view import Sun

CROPS = ("crop", "grass_lush", "grass_dry", "grass", "earth", "leaf_young")


@dataclass(frozen=True)
class Site:
    """The hits of one scene with all that their cover depends on; flat arrays, one entry a pixel of land."""

    recipe: Recipe
    tiles: Tiles
    hits: Hits
    above: Field  # height above the soil, metres
    crown: Field  # height of the canopy, metres
    blade: Field  # height of the grass, metres
    steep: Field  # slope of the soil, rise over run
    shine: Field  # cosine between the soil's normal and the sun, 0 on the dark side
    lit: Field  # 1 in the sun, 0 in shadow


def survey(recipe: Recipe, tiles: Tiles, grid: Grid, land: Land, hits: Hits, sun: Sun, lit: Field) -> Site:
    across, along = (hits.pick(slope) for slope in slopes(grid, land.soil))
    sx, sy, sz = sun.direction
    facing = (sy - across * sx - along * sz) / np.sqrt(1.0 + across * across + along * along)
    above = hits.y - hits.pick(land.soil)
    return Site(
        recipe,
        tiles,
        hits,
        above,
        hits.beyond(land.crown),
        np.maximum(hits.beyond(land.blade), hits.pick(land.blade)),
        np.hypot(across, along),
        np.maximum(facing, 0.0),
        hits.pick(lit),
    )


def detail(tile: Field, hits: Hits, size: float) -> Field:
    """Noise whose grain keeps one size on the picture whatever the distance: two scales, blended by distance."""
    level = np.log2(hits.z)
    lower = np.floor(level)
    part = level - lower
    scale = np.exp2(-lower) / np.float32(size)
    depth = (np.log(hits.z) * np.float32(0.5) + hits.y / hits.z) / np.float32(size)
    shift = lower * np.float32(0.37)
    near = sample(tile, hits.x * scale + shift, depth)
    far = sample(tile, hits.x * scale * np.float32(0.5) + shift + np.float32(0.37), depth)
    return np.asarray(near + (far - near) * part, dtype=np.float32)


def covers(site: Site, patch: Field, fine: Field) -> Layers:
    """The covers of the land from the top one down."""
    recipe, hits = site.recipe, site.hits
    one = np.ones_like(site.lit)
    layers: Layers = []
    if recipe.forest:
        layers += _forest(site)
    if recipe.flowers:
        layers += _flowers(site)
    if recipe.houses:
        layers += _road(site, fine)
    if recipe.path:
        off = path_distance(site.tiles, hits.x, hits.z) + 0.25 * fine - 0.12 * patch
        layers.append((recipe.bare, smoothstep(0.5, 0.36, off / recipe.path) * 0.9))
    layers += _snow_and_stone(site, patch, fine)
    if recipe.fields:
        layers += _fields(site)
    layers.append((recipe.base[1], np.clip(0.22 + 0.20 * patch + 0.10 * fine, 0.0, 0.9)))
    layers.append(("grass_lush", np.clip(0.3 - 0.3 * patch, 0.0, 1.0) * np.float32(recipe.base[0] == "grass")))
    layers.append((recipe.base[0], one))
    return layers


def _forest(site: Site) -> Layers:
    hits, period = site.hits, np.float32(CROWN * CROWNS)
    tag = grain(site.tiles.crowns.tag, hits.x / period, hits.z / period)
    wood = smoothstep(0.05, 0.3, site.above) * (site.crown > 1.0)
    stand = sample(site.tiles.rough, hits.x / 1500.0, hits.z / 1500.0)
    second = smoothstep(-0.25, 0.25, tag - 0.5 + 0.3 * stand) * (site.crown > HEDGE)
    first, other = site.recipe.tree
    snow = site.recipe.snow * smoothstep(0.35, 1.0, site.above / np.maximum(site.crown, 1.0)) * 0.55
    return [("snow", wood * snow), (other, wood * second), (first, wood)]


def _flowers(site: Site) -> Layers:
    hits, rough = site.hits, site.tiles.rough
    reach = smoothstep(45.0, 8.0, hits.z) * site.recipe.flowers
    tip = smoothstep(0.45, 0.6, site.above / np.float32(site.recipe.grass)) * (site.blade > 0.1) * reach
    layers: Layers = []
    for number, name in enumerate(("petal_white", "petal_yellow", "petal_red", "petal_violet")):
        drift = sample(site.tiles.soft, hits.x / 21.0 + 0.23 * number, hits.z / 30.0)
        speck = grain(rough, hits.x / 7.7 + 0.31 * number, hits.z / 7.0 + site.above * 0.12)
        layers.append((name, tip * smoothstep(1.62, 1.72, speck + 0.42 * drift)))
    return layers


def _road(site: Site, fine: Field) -> Layers:
    x, z = site.hits.x, site.hits.z
    off = np.abs(x)
    low, near = site.above < 0.25, smoothstep(260.0, 230.0, z)
    dash = (off < 0.09) & ((z % 9.0) < 3.6)
    kerb = (off > 3.25) & (off < 5.1) & ((z % 1.9) > 0.03)
    worn = 0.75 - 0.2 * fine
    return [
        ("plaster", (dash & low) * near * worn),
        ("concrete", (kerb & low) * near),
        ("asphalt", (off < 5.1) * low * near),
    ]


def _snow_and_stone(site: Site, patch: Field, fine: Field) -> Layers:
    recipe, y = site.recipe, site.hits.y
    rough = 0.75 * fine + 0.6 * patch
    layers: Layers = []
    if recipe.peaks and recipe.snow_line < 1e8:
        line = np.float32(recipe.snow_line)
        height = (y - line + 170.0 * rough) / 260.0
        layers.append(("snow", smoothstep(0.0, 1.0, height) * smoothstep(1.35, 0.85, site.steep + 0.16 * rough)))
    if recipe.snow:
        layers.append(("snow", recipe.snow * smoothstep(1.3, 0.8, site.steep + 0.1 * rough)))
    bare = smoothstep(0.55, 0.9, site.steep + 0.14 * rough) * (not recipe.mesas)
    if recipe.peaks:
        bare = np.maximum(bare, smoothstep(0.45, 0.8, y / min(recipe.snow_line, 1500.0) + 0.12 * rough))
    if recipe.mesas:
        bare = np.maximum(bare, smoothstep(20.0, 60.0, y))
        layers.append(("earth", bare * smoothstep(0.2, 0.9, np.sin(y / 9.0 + 0.8 * patch)) * 0.6))
    layers.append(("rock_dark", bare * np.clip(0.3 + 0.45 * fine, 0.0, 1.0) * (not recipe.mesas)))
    layers.append((recipe.stone, bare))
    return layers


def _fields(site: Site) -> Layers:
    tag, gap = field_cells(site.tiles, site.hits.x, site.hits.z)
    share = site.recipe.fields
    farmed = smoothstep(110.0, 170.0, site.hits.z) * smoothstep(0.02, 0.04, gap) * smoothstep(0.3, 0.2, site.steep)
    pick = np.floor(tag / np.float32(share) * len(CROPS))
    return [(name, farmed * (pick == number)) for number, name in enumerate(CROPS)]


def radiance(site: Site) -> Field:
    """(N, 4) light from the land's pixels before the air in between; 1 is a white card facing the sun."""
    hits, tiles, recipe = site.hits, site.tiles, site.recipe
    patch = sample(tiles.rough, hits.x / 210.0 + 0.1, (hits.z + 1.7 * hits.y) / 210.0) * 0.6
    patch += sample(tiles.rough, hits.x / 23.0, hits.z / 31.0) * 0.4
    fine = detail(tiles.rough, hits, 0.9)
    sun_colour, sky_colour = mix(covers(site, patch, fine))
    plant = (site.above > 0.02) * (site.blade > 0.05)
    depth = np.where(plant, np.clip(site.above / np.maximum(site.blade, 0.05), 0.0, 1.0), 1.0)
    open_sky = 0.35 + 0.65 * depth
    crown, shade = _crown_light(site)
    texture = 1.0 + (0.13 * fine + 0.06 * patch) * (1.0 - 0.75 * recipe.snow) * (1.0 + np.minimum(site.steep, 1.5))
    texture = np.maximum(texture, 0.25)
    if recipe.dunes:
        texture += _sand_ripples(hits, patch)
    direct = np.where(crown, shade, site.shine * (0.30 + 0.70 * depth)) * site.lit
    ambient = np.where(crown, 0.35 + 0.65 * shade, open_sky)
    light = sun_colour * (direct * texture)[:, None] + sky_colour * (ambient * texture)[:, None]
    # A leaf in shade is lit by its neighbours, and much so in the near infrared, where leaves absorb nearly nothing.
    hidden = np.where(crown | plant, 0.45 * (1.0 - direct), 0.06)
    return np.asarray(light + sun_colour * sun_colour * hidden[:, None], dtype=np.float32)


def _sand_ripples(hits: Hits, patch: Field) -> Field:
    """Light and dark of the ripples that wind leaves on sand, as long as they are coarser than pixels."""
    wave = np.sin(hits.z * np.float32(13.0) + hits.x * np.float32(3.0) + patch * np.float32(7.0))
    return np.asarray(0.11 * wave * smoothstep(16.0, 5.0, hits.z), dtype=np.float32)


def _crown_light(site: Site) -> tuple[NDArray[np.bool_], Field]:
    """Which pixels show a forest's crown, and how much sun those take."""
    hits, period = site.hits, np.float32(CROWN * CROWNS)
    crown = (site.above > 0.15) & (site.crown > 1.0)
    side = grain(site.tiles.crowns.side, hits.x / period, hits.z / period) * (site.crown > HEDGE)
    height = np.clip(site.above / np.maximum(site.crown, 1.0), 0.0, 1.1)
    leaf = detail(site.tiles.rough, hits, 0.35)
    return crown, np.clip(0.12 + 0.62 * height * height + 0.30 * side + 0.2 * leaf, 0.03, 1.1)
