"""The light that comes from the land: sun, sky and neighbours on whatever covers it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nircolor.scenes.canopy import HEDGE
from nircolor.scenes.cover import Site, covers
from nircolor.scenes.land import Land
from nircolor.scenes.mixing import mix
from nircolor.scenes.noise import Field, grain, sample, smoothstep
from nircolor.scenes.recipes import SceneRecipe
from nircolor.scenes.terrain import Hits, TerrainGrid, slopes
from nircolor.scenes.tiles import CROWN_PERIOD, Tiles
from nircolor.scenes.view import Sun


@dataclass(frozen=True)
class Shine:
    """(D, C) each: the cosine between the soil's normal and the sun, 0 on the dark side; the slope of the soil as rise
    over run; ``lit``, 1 in the sun and 0 in shadow."""

    facing: Field
    steep: Field
    lit: Field


def shine(grid: TerrainGrid, soil: Field, sun: Sun, lit: Field) -> Shine:
    """How the sun meets the soil."""
    across, along = slopes(grid, soil)
    sx, sy, sz = sun.direction
    facing = (sy - across * sx - along * sz) / np.sqrt(1.0 + across * across + along * along)
    return Shine(np.maximum(facing, 0.0).astype(np.float32), np.hypot(across, along), lit)


def survey(recipe: SceneRecipe, tiles: Tiles, land: Land, hits: Hits, steep: Field) -> Site:
    """All that the cover of the land's pixels depends on."""
    x, y, z = hits.x, hits.y, hits.z
    patch = 0.6 * sample(tiles.rough, x / 210.0 + 0.1, (z + 1.7 * y) / 210.0)
    patch = patch + 0.4 * sample(tiles.rough, x / 23.0, z / 31.0)
    return Site(
        recipe,
        tiles,
        hits,
        above=y - hits.pick(land.soil),
        crown=hits.beyond(land.crown),
        blade=np.maximum(hits.beyond(land.blade), hits.pick(land.blade)),
        steep=hits.pick(steep),
        patch=patch.astype(np.float32),
        fine=detail(tiles.rough, hits, 0.9),
    )


def detail(tile: Field, hits: Hits, size: float) -> Field:
    """Noise whose grain keeps one size on the picture whatever the distance: two scales, blended by distance."""
    level = np.log2(hits.z)
    lower = np.floor(level)
    scale = np.exp2(-lower) / np.float32(size)
    shift = lower * np.float32(0.37)
    rows = (np.log(hits.z) * np.float32(0.5) + hits.y / hits.z) / np.float32(size)
    near = sample(tile, hits.x * scale + shift, rows)
    far = sample(tile, hits.x * scale * np.float32(0.5) + shift + np.float32(0.37), rows)
    return np.asarray(near + (far - near) * (level - lower), dtype=np.float32)


def radiance(site: Site, shine: Shine) -> Field:
    """(N, 4) light from the land's pixels before the air in between; 1 is a white card facing the sun."""
    lit = site.hits.pick(shine.lit)
    crown, on_crown = _crown_light(site)
    plant, depth = _blade_depth(site)
    direct = np.where(crown, on_crown, site.hits.pick(shine.facing) * (0.30 + 0.70 * depth)) * lit
    ambient = np.where(crown, 0.35 + 0.65 * on_crown, 0.35 + 0.65 * depth)
    sun_colour, sky_colour = mix(covers(site))
    texture = _texture(site)
    light = sun_colour * (direct * texture)[:, None] + sky_colour * (ambient * texture)[:, None]
    # A leaf in shade is lit by its neighbours, and much so in the near infrared, where leaves absorb nearly nothing.
    hidden = np.where(crown | plant, 0.45 * (1.0 - direct), 0.06)
    return np.asarray(light + sun_colour * sun_colour * hidden[:, None], dtype=np.float32)


def _crown_light(site: Site) -> tuple[NDArray[np.bool_], Field]:
    """Which pixels show a crown of the forest, and how much sun those take."""
    x, z = site.hits.x / np.float32(CROWN_PERIOD), site.hits.z / np.float32(CROWN_PERIOD)
    side = grain(site.tiles.crowns.side, x, z) * (site.crown > HEDGE)
    height = np.clip(site.above / np.maximum(site.crown, 1.0), 0.0, 1.1)
    leaf = detail(site.tiles.rough, site.hits, 0.35)
    light = np.clip(0.12 + 0.62 * height * height + 0.30 * side + 0.2 * leaf, 0.03, 1.1)
    return (site.above > 0.15) & (site.crown > 1.0), light


def _blade_depth(site: Site) -> tuple[NDArray[np.bool_], Field]:
    """Which pixels show grass, and how far up its blades they are: 0 at the roots, 1 at the tips and elsewhere."""
    plant = (site.above > 0.02) & (site.blade > 0.05)
    return plant, np.where(plant, np.clip(site.above / np.maximum(site.blade, 0.05), 0.0, 1.0), np.float32(1.0))


def _texture(site: Site) -> Field:
    """Light and dark that is finer than the shape of the land."""
    relief = (0.13 * site.fine + 0.06 * site.patch) * (1.0 + np.minimum(site.steep, 1.5))
    texture = np.maximum(1.0 + relief * (1.0 - 0.75 * site.recipe.snow), 0.25)
    if not site.recipe.dunes:
        return texture
    # Ripples that wind leaves on sand, as long as they are coarser than pixels.
    wave = np.sin(site.hits.z * np.float32(13.0) + site.hits.x * np.float32(3.0) + site.patch * np.float32(7.0))
    return np.asarray(texture + 0.11 * wave * smoothstep(16.0, 5.0, site.hits.z))
