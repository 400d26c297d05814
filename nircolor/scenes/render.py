"""From a seed to a scene: the land, the sky, what stands on the land, the water that mirrors it, then the camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nircolor.errors import UsageError
from nircolor.scenes.buildings import House, build, faces, raise_roofs
from nircolor.scenes.camera import develop
from nircolor.scenes.canvas import Canvas
from nircolor.scenes.facades import paint_face
from nircolor.scenes.ground import radiance, shine, survey
from nircolor.scenes.land import Land, shape
from nircolor.scenes.noise import Field, smoothstep
from nircolor.scenes.nursery import Nursery, draw_tree, raise_trees
from nircolor.scenes.planting import Rooted, plant, root, shade
from nircolor.scenes.recipes import RECIPES, SceneRecipe
from nircolor.scenes.sky import paint_sky
from nircolor.scenes.terrain import TerrainGrid, cast, shadow_line, sunlit
from nircolor.scenes.tiles import Tiles, draw_tiles
from nircolor.scenes.view import Air, Sun, Viewpoint
from nircolor.scenes.water import flood

KINDS = tuple(RECIPES)
_FINE = 384  # pixels of the longer side below which several samples are averaged for each pixel
_MOST_SAMPLES = 4  # along each axis


@dataclass(frozen=True)
class Scene:
    """One rendered scene; both pictures show the same light through the same lens, pixel by pixel.

    ``nir`` (H, W) and ``rgb`` (H, W, 3) are float32 in [0, 1], both encoded with the sRGB curve. ``kind`` is never
    "random": it names what was rendered.
    """

    nir: Field
    rgb: Field
    kind: str
    seed: int


@dataclass(frozen=True)
class _World:
    """All of a scene but its picture."""

    recipe: SceneRecipe
    tiles: Tiles
    grid: TerrainGrid
    land: Land
    houses: list[House]
    trees: list[Rooted]
    shadow: Field  # (D, C) height that the shadow reaches up to
    sun: Sun
    air: Air


def render(seed: int, height: int, width: int, kind: str = "random") -> Scene:
    """Render the scene of a seed.

    ``kind`` is one of :data:`KINDS`, or "random" to let the seed choose. The same arguments give the same pixels, and
    one seed gives the same composition at every size. Raises :class:`~nircolor.errors.UsageError` for an unknown kind,
    a negative seed or a picture without pixels.
    """
    if height < 1 or width < 1:
        raise UsageError(f"a scene of {width} x {height} has no pixels: ask for at least 1 x 1")
    if seed < 0:
        raise UsageError(f"seed {seed} is negative: use 0 or more")
    if kind != "random" and kind not in RECIPES:
        raise UsageError(f"unknown kind of scene {kind!r}: use random, {', '.join(KINDS)}")
    layout, noise, growth, sensor, choice = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5))
    kind = str(choice.choice(KINDS)) if kind == "random" else kind
    recipe = RECIPES[kind]
    samples = min(max(_FINE // max(height, width), 1), _MOST_SAMPLES)
    view = Viewpoint(height * samples, width * samples, recipe.lift, recipe.eye)
    world = _build(layout, draw_tiles(noise), recipe, view)
    light = _average(_paint(world, growth).light, samples)
    nir, rgb = develop(light, sensor)
    return Scene(nir, rgb, kind, seed)


def _build(rng: np.random.Generator, tiles: Tiles, recipe: SceneRecipe, view: Viewpoint) -> _World:
    sun = Sun(float(rng.uniform(30.0, 50.0)), float(rng.uniform(12.0, 40.0)), int(rng.choice((-1, 1))))
    houses = build(rng) if recipe.houses else []
    trees = plant(rng, recipe, tiles)
    grid = TerrainGrid(view)
    land = shape(recipe, tiles, grid)
    shadow = shadow_line(grid, raise_roofs(land.top, houses, grid), sun)
    rooted = root(trees, recipe, land, grid, shadow)
    return _World(recipe, tiles, grid, land, houses, rooted, shadow, sun, Air(recipe.visibility))


def _paint(world: _World, growth: np.random.Generator) -> Canvas:
    """Paint from far to near; water comes after all that it mirrors and before what stands on the near shore."""
    canvas, wet = _paint_land(world)
    for house in world.houses:
        for face in faces(house):
            paint_face(canvas, face, world.tiles, world.sun, world.air)
    pictures = raise_trees(growth, set(world.recipe.trees), world.tiles.hair, canvas.view, world.sun)
    nursery, shore = Nursery(pictures, world.recipe.snow), world.recipe.lake[0]
    for entry in world.trees:
        if entry.tree.z >= shore:
            draw_tree(canvas, entry, nursery, world.air)
    flood(canvas, wet, world.tiles)
    for entry in world.trees:
        if entry.tree.z < shore:
            draw_tree(canvas, entry, nursery, world.air)
    return canvas


def _paint_land(world: _World) -> tuple[Canvas, Field]:
    """The canvas with sky and land on it, and where (H, W) water will be."""
    grid, land, recipe, tiles, view = world.grid, world.land, world.recipe, world.tiles, world.grid.view
    lake = recipe.lake[1] > 0
    hits = cast(grid, np.maximum(land.top, 0.0) if lake else land.top)
    lit = sunlit(world.shadow, land.top, grid.z)
    shade(world.trees, grid, lit, tiles, world.sun)
    shining = shine(grid, land.soil, world.sun, lit)
    light = paint_sky(recipe, tiles, view, world.sun, world.air)
    distance, wet = np.full(light.shape[:2], np.inf, np.float32), np.zeros(light.shape[:2], np.float32)
    distance[hits.seen] = hits.z
    site = survey(recipe, tiles, land, hits, shining.steep)
    light[hits.seen] = world.air.veil(radiance(site, shining), hits.z)
    if lake:
        wet[hits.seen] = smoothstep(0.0, -0.12, hits.pick(land.soil)) * (hits.y < 0.02)
    return Canvas(view, light, distance), wet


def _average(light: Field, samples: int) -> Field:
    """Mean of every ``samples`` x ``samples`` block of (H, W, 4)."""
    if samples == 1:
        return light
    height, width, bands = light.shape
    blocks = light.reshape(height // samples, samples, width // samples, samples, bands)
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)
