"""Pictures of single trees: limbs and heaps of leaf puffs, modelled a few times a scene and stamped many times."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from nircolor.scenes.noise import Field, smoothstep
from nircolor.scenes.view import Sun

COVER, LIGHT, OPEN, WOOD, TIP = range(5)


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
    "oak": Species(("leaf", "leaf_dark", "leaf"), (8.0, 14.0), wide=1.2, crown=(0.56, 0.52, 0.40), puffs=260),
    "birch": Species(
        ("leaf_young", "leaf"), (9.0, 14.0), 0.74, (0.60, 0.28, 0.38), puffs=230, puff=(0.030, 0.058), trunk=0.014
    ),
    "spruce": Species(("conifer", "leaf_dark"), (10.0, 20.0), wide=0.55, trunk=0.014, pointed=True, ragged=1.0),
    "shrub": Species(
        ("leaf", "leaf_young", "leaf_dark"), (1.0, 2.6), 1.9, (0.36, 0.76, 0.46), puffs=150, puff=(0.07, 0.13), trunk=0.0, ragged=1.2, coarse=3.0
    ),
    "scrub": Species(
        ("scrub", "scrub", "leaf_dark"), (0.5, 1.4), 2.1, (0.30, 0.84, 0.42), 170, (0.06, 0.11), trunk=0.0, ragged=1.5, coarse=3.0
    ),
    "bare": Species(("bark",), (8.0, 13.0), wide=1.0, crown=(0.35, 0.4, 0.3), puffs=0, trunk=0.020),
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
    if species.trunk:
        _grow_wood(rng, canvas, species, sun)
    if species.puffs:
        puffs = _tiers(rng) if species.pointed else _heap(rng, species)
        for number in range(len(puffs.x)):
            _stamp(rng, canvas, puffs, number, species, hair, sun)
    return np.ascontiguousarray(canvas.transpose(1, 2, 0))


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


def _stamp(
    rng: np.random.Generator, canvas: Field, puffs: Puffs, number: int, species: Species, hair: Field, sun: Sun
) -> None:
    _, size, width = canvas.shape
    wide, tall = (max(float(radius[number]) * size, 0.8) for radius in (puffs.wide, puffs.tall))
    rows, dy = _span(size - float(puffs.y[number]) * size, tall, size)
    columns, dx = _span(width / 2 + float(puffs.x[number]) * size, wide, width)
    a, b = (int(value) for value in rng.integers(0, 400, 2))
    if not len(rows) or not len(columns):
        return
    fine = hair.shape[0] / size / species.coarse
    leaves = hair[np.ix_((rows * fine + a).astype(int) & 511, (columns * fine + b).astype(int) & 511)]
    dy, dx = dy[:, None], dx[None, :]
    cover = smoothstep(1.0, 0.7, np.sqrt(dx * dx + dy * dy) + np.float32(0.24 * species.ragged) * leaves)
    out, deep, (sx, sy, sz) = puffs.out[number], puffs.deep[number], sun.direction
    facing = 0.46 + 0.62 * float(out[0] * sx + out[1] * sy + out[2] * sz)
    light = np.clip(facing + 0.34 * (dx * sx - dy * sy) + 0.16 * leaves, 0.03, 1.25) * (0.35 + 0.65 * deep)
    sky = np.clip(0.45 + 0.30 * out[1] - 0.25 * dy + 0.08 * leaves, 0.1, 1.0) * (0.35 + 0.65 * deep)
    tip = np.clip(0.30 - 0.9 * dy + 0.30 * leaves, 0.0, 1.0)
    _over(canvas[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], cover, light, sky, 0.0, tip)


def _span(middle: float, radius: float, length: int) -> tuple[np.ndarray, Field]:
    """The pixels of one axis that a puff touches, and where they lie in it (-1 to 1 from edge to edge)."""
    pixels = np.arange(max(floor(middle - 1.3 * radius), 0), min(ceil(middle + 1.3 * radius), length))
    return pixels, ((pixels + 0.5 - middle) / radius).astype(np.float32)


def _over(part: Field, cover: Field, light: Field, sky: Field | float, wood: float, tip: Field | float) -> None:
    part *= 1.0 - cover
    for channel, value in ((COVER, 1.0), (LIGHT, light), (OPEN, sky), (WOOD, wood), (TIP, tip)):
        part[channel] += cover * value


def _grow_wood(rng: np.random.Generator, canvas: Field, species: Species, sun: Sun) -> None:
    """A tapered stem; limbs that fork, finely where there are no leaves to hide them."""
    stem = 0.80 if species.pointed else species.crown[0] + 0.1
    tip = (float(rng.normal(0.0, 0.02)), stem)
    if not species.pointed:
        for part in np.linspace(0.42, 0.98, 7):
            foot = (tip[0] * float(part), stem * float(part))
            lean = float(rng.choice((-1, 1)) * rng.uniform(0.35, 1.0))
            _fork(rng, canvas, foot, lean, 0.25 * (1.15 - part * 0.5) * (1.0 if species.puffs else 1.3), species.trunk * 0.42, 0 if species.puffs else 4, sun)
    _limb(canvas, (0.0, 0.0), tip, species.trunk, sun)


def _fork(
    rng: np.random.Generator,
    canvas: Field,
    foot: tuple[float, float],
    lean: float,
    length: float,
    radius: float,
    forks: int,
    sun: Sun,
) -> None:
    tip = (foot[0] + length * np.sin(lean), foot[1] + length * np.cos(lean))
    for part in np.linspace(0.35, 1.0, 3) if forks else ():
        start = (foot[0] + (tip[0] - foot[0]) * part, foot[1] + (tip[1] - foot[1]) * part)
        turn = lean * 0.8 + float(rng.normal(0.0, 0.55))
        _fork(rng, canvas, start, turn, length * 0.52, radius * 0.6, forks - 1, sun)
    _limb(canvas, foot, tip, radius, sun)


def _limb(canvas: Field, foot: tuple[float, float], tip: tuple[float, float], radius: float, sun: Sun) -> None:
    """A straight limb from ``foot`` to ``tip``, thinner towards its tip."""
    _, size, width = canvas.shape
    pad = radius + 1.5 / size
    top, bottom = _clip(size * (1 - max(foot[1], tip[1]) - pad), size * (1 - min(foot[1], tip[1]) + pad), size)
    left, right = _clip(
        width / 2 + size * (min(foot[0], tip[0]) - pad), width / 2 + size * (max(foot[0], tip[0]) + pad), width
    )
    y = (1.0 - (np.arange(top, bottom, dtype=np.float32) + 0.5) / size)[:, None] - np.float32(foot[1])
    x = ((np.arange(left, right, dtype=np.float32) + 0.5 - width / 2) / size)[None, :] - np.float32(foot[0])
    dx, dy = np.float32(tip[0] - foot[0]), np.float32(tip[1] - foot[1])
    along = np.clip((x * dx + y * dy) / (dx * dx + dy * dy), 0.0, 1.0)
    half = np.float32(radius) * (1.0 - 0.7 * along)
    distance = np.hypot(x - along * dx, y - along * dy)
    cover = np.clip((half - distance) * size + 0.5, 0.0, 1.0) * np.clip(half * size * 2.0, 0.0, 1.0)
    light = np.clip(0.38 + 0.45 * (x - along * dx) * sun.side / half, 0.05, 0.9)
    _over(canvas[:, top:bottom, left:right], cover, light, 0.5, 1.0, 0.0)


def _clip(low: float, high: float, length: int) -> tuple[int, int]:
    return min(max(floor(low), 0), length), min(max(ceil(high), 0), length)
