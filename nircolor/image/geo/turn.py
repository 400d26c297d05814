"""The georeference of a picture that was turned upright.

Tie points, matrix and RPCs speak of pixels as they are stored, and GDAL shows a GeoTIFF so, whatever its Orientation
says. Where the pixels are turned, columns and rows are rewritten, so that each pixel keeps its place on the Earth.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nircolor.image.geo.tags import Geo
from nircolor.image.orient import UPRIGHT, swaps_axes

_FLIP_COLUMNS, _FLIP_ROWS = (2, 3, 6, 7), (3, 4, 7, 8)  # after the axes were swapped, where they are
_LINE, _SAMPLE = 2, 3  # offsets among the 92 numbers of RPCCoefficientTag; the scales are 5 further on
_TERMS = 12  # where the polynomials begin: 20 numbers each, of line and sample above and below the fraction


def turned(geo: Geo, orientation: int, height: int, width: int) -> Geo:
    """``geo`` of a stored picture of ``height`` x ``width`` pixels, after ``orient.upright`` turned it."""
    if orientation == UPRIGHT:
        return geo
    move = _movement(orientation, height, width, centres=geo.is_point)
    matrix = _matrix(geo)
    if matrix is not None:
        back = matrix @ np.linalg.inv(move)
        place = replace(geo, scale=(), ties=(), matrix=tuple(back.ravel().tolist()))
    else:
        place = replace(geo, ties=_move_points(geo.ties, move))
    return replace(place, rpc=_turn_rpc(geo.rpc, orientation, height, width))


def _movement(orientation: int, height: int, width: int, centres: bool) -> NDArray[np.float64]:
    """4 x 4, from (column, row, z, 1) as stored to those of the upright picture. ``centres``: of pixels are whole."""
    move = np.eye(4)
    if swaps_axes(orientation):
        move[[0, 1]] = move[[1, 0]]
        height, width = width, height
    for axis, side, flips in ((0, width, _FLIP_COLUMNS), (1, height, _FLIP_ROWS)):
        if orientation in flips:
            move[axis] *= -1
            move[axis, 3] += side - centres
    return move


def _matrix(geo: Geo) -> NDArray[np.float64] | None:
    """From (column, row, 0, 1) to (x, y, z, 1) as GDAL takes it from the tags; None for ground control points."""
    if len(geo.scale) == 3 and len(geo.ties) >= 6 and geo.scale[0] and geo.scale[1]:
        column, row, level, x, y, z = geo.ties[:6]
        across, down, up = geo.scale
        last = (x - across * column, y + down * row, z - up * level, 1)
        matrix = np.diag([across, -down, up, 1.0])
        matrix[:, 3] = last
        return matrix
    return np.array(geo.matrix).reshape(4, 4) if geo.matrix else None


def _move_points(ties: tuple[float, ...], move: NDArray[np.float64]) -> tuple[float, ...]:
    points = np.array(ties, np.float64).reshape(-1, 6)
    there = np.column_stack([points[:, :3], np.ones(len(points))]) @ move.T
    points[:, :3] = there[:, :3]
    return tuple(points.ravel().tolist())


def _turn_rpc(rpc: tuple[float, ...], orientation: int, height: int, width: int) -> tuple[float, ...]:
    """Row = offset + scale * fraction: a flip mirrors the offset and negates the fraction. Middles are whole."""
    if not rpc:
        return rpc
    numbers, parts = np.array(rpc), np.array(rpc[_TERMS:]).reshape(4, 20)
    if swaps_axes(orientation):
        for first in (_LINE, _LINE + 5):
            numbers[[first, first + 1]] = numbers[[first + 1, first]]
        parts = parts[[2, 3, 0, 1]]
        height, width = width, height
    for place, part, side, flips in ((_SAMPLE, 2, width, _FLIP_COLUMNS), (_LINE, 0, height, _FLIP_ROWS)):
        if orientation in flips:
            numbers[place] = side - 1 - numbers[place]
            parts[part] *= -1
    numbers[_TERMS:] = parts.ravel()
    return tuple(numbers.tolist())
