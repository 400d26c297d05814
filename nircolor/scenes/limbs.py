"""The wood of a tree: how its limbs grow, and how a limb is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, cos, floor, sin

import numpy as np

from nircolor.scenes.noise import Field

COVER, LIGHT, OPEN, WOOD, TIP = range(5)  # channels of the picture of a tree


@dataclass(frozen=True)
class Limb:
    """A straight limb in units of the tree's height, thinner towards its end; ``lean`` in radians from upright."""

    x: float
    y: float
    lean: float
    length: float
    radius: float

    def along(self, part: float) -> tuple[float, float]:
        """The place at ``part`` of the length."""
        return self.x + part * self.length * sin(self.lean), self.y + part * self.length * cos(self.lean)


def branching(rng: np.random.Generator, height: float, radius: float, forks: int, reach: float) -> Iterator[Limb]:
    """Boughs that fork ``forks`` times, then their stem; ``reach`` is the length of the lowest bough."""
    stem = Limb(0.0, 0.0, float(rng.normal(0.0, 0.025)), height, radius)
    for part in np.linspace(0.42, 0.98, 7):
        lean = float(rng.choice((-1, 1)) * rng.uniform(0.35, 1.0))
        bough = Limb(*stem.along(float(part)), lean, reach * (1.15 - 0.5 * float(part)), radius * 0.42)
        yield from _fork(rng, bough, forks)
    yield stem


def _fork(rng: np.random.Generator, limb: Limb, forks: int) -> Iterator[Limb]:
    for part in (0.35, 0.675, 1.0) if forks else ():
        turn = limb.lean * 0.8 + float(rng.normal(0.0, 0.55))
        twig = Limb(*limb.along(part), turn, limb.length * 0.52, limb.radius * 0.6)
        yield from _fork(rng, twig, forks - 1)
    yield limb


def draw_limb(canvas: Field, limb: Limb, side: int) -> None:
    """Draw on a (5, size, width) picture of a tree, its foot at the bottom; ``side`` +1: the sun is on the right."""
    _, size, width = canvas.shape
    (x0, y0), (x1, y1) = limb.along(0.0), limb.along(1.0)
    pad = limb.radius + 1.5 / size
    rows = _pixels(size * (1.0 - max(y0, y1) - pad), size * (1.0 - min(y0, y1) + pad), size)
    columns = _pixels(width / 2 + size * (min(x0, x1) - pad), width / 2 + size * (max(x0, x1) + pad), width)
    y = (1.0 - (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) / size)[:, None] - y0
    x = ((np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5 - width / 2) / size)[None, :] - x0
    dx, dy = x1 - x0, y1 - y0
    along = np.clip((x * dx + y * dy) / (dx * dx + dy * dy), 0.0, 1.0)
    half = limb.radius * (1.0 - 0.7 * along)
    away = np.hypot(x - along * dx, y - along * dy)
    cover = np.clip((half - away) * size + 0.5, 0.0, 1.0) * np.clip(half * size * 2.0, 0.0, 1.0)
    light = np.clip(0.38 + 0.45 * side * (x - along * dx) / half, 0.05, 0.9)
    lay_over(canvas[:, rows, columns], cover, light, 0.5, 1.0, 0.0)


def _pixels(low: float, high: float, length: int) -> slice:
    return slice(min(max(floor(low), 0), length), min(max(ceil(high), 0), length))


def lay_over(part: Field, cover: Field, light: Field, sky: Field | float, wood: float, tip: Field | float) -> None:
    """Lay something over a (5, h, w) part of a picture; all channels but the cover are multiplied by the cover."""
    part *= 1.0 - cover
    for channel, value in ((COVER, 1.0), (LIGHT, light), (OPEN, sky), (WOOD, wood), (TIP, tip)):
        part[channel] += cover * value
