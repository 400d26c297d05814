"""Pictures of single trees: limbs and heaps of leaf puffs, modelled a few times a scene and stamped many times."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from nircolor.scenes.limbs import Limb, branching, draw_limb, lay_over
from nircolor.scenes.noise import Field, smoothstep
from nircolor.scenes.view import Sun


@dataclass(frozen=True)
class Species:
    """Proportions in units of the height; ``leaf`` names materials."""

    leaf: tuple[str, ...]
    tall: tuple[float, float]  # metres
    wide: float = 0.8  # width of the picture that holds the tree
    crown: tuple[float, float, float] = (0.62, 0.36, 0.33)  # middle, half width, half height
    puffs: int = 170  # 0 for a tree without leaves
    puff: tuple[float, float] = (0.040, 0.075)  # radius
    trunk: float = 0.026  # half width at the foot
    pointed: bool = False
    ragged: float = 0.8
    coarse: float = 1.0  # size of a leaf against the size of the tree


SPECIES: dict[str, Species] = {
    "oak": Species(("leaf", "leaf_dark", "leaf"), (8.0, 14.0), 1.2, (0.56, 0.52, 0.40), 260),
    "birch": Species(("leaf_young", "leaf"), (9.0, 14.0), 0.74, (0.60, 0.28, 0.38), 230, (0.030, 0.058), 0.014),
    "spruce": Species(("conifer", "leaf_dark"), (10.0, 20.0), 0.55, trunk=0.014, pointed=True, ragged=1.0),
    "shrub": Species(
        ("leaf", "leaf_young", "leaf_dark"),
        (1.0, 2.6),
        1.9,
        (0.36, 0.76, 0.46),
        150,
        (0.07, 0.13),
        0.0,
        False,
        1.2,
        3.0,
    ),
    "scrub": Species(
        ("scrub", "scrub", "leaf_dark"), (0.5, 1.4), 2.1, (0.30, 0.84, 0.42), 170, (0.06, 0.11), 0.0, False, 1.5, 3.0
    ),
    "bare": Species(("bark",), (8.0, 13.0), 1.0, (0.35, 0.4, 0.3), puffs=0, trunk=0.020),
}


@dataclass(frozen=True)
class Puffs:
    """Heaps of leaves, far ones first; (N,) each: place and radii, ``deep`` 0 in the heart of the crown and 1 at its
    skin; ``out`` (N, 3) points out of the crown."""

    x: Field
    y: Field
    wide: Field
    tall: Field
    deep: Field
    out: Field


def grow(rng: np.random.Generator, species: Species, size: int, hair: Field, sun: Sun) -> Field:
    """(size, width, 5) picture of one tree, its foot at the bottom: cover, sunlight, open sky, wood, tips.

    All but the cover are multiplied by the cover. ``hair`` is a periodic tile of fine noise.
    """
    canvas = np.zeros((5, size, max(round(size * species.wide), 2)), np.float32)
    for limb in _wood(rng, species):
        draw_limb(canvas, limb, sun.side)
    if species.puffs:
        puffs = _tiers(rng) if species.pointed else _heap(rng, species)
        for number, shift in enumerate(rng.integers(0, hair.shape[0], (len(puffs.x), 2))):
            _stamp(canvas, puffs, number, species, _Leaves(hair, shift, species.coarse * size), sun)
    return np.ascontiguousarray(canvas.transpose(1, 2, 0))


def _wood(rng: np.random.Generator, species: Species) -> list[Limb]:
    """Fine twigs only where there are no leaves to hide them."""
    if not species.trunk:
        return []
    if species.pointed:
        return [Limb(0.0, 0.0, 0.0, 0.8, species.trunk)]
    leafless = not species.puffs
    return list(branching(rng, species.crown[0] + 0.1, species.trunk, 4 * leafless, 0.32 if leafless else 0.25))


def _heap(rng: np.random.Generator, species: Species) -> Puffs:
    """A crown of lobes, each with a skin of puffs."""
    middle, wide, tall = species.crown
    lobes = _directions(rng, 11) * 0.66 * rng.random((11, 1)) ** 0.35
    home = rng.integers(0, len(lobes), species.puffs)
    place = lobes[home] + _directions(rng, species.puffs) * 0.34 * rng.random((species.puffs, 1)) ** 0.3
    reach = np.linalg.norm(place, axis=1)
    radius = rng.uniform(*species.puff, species.puffs)
    narrow = np.clip((place[:, 1] + 1.1) * 1.3, 0.45, 1.0)  # the underside of a crown is narrow
    columns = (place[:, 0] * wide * narrow, middle + place[:, 1] * tall, radius * 1.15, radius * 0.85)
    return _sorted(place[:, 2], *columns, np.clip(reach, 0.0, 1.0), place / np.maximum(reach, 0.3)[:, None])


def _tiers(rng: np.random.Generator) -> Puffs:
    """Branches in whorls around a stem, longer and hanging more towards the ground."""
    down = np.sort(rng.random(360) ** 0.7)
    angle = rng.uniform(0.0, 2.0 * np.pi, len(down))
    whorl = 0.5 + 0.5 * np.cos(down * 75.0)
    longest = (0.004 + 0.20 * down**1.05) * (0.72 + 0.28 * whorl)
    part = rng.uniform(0.3, 1.0, len(down))
    reach, size = longest * part, (0.005 + 0.034 * down) * rng.uniform(0.8, 1.3, len(down))
    out = np.stack([np.cos(angle), np.full_like(down, 0.30), -np.sin(angle)], axis=1)
    y = 0.985 - 0.91 * down - 0.32 * reach
    deep = np.clip(1.15 * part - 0.2, 0.0, 1.0) * (0.55 + 0.45 * whorl)
    return _sorted(out[:, 2] * reach + 0.3 * down, out[:, 0] * reach, y, size * 1.6, size * 0.8, deep, out)


def _directions(rng: np.random.Generator, count: int) -> Field:
    vectors = rng.normal(size=(count, 3))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _sorted(depth: Field, *columns: Field) -> Puffs:
    order = np.argsort(-depth, kind="stable")
    return Puffs(*(np.asarray(column, np.float32)[order] for column in columns))


@dataclass(frozen=True)
class _Leaves:
    """Fine noise at the scale of leaves: a periodic tile, from where in it, and how many pixels it spans."""

    tile: Field
    shift: NDArray[np.int64]
    span: float

    def at(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Field:
        """(h, w) noise for the pixels of a picture."""
        size = self.tile.shape[0]
        row = ((rows * (size / self.span)).astype(np.int64) + self.shift[0]) % size
        column = ((columns * (size / self.span)).astype(np.int64) + self.shift[1]) % size
        return np.asarray(self.tile[row[:, None], column[None, :]])


def _stamp(canvas: Field, puffs: Puffs, number: int, species: Species, leaves: _Leaves, sun: Sun) -> None:
    _, size, width = canvas.shape
    wide, tall = (max(float(radius[number]) * size, 0.8) for radius in (puffs.wide, puffs.tall))
    rows, down = _span(size - float(puffs.y[number]) * size, tall, size)
    columns, right = _span(width / 2 + float(puffs.x[number]) * size, wide, width)
    if not len(rows) or not len(columns):
        return
    leaf, dy, dx = leaves.at(rows, columns), down[:, None], right[None, :]
    cover = smoothstep(1.0, 0.7, np.sqrt(dx * dx + dy * dy) + np.float32(0.24 * species.ragged) * leaf)
    out, deep, (sx, sy, sz) = puffs.out[number], 0.35 + 0.65 * puffs.deep[number], sun.direction
    facing = 0.46 + 0.62 * float(out[0] * sx + out[1] * sy + out[2] * sz)
    light = np.clip(facing + 0.34 * (dx * sx - dy * sy) + 0.16 * leaf, 0.03, 1.25) * deep
    sky = np.clip(0.45 + 0.30 * out[1] - 0.25 * dy + 0.08 * leaf, 0.1, 1.0) * deep
    tip = np.clip(0.30 - 0.9 * dy + 0.30 * leaf, 0.0, 1.0)
    part = canvas[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    lay_over(part, cover, light, sky, 0.0, tip)


def _span(middle: float, radius: float, length: int) -> tuple[NDArray[np.int64], Field]:
    """The pixels of one axis that a puff touches, and where they lie in it (-1 to 1 from edge to edge)."""
    pixels = np.arange(max(floor(middle - 1.3 * radius), 0), min(ceil(middle + 1.3 * radius), length))
    return pixels, ((pixels + 0.5 - middle) / radius).astype(np.float32)
