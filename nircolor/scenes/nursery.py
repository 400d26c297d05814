"""The pictures of a scene's trees, and how a tree gets into the scene."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log2

import numpy as np
from numpy.typing import NDArray

from nircolor.scenes.canvas import Canvas
from nircolor.scenes.limbs import COVER, LIGHT, OPEN, TIP, WOOD
from nircolor.scenes.noise import Field
from nircolor.scenes.planting import MODELS, Rooted, Tree
from nircolor.scenes.spectra import Bands, palette
from nircolor.scenes.trees import SPECIES, grow
from nircolor.scenes.view import FOCAL, Air, Sun, Viewpoint

Pictures = dict[tuple[str, int], list[Field]]
_LARGEST = 512  # rows of the largest picture


@dataclass(frozen=True)
class Nursery:
    """Pictures by species and model, each at its full size and halved again and again; ``snow`` lies on all of them."""

    pictures: Pictures
    snow: float


def raise_trees(rng: np.random.Generator, names: set[str], hair: Field, view: Viewpoint, sun: Sun) -> Pictures:
    """Pictures of the named species, as large as the view can make use of."""
    size = int(np.clip(view.scale * 0.32, 48, _LARGEST))
    pictures = {}
    for name in sorted(names):
        for model, seed in enumerate(rng.integers(0, 2**31, MODELS)):
            pictures[name, model] = _halved(grow(np.random.default_rng(int(seed)), SPECIES[name], size, hair, sun))
    return pictures


def _halved(picture: Field) -> list[Field]:
    steps = [picture]
    while min(steps[-1].shape[:2]) >= 4:
        even = steps[-1][: steps[-1].shape[0] // 2 * 2, : steps[-1].shape[1] // 2 * 2]
        steps.append((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) * np.float32(0.25))
    return steps


def draw_tree(canvas: Canvas, rooted: Rooted, nursery: Nursery, air: Air) -> None:
    """Put a tree into the scene, behind what is nearer."""
    view, tree = canvas.view, rooted.tree
    pixels = tree.tall / tree.z * FOCAL * view.scale
    steps = nursery.pictures[tree.name, tree.model]
    picture = steps[int(np.clip(floor(log2(steps[0].shape[0] / max(pixels, 0.5))), 0, len(steps) - 1))]
    bottom = view.row((rooted.foot - view.eye) / tree.z * FOCAL) + 0.5
    middle = view.column(tree.x / tree.z * FOCAL) + 0.5
    wide = pixels * picture.shape[1] / picture.shape[0]
    rows, y = _reading(bottom - pixels, pixels, view.height, picture.shape[0])
    columns, x = _reading(middle - wide / 2, wide, view.width, picture.shape[1])
    if not len(rows) or not len(columns):
        return
    part = _resample(picture, y, x)
    cover = part[..., COVER]
    light = _radiance(part / np.maximum(cover, 1e-3)[..., None], rooted, nursery.snow)
    canvas.paint(int(rows[0]), int(columns[0]), cover, air.veil(light, tree.z), tree.z)


def _reading(start: float, length: float, pixels: int, source: int) -> tuple[NDArray[np.int64], Field]:
    """Pixels of one axis inside [start, start + length), and where each reads the source."""
    inside = np.arange(max(floor(start), 0), min(ceil(start + length), pixels))
    return inside, ((inside + 0.5 - start) / length * source - 0.5).astype(np.float32)


def _resample(picture: Field, y: Field, x: Field) -> Field:
    """Bilinear reading of ``picture`` on the grid of ``y`` and ``x``; outside it there is nothing."""
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)))
    y, x = np.clip(y + 1.0, 0.0, picture.shape[0] + 0.999), np.clip(x + 1.0, 0.0, picture.shape[1] + 0.999)
    top, left = y.astype(np.int64), x.astype(np.int64)
    fy, fx = (y - top).astype(np.float32)[:, None, None], (x - left).astype(np.float32)[None, :, None]
    rows = padded[top] * (1.0 - fy) + padded[top + 1] * fy
    return np.asarray(rows[:, left] * (1.0 - fx) + rows[:, left + 1] * fx, np.float32)


def _radiance(part: Field, rooted: Rooted, snow: float) -> Field:
    """(h, w, 4) light from a tree."""
    table, (leaf_in_sun, leaf_in_sky) = palette("bark", "snow"), _leaf_colour(rooted.tree)
    wood, white = part[..., WOOD, None], part[..., TIP, None] * np.float32(snow)
    light, open_sky = part[..., LIGHT, None] * np.float32(rooted.lit), part[..., OPEN, None]
    in_sun = leaf_in_sun + (table.sun[0] - leaf_in_sun) * wood
    in_sky = leaf_in_sky + (table.sky[0] - leaf_in_sky) * wood
    if snow:
        in_sun, in_sky = in_sun + (table.sun[1] - in_sun) * white, in_sky + (table.sky[1] - in_sky) * white
    # Leaves light their neighbours, most where they absorb least: in the near infrared.
    glow = in_sun * (1.0 - light) * np.float32(0.12 + 0.38 * rooted.lit)
    return np.asarray(in_sun * (light + glow) + in_sky * open_sky, np.float32)


def _leaf_colour(tree: Tree) -> tuple[Bands, Bands]:
    """(4,) the leaves of a tree in the light of the sun and of the sky: between two leaves of its species."""
    leaves = tree.species.leaf
    place = tree.hue * len(leaves)
    table = palette(leaves[int(place)], leaves[(int(place) + 1) % len(leaves)])
    sun, sky = table.sun, table.sky
    part = np.float32(place % 1.0)
    return sun[0] + (sun[1] - sun[0]) * part, sky[0] + (sky[1] - sky[0]) * part
