"""A height field seen by a level camera: which place of the land each pixel shows.

The land is sampled along every pixel column at distances that grow geometrically. Walking away from the eye, a sample
is seen where it rises above all nearer ones; a running maximum and one count a row find the hit of every pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np
from numpy.typing import NDArray

from nircolor.scenes.noise import Field, smoothstep
from nircolor.scenes.view import FOCAL, Sun, Viewpoint

NEAR, FAR = 1.3, 26000.0
# Where along the samples each (logarithm of a) distance lies: mountains get more than their share.
_PACE = ([0.0, 0.58, 0.93, 1.0], [log(NEAR), log(1500.0), log(13000.0), log(FAR)])
_MARGIN = 0.06  # extra columns on each side, so that what stands just outside throws its shadow in


@dataclass(frozen=True)
class TerrainGrid:
    """Places where the land is known: ``z`` (D, 1) metres ahead, ``u`` (C,) columns, ``x`` (D, C) metres across."""

    view: Viewpoint

    @cached_property
    def margin(self) -> int:
        return int(self.view.scale * _MARGIN) + 1

    @cached_property
    def u(self) -> Field:
        columns = np.arange(-self.margin, self.view.width + self.margin, dtype=np.float32)
        return (columns + np.float32(0.5 - self.view.width / 2)) / np.float32(self.view.scale)

    @cached_property
    def z(self) -> Field:
        count = int(np.clip(0.9 * self.view.scale, 600, 1000))
        steps = np.interp(np.linspace(0.0, 1.0, count), *_PACE)
        return np.exp(steps).astype(np.float32)[:, None]

    @cached_property
    def x(self) -> Field:
        return np.asarray(self.z * self.u / np.float32(FOCAL), dtype=np.float32)

    def first(self, distance: float) -> int:
        """Index of the first row at least ``distance`` away."""
        return int(np.searchsorted(self.z[:, 0], distance))

    def nearest(self, x: float, z: float) -> tuple[int, int]:
        """Row and column of the sample next to a place, kept inside the grid."""
        row = self.first(z)
        column = round(self.view.column(x * FOCAL / max(z, NEAR)) + self.margin)
        return min(max(row, 0), len(self.z) - 1), min(max(column, 0), len(self.u) - 1)


@dataclass(frozen=True)
class Hits:
    """What the pixels of the land show. All arrays but ``seen`` are flat, in the order of ``seen``'s true pixels."""

    seen: NDArray[np.bool_]  # (H, W): land, not sky
    below: NDArray[np.int32]  # flat index into a (D, C) field, the sample just nearer than the hit
    stride: int  # from a sample to the next farther one
    part: Field  # 0 at the nearer sample, 1 at the farther
    z: Field  # metres ahead
    x: Field  # metres across
    y: Field  # metres above y = 0

    def pick(self, field: Field) -> Field:
        """A (D, C) field at the hits, interpolated along the line of sight."""
        flat = field.ravel()
        near = flat.take(self.below)
        return np.asarray(near + (flat.take(self.below + self.stride) - near) * self.part, dtype=np.float32)

    def beyond(self, field: Field) -> Field:
        """A (D, C) field at the samples just behind the hits: at the foot of a blade or tree, its whole height."""
        return np.asarray(field.ravel().take(self.below + self.stride), dtype=np.float32)


def cast(grid: TerrainGrid, height: Field) -> Hits:
    """Find the hits of every pixel on the (D, C) ``height`` field, in metres above y = 0."""
    view, edge = grid.view, grid.margin
    inner = height[:, edge : edge + view.width]
    rise = (inner - np.float32(view.eye)) * (np.float32(FOCAL) / grid.z)
    index = _first_above(view, np.maximum.accumulate(rise, axis=0))
    seen = index < len(grid.z)
    row, column = np.nonzero(seen)
    far = np.maximum(index[seen], 1)
    flat = rise.ravel()
    place = far * view.width + column
    high, low = flat.take(place), flat.take(place - view.width)
    part = np.clip((view.v[row] - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)
    near = grid.z[:, 0][far - 1]
    z = near + (grid.z[:, 0][far] - near) * part
    below = ((far - 1) * len(grid.u) + column + edge).astype(np.int32)
    x, y = z * view.u[column] / np.float32(FOCAL), view.eye + z * view.v[row] / np.float32(FOCAL)
    return Hits(seen, below, len(grid.u), part, z, x, y.astype(np.float32))


def _first_above(view: Viewpoint, horizon: Field) -> NDArray[np.int64]:
    """(H, W) index of the first sample that reaches a pixel's line of sight; D where none does."""
    width = horizon.shape[1]
    covered = np.clip(np.ceil((horizon - view.v[-1]) * view.scale + 1e-4), 0, view.height).astype(np.int64)
    counts = np.bincount((covered * width + np.arange(width)).ravel(), minlength=(view.height + 1) * width)
    reached = np.cumsum(counts.reshape(view.height + 1, width)[: view.height], axis=0)
    return np.asarray(reached[::-1], dtype=np.int64)


def slopes(grid: TerrainGrid, height: Field) -> tuple[Field, Field]:
    """(D, C) slopes of the land along x and along z."""
    reach = max(grid.view.scale // 300, 1)  # wider than a pixel, or cliffs break up into columns
    padded = np.pad(height, ((0, 0), (reach, reach)), mode="reflect", reflect_type="odd")
    step = grid.z * np.float32(2.0 * reach / (FOCAL * grid.view.scale))
    across = (padded[:, 2 * reach :] - padded[:, : -2 * reach]) / step
    along = np.empty_like(height)
    along[1:-1] = (height[2:] - height[:-2]) / (grid.z[2:] - grid.z[:-2])
    along[0], along[-1] = along[1], along[-2]
    return across, along - across * (grid.u / np.float32(FOCAL))


def shadow_line(grid: TerrainGrid, height: Field, sun: Sun) -> Field:
    """(D, C) height in metres above y = 0 below which a place lies in the shadow of what stands towards the sun.

    The sun is taken to stand at right angles to the line of sight: a shadow falls along a row of the grid, and one
    running maximum finds it.
    """
    across, up, _ = sun.direction
    fall = grid.x * np.float32(sun.side * up / abs(across))
    toward = (height - fall)[:, ::-1] if sun.side > 0 else height - fall
    crest = np.maximum.accumulate(toward, axis=1)
    return np.asarray((crest[:, ::-1] if sun.side > 0 else crest) + fall, dtype=np.float32)


def sunlit(line: Field | float, height: Field | float, z: Field | float) -> Field:
    """How much of the sun something at ``height`` and distance ``z`` sees, 0 to 1, under a :func:`shadow_line`."""
    return smoothstep(1.0, 0.0, (line - height) / (np.float32(0.15) + np.float32(0.004) * z))
