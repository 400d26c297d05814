"""Houses along a street: where they stand, the planes they are made of, the shadow they throw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nircolor.scenes.noise import Field
from nircolor.scenes.terrain import TerrainGrid

Point = tuple[float, float, float]
WALLS = (
    "plaster",
    "plaster",
    "paint_cream",
    "paint_cream",
    "paint_ochre",
    "brick",
    "paint_blue",
    "paint_red",
    "concrete",
)
ROOFS = ("tile", "tile", "slate", "slate", "asphalt")
STOREY = 2.9
_EAVE = 0.45  # metres that a roof reaches over a wall
_ROAD_TO_WALL = 10.0
_UP: Point = (0.0, 1.0, 0.0)


@dataclass(frozen=True)
class House:
    """A box from (x0, z0) to (x1, z1) under a gable roof; ``along`` tells whether its ridge follows the street."""

    x0: float
    x1: float
    z0: float
    z1: float
    walls: float
    roof: float
    along: bool
    wall: str
    tiles: str
    trim: str

    @property
    def near_x(self) -> float:
        """The side that faces the street."""
        return self.x0 if self.x0 > 0 else self.x1


@dataclass(frozen=True)
class Face:
    """A flat piece of a house: ``origin`` (x, y, z) in metres and two unit axes; ``long`` metres across and ``tall``
    up, ``peak`` metres more in the middle (a gable). ``kind`` is "wall" (windows and a door), "roof" or "plain"."""

    origin: Point
    across: Point
    up: Point
    long: float
    tall: float
    peak: float
    kind: str
    material: str
    trim: str


def build(rng: np.random.Generator) -> list[House]:
    """Two rows of houses, no two alike, far ones first."""
    houses = []
    for side in (-1, 1):
        z = float(rng.uniform(13.0, 19.0))
        while z < 210.0:
            deep, long = float(rng.uniform(8.0, 11.0)), float(rng.uniform(9.0, 15.0))
            near = side * (_ROAD_TO_WALL + float(rng.uniform(0.0, 2.5)))
            x0, x1 = sorted((near, near + side * deep))
            walls = STOREY * float(rng.choice((1, 2, 2, 2))) + 0.5
            wall, tiles = str(rng.choice(WALLS)), str(rng.choice(ROOFS))
            trim = str(rng.choice(("paint_green", "paint_blue", "paint_red", "bark", "plaster")))
            along = bool(rng.random() < 0.65)
            houses.append(House(x0, x1, z, z + long, walls, float(rng.uniform(2.4, 3.6)), along, wall, tiles, trim))
            z += long + float(rng.uniform(3.0, 9.0))
    return sorted(houses, key=lambda house: -house.z0)


def faces(house: House) -> Iterator[Face]:
    """The faces that an eye on the street can see, in an order to be painted in."""
    wide, long, mid = house.x1 - house.x0, house.z1 - house.z0, 0.5 * (house.x0 + house.x1)
    ridge_z = 0.5 * (house.z0 + house.z1)
    yield _wall(house, house.x0, (1.0, 0.0, 0.0), wide, house.roof if house.along else 0.0)
    yield _wall(house, house.near_x, (0.0, 0.0, 1.0), long, 0.0 if house.along else house.roof)
    if house.along:
        rise, run = house.roof, mid - house.near_x
        start = (house.near_x, house.walls, house.z0 - _EAVE)
        yield _slope(start, (0.0, 0.0, 1.0), long + 2 * _EAVE, (run, rise, 0.0), house.tiles)
    else:
        rise, depth = house.roof, ridge_z - house.z0
        start = (house.x0 - _EAVE, house.walls, house.z0)
        yield _slope(start, (1.0, 0.0, 0.0), wide + 2 * _EAVE, (0.0, rise, depth), house.tiles)
    yield from _chimney(house, mid, ridge_z)


def _wall(house: House, x: float, across: Point, long: float, peak: float) -> Face:
    """A wall that starts a metre underground, at the near corner of the house."""
    tall = house.walls + 1.0
    return Face((x, -1.0, house.z0), across, _UP, long, tall, peak, "wall", house.wall, house.trim)


def _slope(start: Point, across: Point, long: float, climb: Point, tiles: str) -> Face:
    """A roof slope from the eave up: ``climb`` leads from the top of the wall to the ridge."""
    length = float(np.hypot(np.hypot(climb[0], climb[1]), climb[2]))
    up = (climb[0] / length, climb[1] / length, climb[2] / length)
    low = (start[0] - up[0] * _EAVE, start[1] - up[1] * _EAVE, start[2] - up[2] * _EAVE)
    return Face(low, across, up, long, length + _EAVE, 0.0, "roof", tiles, tiles)


def _chimney(house: House, x: float, z: float) -> Iterator[Face]:
    """Two faces of a chimney near the ridge, whose middle is at (x, z)."""
    right = house.near_x > 0
    x, z = (x - 0.3, z + 1.5) if house.along else (x + (1.5 if right else -1.5), z)
    base, tall = house.walls + house.roof * 0.6, house.roof * 0.4 + 0.9
    yield Face((x, base, z), (1.0, 0.0, 0.0), _UP, 0.7, tall, 0.0, "plain", "brick", "brick")
    near = x if right else x + 0.7
    yield Face((near, base, z), (0.0, 0.0, 1.0), _UP, 0.7, tall, 0.0, "plain", "brick", "brick")


def raise_roofs(top: Field, houses: list[House], grid: TerrainGrid) -> Field:
    """(D, C) ``top`` of the land with the houses on it, for the shadows they throw."""
    raised = top.copy()
    for house in houses:
        rows = slice(grid.first(house.z0), grid.first(house.z1))
        x, z = grid.x[rows], grid.z[rows]
        mid, half = (house.x0 + house.x1) / 2, (house.x1 - house.x0) / 2
        across = np.abs(x - mid) / half
        along = np.abs(z - (house.z0 + house.z1) / 2) / (house.z1 - house.z0) * 2
        height = house.walls + house.roof * (1.0 - np.clip(across if house.along else along + 0 * x, 0.0, 1.0))
        raised[rows] = np.where(across < 1.0, np.maximum(raised[rows], height), raised[rows])
    return raised
