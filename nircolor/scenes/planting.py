"""Where single trees stand, the shadow each one throws, and how its picture gets into the scene."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log2

import numpy as np

from nircolor.scenes.canvas import Canvas
from nircolor.scenes.land import Land, Tiles, path_distance
from nircolor.scenes.noise import Field, sample, smoothstep
from nircolor.scenes.recipes import Recipe
from nircolor.scenes.spectra import Bands, palette
from nircolor.scenes.terrain import Grid
from nircolor.scenes.trees import COVER, LIGHT, OPEN, SPECIES, TIP, WOOD, grow
from nircolor.scenes.view import FOCAL, Air, Sun, View

_MODELS = 2  # pictures of each species


@dataclass(frozen=True)
class Tree:
    """One tree: its species, place (metres), height (metres), which picture of it, and its hue."""

    species: str
    x: float
    z: float
    tall: float
    model: int
    hue: float
    seed: int


def plant(rng: np.random.Generator, recipe: Recipe, tiles: Tiles) -> list[Tree]:
    """Trees, far ones first: some alone, some in groves. The middle of the picture stays open near the camera."""
    trees = []
    near, far = recipe.tree_range
    while len(trees) < recipe.tree_count:
        z = float(near * (far / near) ** rng.random())
        u = float(rng.uniform(-0.62, 0.62))
        for _ in range(int(rng.integers(1, 5))):
            at = (u * z / FOCAL + float(rng.normal(0, 5.0)), z * float(rng.uniform(0.85, 1.25)))
            tree = _tree(rng, recipe, *at)
            if _stands(recipe, tiles, tree):
                trees.append(tree)
    return sorted(trees, key=lambda tree: -tree.z)


def _tree(rng: np.random.Generator, recipe: Recipe, x: float, z: float) -> Tree:
    name = recipe.trees[int(rng.integers(len(recipe.trees)))]
    tall = float(rng.uniform(*SPECIES[name].tall))
    model, seed = (int(n) for n in rng.integers(0, (_MODELS, 2**31)))
    return Tree(name, x, z, tall, model, float(rng.random()), seed)


def _stands(recipe: Recipe, tiles: Tiles, tree: Tree) -> bool:
    """Whether a tree may stand there: off the path and the road, and high ones not in front of the view."""
    place = np.array([tree.x], np.float32), np.array([tree.z], np.float32)
    if recipe.path and float(path_distance(tiles, *place)[0]) < 2.0:
        return False
    if recipe.houses and (abs(tree.x) < 7.6 or 9.2 < abs(tree.x) < 25.0) and tree.z < 230.0:
        return False
    u = abs(tree.x / tree.z) * FOCAL
    return tree.tall < 3.0 or tree.z > 70.0 or (u > 0.24 and tree.z > 1.7 * tree.tall)


def rooted(trees: list[Tree], land: Land, grid: Grid) -> list[tuple[Tree, float]]:
    """The trees that stand on dry soil, each with the height of its foot."""
    feet = [(tree, float(land.soil[grid.nearest(tree.x, tree.z)])) for tree in trees]
    return [(tree, foot) for tree, foot in feet if foot > -0.4 or foot < -2.0]


def shade(trees: list[Tree], grid: Grid, lit: Field, tiles: Tiles, sun: Sun) -> None:
    """Darken ``lit`` (D, C) where the crowns keep the sun away."""
    sx, sy, sz = sun.direction
    for tree in trees:
        middle, wide, tall = SPECIES[tree.species].crown
        middle = middle if SPECIES[tree.species].trunk else 0.1
        reach = (wide if not SPECIES[tree.species].pointed else 0.2) * tree.tall
        x, z = tree.x - sx / sy * middle * tree.tall, tree.z - sz / sy * middle * tree.tall
        long = reach + tall * tree.tall * abs(sx / sy) * 0.8
        first, last = grid.first(z - 1.4 * reach), grid.first(z + 1.4 * reach)
        left = grid.nearest(x - 1.4 * long, max(z - 1.4 * reach, 1.0))[1], grid.nearest(x - 1.4 * long, z)[1]
        right = grid.nearest(x + 1.4 * long, max(z - 1.4 * reach, 1.0))[1], grid.nearest(x + 1.4 * long, z)[1]
        part = np.s_[first:last, min(left) : max(right) + 1]
        gx, gz = grid.x[part], grid.z[first:last]
        away = np.hypot((gx - x) / long, (gz - z) / reach)
        away = away + 0.16 * sample(tiles.rough, gx / (2.5 * tree.tall), gz / (2.5 * tree.tall))
        lit[part] *= 1.0 - 0.90 * smoothstep(1.05, 0.75, away)


@dataclass(frozen=True)
class Nursery:
    """Pictures of the trees of one scene, each at its own size and halved again and again."""

    pictures: dict[tuple[str, int], list[Field]]


def raise_nursery(rng: np.random.Generator, recipe: Recipe, tiles: Tiles, view: View, sun: Sun) -> Nursery:
    size = int(np.clip(view.scale * 0.32, 48, 512))
    pictures = {}
    for name in sorted(set(recipe.trees)):
        for model, seed in enumerate(rng.integers(0, 2**31, _MODELS)):
            whole = grow(np.random.default_rng(int(seed)), SPECIES[name], size, tiles.hair, sun)
            pictures[name, model] = _halved(whole)
    return Nursery(pictures)


def _halved(picture: Field) -> list[Field]:
    steps = [picture]
    while min(steps[-1].shape[:2]) >= 4:
        last = steps[-1]
        even = last[: last.shape[0] // 2 * 2, : last.shape[1] // 2 * 2]
        steps.append((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) * np.float32(0.25))
    return steps


def draw(canvas: Canvas, tree: Tree, foot: float, lit: float, nursery: Nursery, recipe: Recipe, air: Air) -> None:
    """Put a tree into the scene, behind what is nearer."""
    view, species = canvas.view, SPECIES[tree.species]
    pixels = tree.tall / tree.z * FOCAL * view.scale
    steps = nursery.pictures[tree.species, tree.model]
    picture = steps[int(np.clip(floor(log2(steps[0].shape[0] / max(pixels, 0.5))), 0, len(steps) - 1))]
    bottom = view.row((foot - view.eye) / tree.z * FOCAL) + 0.5
    middle = view.column(tree.x / tree.z * FOCAL) + 0.5
    wide = pixels * picture.shape[1] / picture.shape[0]
    rows, y = _sampling(bottom - pixels, pixels, view.height, picture.shape[0])
    columns, x = _sampling(middle - wide / 2, wide, view.width, picture.shape[1])
    if not len(rows) or not len(columns):
        return
    part = _resample(picture, y, x)
    cover = part[..., COVER]
    light = _radiance(part / np.maximum(cover, 1e-3)[..., None], tree, recipe, lit)
    canvas.paint(rows[0], columns[0], cover, air.veil(light, tree.z), tree.z)


def _sampling(start: float, length: float, pixels: int, source: int) -> tuple[np.ndarray, Field]:
    """Pixels of one axis inside [start, start + length), and where each reads the source."""
    inside = np.arange(max(floor(start), 0), min(ceil(start + length), pixels))
    return inside, ((inside + 0.5 - start) / length * source - 0.5).astype(np.float32)


def _resample(picture: Field, y: Field, x: Field) -> Field:
    """Bilinear reading of ``picture`` on the grid of ``y`` and ``x``; outside it there is nothing."""
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)))
    y, x = np.clip(y + 1.0, 0.0, picture.shape[0] + 0.999), np.clip(x + 1.0, 0.0, picture.shape[1] + 0.999)
    top, left = y.astype(np.int64), x.astype(np.int64)
    fy, fx = (y - top)[:, None, None], (x - left)[None, :, None]
    rows = padded[top] * (1.0 - fy) + padded[top + 1] * fy
    return np.asarray(rows[:, left] * (1.0 - fx) + rows[:, left + 1] * fx, np.float32)


def _radiance(part: Field, tree: Tree, recipe: Recipe, lit: float) -> Field:
    sun, sky = _leaf_colour(tree)
    table = palette("bark", "snow")
    wood, snow = part[..., WOOD, None], part[..., TIP, None] * np.float32(recipe.snow)
    light, open_sky = part[..., LIGHT, None] * np.float32(lit), part[..., OPEN, None]
    sun_colour = (sun + (table.sun[0] - sun) * wood) * (1.0 - snow) + table.sun[1] * snow
    sky_colour = (sky + (table.sky[0] - sky) * wood) * (1.0 - snow) + table.sky[1] * snow
    # Leaves light their neighbours, most where they absorb least: in the near infrared.
    glow = sun_colour * sun_colour * (1.0 - light) * np.float32(0.12 + 0.38 * lit)
    return np.asarray(sun_colour * light + sky_colour * open_sky + glow, np.float32)


def _leaf_colour(tree: Tree) -> tuple[Bands, Bands]:
    leaf = SPECIES[tree.species].leaf
    first, second = leaf[tree.seed % len(leaf)], leaf[(tree.seed // 7) % len(leaf)]
    table, part = palette(first, second), np.float32(tree.hue)
    return table.sun[0] + (table.sun[1] - table.sun[0]) * part, table.sky[0] + (table.sky[1] - table.sky[0]) * part
