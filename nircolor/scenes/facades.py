"""Painting a flat piece of a house: which pixels show it, what it is covered with, how it is lit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nircolor.scenes.buildings import STOREY, Face
from nircolor.scenes.canvas import Canvas
from nircolor.scenes.mixing import Layers, mix
from nircolor.scenes.noise import Field, sample, smoothstep
from nircolor.scenes.tiles import Tiles
from nircolor.scenes.view import FOCAL, Air, Sun, Viewpoint

_SKY_IN_GLASS = np.array([0.105, 0.126, 0.150, 0.048], np.float32)  # what windows mirror
_TILE_ROW = 0.34  # metres from one row of roof tiles to the next
_NEAR = 0.5  # metres; what comes nearer to the camera is cut off


@dataclass(frozen=True)
class _Place:
    """(h, w) each: where on a face the pixels lie, ``s`` across and ``t`` up, and how large a ``pixel`` is, metres."""

    s: Field
    t: Field
    pixel: Field


def paint_face(canvas: Canvas, face: Face, tiles: Tiles, sun: Sun, air: Air) -> None:
    """Lay a face into the scene."""
    view = canvas.view
    top, bottom, left, right = _bounds(view, face)
    if top >= bottom or left >= right:
        return
    u, v = view.u[None, left:right] / np.float32(FOCAL), view.v[top:bottom, None] / np.float32(FOCAL)
    origin, across, up = (np.array(vector, np.float32) for vector in (face.origin, face.across, face.up))
    normal = np.cross(across, up)
    eye = origin - np.array([0.0, view.eye, 0.0], np.float32)
    slant = normal[0] * u + normal[1] * v + normal[2]
    z = np.float32(normal @ eye) / np.where(np.abs(slant) < 1e-6, np.float32(1e-6), slant)
    z = np.where((z > _NEAR) & (z < 1e4), z, np.float32(1e4))
    s = z * (u * across[0] + v * across[1] + across[2]) - np.float32(eye @ across)
    t = z * (u * up[0] + v * up[1] + up[2]) - np.float32(eye @ up)
    pixel = z / np.float32(FOCAL * view.scale)
    crest = face.tall + face.peak * (1.0 - np.abs(2.0 * s / np.float32(face.long) - 1.0))
    inside = np.minimum(np.minimum(s, face.long - s), np.minimum(t, crest - t))
    cover = np.clip(inside / pixel + 0.5, 0.0, 1.0) * (z < 1e4)
    light = _light(face, _Place(s, t, pixel), normal if normal @ eye < 0 else -normal, tiles, sun)
    canvas.paint(top, left, cover.astype(np.float32), air.veil(light, z), z)


def _bounds(view: Viewpoint, face: Face) -> tuple[int, int, int, int]:
    """Rows and columns of the picture that the face may touch."""
    corners = []
    for s in (0.0, face.long):
        for t in (0.0, face.tall + face.peak):
            x, y, z = (o + s * a + t * b for o, a, b in zip(face.origin, face.across, face.up, strict=True))
            z = max(z, _NEAR)
            corners.append((view.column(x / z * FOCAL), view.row((y - view.eye) / z * FOCAL)))
    columns, rows = zip(*corners, strict=True)
    top, bottom = np.clip((min(rows) - 1, max(rows) + 2), 0, view.height).astype(int)
    left, right = np.clip((min(columns) - 1, max(columns) + 2), 0, view.width).astype(int)
    return int(top), int(bottom), int(left), int(right)


def _light(face: Face, place: _Place, normal: Field, tiles: Tiles, sun: Sun) -> Field:
    """(h, w, 4) light from a face."""
    s, t, pixel = place.s, place.t, place.pixel
    wear = sample(tiles.rough, s / 5.0 + face.origin[2], t / 5.0 + face.origin[0])
    glass = _glass(face, place)
    layers = _wall(face, place, glass) if face.kind == "wall" else [(face.material, np.ones_like(wear))]
    sun_colour, sky_colour = mix([(name, np.broadcast_to(cover, wear.shape).ravel()) for name, cover in layers])
    texture = 1.0 + 0.05 * wear
    if face.kind == "roof":
        rows = 0.5 + 0.5 * np.sin(t * np.float32(2.0 * np.pi / _TILE_ROW))
        texture = texture + 0.10 * wear - 0.30 * rows * smoothstep(0.12, 0.03, pixel)
    direct = max(float(np.dot(normal, np.array(sun.direction))), 0.0) * texture
    if face.kind == "wall" and not face.peak:
        direct = direct * smoothstep(0.0, 0.12, face.tall - 0.42 - t)  # the eave's shadow
    up = float(normal[1])
    ambient = (0.55 + 0.45 * up) * (0.6 + 0.4 * smoothstep(0.6, 3.0, t)) * texture
    light = sun_colour * direct.ravel()[:, None] + sky_colour * ambient.ravel()[:, None]
    light = light + sun_colour * (0.10 * (1.0 - abs(up)))  # lawn and road throw light back at the walls
    light = light + (glass * smoothstep(-1.5, 1.0, wear)).ravel()[:, None] * _SKY_IN_GLASS
    return np.asarray(light.reshape(*wear.shape, 4), dtype=np.float32)


def _box(s: Field, t: Field, half_s: float, half_t: float, pixel: Field) -> Field:
    """Soft-edged rectangle around (0, 0)."""
    inside = np.minimum(half_s - np.abs(s), half_t - np.abs(t))
    return np.asarray(np.clip(inside / pixel + 0.5, 0.0, 1.0), dtype=np.float32)


def _panes(face: Face, place: _Place) -> tuple[Field, Field, Field]:
    """Place relative to the middle of the nearest window, and whether a window belongs there."""
    pitch = face.long / max(round(face.long / 2.7), 1)
    floor = np.floor((place.t - 1.4) / STOREY)
    there = (floor >= 0) & ((floor + 1) * STOREY + 0.9 < face.tall)
    above = place.t - 1.4 - (floor + np.float32(0.52)) * STOREY
    return np.mod(place.s, pitch) - pitch / 2, above, there.astype(np.float32)


def _glass(face: Face, place: _Place) -> Field:
    """Where the panes of the windows are, between their bars."""
    if face.kind != "wall":
        return np.zeros_like(place.s)
    a, b, there = _panes(face, place)
    bars = _box(a, b, 0.03, 9.0, place.pixel) + _box(a, b - 0.2, 9.0, 0.03, place.pixel)
    return np.asarray(_box(a, b, 0.46, 0.68, place.pixel) * there * np.clip(1.0 - bars, 0.0, 1.0))


def _wall(face: Face, place: _Place, glass: Field) -> Layers:
    """The covers of a wall from the top one down."""
    pixel, (a, b, there) = place.pixel, _panes(face, place)
    beside, above = place.s - face.long * (0.32 if face.peak else 0.68), place.t - 2.1
    shutter = (_box(a, b, 1.02, 0.72, pixel) - _box(a, b, 0.58, 0.72, pixel)) * there
    return [
        (face.trim, _box(beside, above, 0.52, 1.05, pixel)),  # the door
        ("plaster", _box(beside, above, 0.66, 1.2, pixel)),
        ("glass", glass),
        ("plaster", _box(a, b, 0.56, 0.78, pixel) * there),
        (face.trim, np.clip(shutter, 0.0, 1.0)),
        ("concrete", smoothstep(1.45, 1.40, place.t)),
        (face.material, np.ones_like(place.s)),
    ]
