"""Where single trees stand, and the shadow each one throws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nircolor.scenes.land import Land
from nircolor.scenes.noise import Field, sample, smoothstep
from nircolor.scenes.recipes import SceneRecipe
from nircolor.scenes.terrain import TerrainGrid, sunlit
from nircolor.scenes.tiles import Tiles, path_distance
from nircolor.scenes.trees import SPECIES, Species
from nircolor.scenes.view import FOCAL, Sun

MODELS = 2  # pictures of each species
_HIGH = 3.0  # metres; what is lower never stands in the way


@dataclass(frozen=True)
class Tree:
    """One tree: its place (``x`` across, ``z`` ahead) and height in metres, which picture of its species it shows, and
    its ``hue`` in [0, 1): where between the leaves of its species it lies."""

    name: str
    x: float
    z: float
    tall: float
    model: int
    hue: float

    @property
    def species(self) -> Species:
        return SPECIES[self.name]


@dataclass(frozen=True)
class Rooted:
    """A tree on the land: the height of its foot above y = 0, and how much of the sun its crown sees."""

    tree: Tree
    foot: float
    lit: float


def plant(rng: np.random.Generator, recipe: SceneRecipe, tiles: Tiles) -> list[Tree]:
    """Trees, far ones first: some alone, some in groves. The middle of the picture stays open near the camera."""
    trees: list[Tree] = []
    near, far = recipe.tree_range
    while len(trees) < recipe.tree_count:
        z = float(near * (far / near) ** rng.random())
        x = float(rng.uniform(-0.62, 0.62)) * z / FOCAL
        grove = [_seedling(rng, recipe, x, z) for _ in range(int(rng.integers(1, 5)))]
        trees += [tree for tree in grove if _has_room(recipe, tiles, tree)]
    return sorted(trees, key=lambda tree: -tree.z)


def _seedling(rng: np.random.Generator, recipe: SceneRecipe, x: float, z: float) -> Tree:
    """A tree somewhere near a place."""
    name = recipe.trees[int(rng.integers(len(recipe.trees)))]
    at = x + float(rng.normal(0.0, 5.0)), z * float(rng.uniform(0.85, 1.25))
    tall = float(rng.uniform(*SPECIES[name].tall))
    return Tree(name, *at, tall, int(rng.integers(MODELS)), float(rng.random()))


def _has_room(recipe: SceneRecipe, tiles: Tiles, tree: Tree) -> bool:
    """Whether a tree may stand there: off the path, the road and the houses, high ones not in front of the view."""
    if recipe.path and path_distance(tiles, np.array([tree.x]), np.array([tree.z]))[0] < 2.0:
        return False
    if recipe.houses and (abs(tree.x) < 7.6 or 9.2 < abs(tree.x) < 25.0) and tree.z < 230.0:
        return False
    aside = abs(tree.x / tree.z) * FOCAL > 0.24 and tree.z > 1.7 * tree.tall
    return tree.tall < _HIGH or tree.z > 70.0 or aside


def root(trees: Iterable[Tree], recipe: SceneRecipe, land: Land, grid: TerrainGrid, shadow: Field) -> list[Rooted]:
    """Set the trees on the land, all but those that would stand in water; ``shadow`` is a (D, C) shadow line."""
    rooted = []
    for tree in trees:
        place = grid.nearest(tree.x, tree.z)
        foot = float(land.soil[place])
        if foot > 0.05 or not recipe.lake[1]:
            rooted.append(Rooted(tree, foot, float(sunlit(shadow[place], foot + 0.6 * tree.tall, tree.z))))
    return rooted


def shade(rooted: Iterable[Rooted], grid: TerrainGrid, lit: Field, tiles: Tiles, sun: Sun) -> None:
    """Darken ``lit`` (D, C) where the crowns keep the sun away."""
    for tree in (entry.tree for entry in rooted):
        x, z, long, deep = _shadow(tree, sun)
        rows = slice(grid.first(z - 1.4 * deep), grid.first(z + 1.4 * deep))
        gx, gz = grid.x[rows], grid.z[rows]
        columns = np.flatnonzero((np.abs(gx - x) < 1.4 * long).any(axis=0))
        if not len(columns):
            continue
        part = slice(columns[0], columns[-1] + 1)
        gx = gx[:, part]
        away = np.hypot((gx - x) / long, (gz - z) / deep)
        away = away + 0.16 * sample(tiles.rough, gx / (2.5 * tree.tall), gz / (2.5 * tree.tall))
        lit[rows, part] *= 1.0 - 0.90 * smoothstep(1.05, 0.75, away)


def _shadow(tree: Tree, sun: Sun) -> tuple[float, float, float, float]:
    """The ellipse of a tree's shadow on level ground: its middle (x, z), half its length across, half its depth."""
    sx, sy, sz = sun.direction
    middle, wide, tall = tree.species.crown
    middle = middle if tree.species.trunk else 0.1
    deep = (0.2 if tree.species.pointed else wide) * tree.tall
    long = deep + 0.8 * tall * tree.tall * abs(sx / sy)
    return tree.x - sx / sy * middle * tree.tall, tree.z - sz / sy * middle * tree.tall, long, deep
