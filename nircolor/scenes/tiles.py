"""The noise of one scene, drawn once, and what is read from it in more than one place: the path, the farm fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nircolor.scenes.noise import Cells, Field, billow_tile, cell_tiles, fractal_tile, grain, ridged_tile, sample

CROWN = 10.0  # metres from one crown of the forest to the next
_CROWNS = 28  # crowns across their tile
CROWN_PERIOD = CROWN * _CROWNS
_FIELDS, _FIELD = 8, 230.0  # farm fields across their tile, metres from one to the next


@dataclass(frozen=True)
class Tiles:
    """Periodic noise, and where in it the camera stands (``origin``, in tiles)."""

    rough: Field  # fractal, with detail at all scales
    soft: Field  # fractal, smooth from near
    ridge: Field
    billow: Field
    hair: Field  # nearly white
    crowns: Cells
    fields: Cells
    origin: tuple[float, float]

    @property
    def side(self) -> float:
        """+1 or -1: on which side of the picture the path or the near shore lies."""
        return 1.0 if self.origin[0] > 0.4 else -1.0


def draw_tiles(rng: np.random.Generator) -> Tiles:
    """All noise of a scene."""
    x, y = (float(value) for value in rng.random(2))
    return Tiles(
        rough=fractal_tile(rng, slope=1.45),
        soft=fractal_tile(rng, slope=2.3),
        ridge=ridged_tile(rng),
        billow=billow_tile(rng),
        hair=fractal_tile(rng, slope=0.4),
        crowns=cell_tiles(rng, _CROWNS),
        fields=cell_tiles(rng, _FIELDS),
        origin=(x, y),
    )


def path_distance(tiles: Tiles, x: Field, z: Field) -> Field:
    """How far a place is from the middle of the path, in metres; the path winds away from the camera."""
    turn = 2.0 * np.pi * tiles.origin[1]
    bend = 1.6 * (np.sin(z / 17.0 + turn) - np.sin(turn)) + 7.0 * np.sin(z / 74.0) + 0.10 * z + 0.6
    return np.asarray(np.abs(x - tiles.side * bend), dtype=np.float32)


def field_cells(tiles: Tiles, x: Field, z: Field) -> tuple[Field, Field]:
    """The tag of the farm field at a place, and the distance to the field's border, in fields."""
    period = _FIELD * _FIELDS
    a, b = (x + z * 0.25) / period + tiles.origin[1], (z - x * 0.25) / (period * 1.5) + tiles.origin[0]
    return grain(tiles.fields.tag, a, b), sample(tiles.fields.gap, a, b)
