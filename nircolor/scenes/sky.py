"""The sky: scattering that turns blue to white towards the horizon, and clouds of fractal noise."""

from __future__ import annotations

import numpy as np

from nircolor.scenes.noise import Field, sample, smoothstep
from nircolor.scenes.recipes import SceneRecipe
from nircolor.scenes.spectra import AEROSOL, RAYLEIGH, palette, scattered
from nircolor.scenes.tiles import Tiles
from nircolor.scenes.view import FOCAL, Air, Sun, Viewpoint

_HAZE = 0.035  # aerosol thickness of the column above, against 0.097 of Rayleigh scattering at 550 nm
_CLOUD_BASE = 1430.0  # metres


def paint_sky(recipe: SceneRecipe, tiles: Tiles, view: Viewpoint, sun: Sun, air: Air) -> Field:
    """(H, W, 4) the sky with its clouds; rows below the horizon repeat the one on it."""
    rows = min(int(np.count_nonzero(view.v > 0.0)) + 1, view.height)
    v = np.maximum(view.v[:rows], 0.0)[:, None]
    light = np.empty((view.height, view.width, 4), np.float32)
    light[:rows] = _add_clouds(_clear_sky(view, v, sun), recipe, tiles, view, v, sun, air)
    light[rows:] = light[rows - 1]
    return light


def _clear_sky(view: Viewpoint, v: Field, sun: Sun) -> Field:
    rise = np.linspace(0.0, 1.0, 65)
    paths = [1.0 / (0.16 + 1.15 * value) for value in rise]
    table = np.stack([scattered((RAYLEIGH + _HAZE * AEROSOL) * path) for path in paths])
    slant = np.sqrt(1.0 + (view.u[None, :] ** 2 + v * v) / np.float32(FOCAL**2))
    height = v / np.float32(FOCAL) / slant
    glow = 0.62 * (1.0 + 0.25 * sun.side * view.u[None, :])
    bands = [np.interp(height, rise, table[:, band]) * glow for band in range(4)]
    return np.stack(bands, axis=-1).astype(np.float32)


def _add_clouds(sky: Field, recipe: SceneRecipe, tiles: Tiles, view: Viewpoint, v: Field, sun: Sun, air: Air) -> Field:
    """``sky`` with cumulus in front of a little cirrus."""
    cover, light = _cumulus(recipe, tiles, view, v, sun)
    table = palette("cloud")
    bright = (0.10 + 0.86 * light)[..., None] * table.sun[0] + (0.55 + 0.45 * light)[..., None] * table.sky[0]
    bright = air.veil(bright, np.broadcast_to(_CLOUD_BASE / (v + 0.075), cover.shape))
    whole = sky + 0.20 * _cirrus(recipe, tiles, view, v)[..., None] * table.sun[0]
    return np.asarray(whole + (bright - whole) * cover[..., None], dtype=np.float32)


def _cumulus(recipe: SceneRecipe, tiles: Tiles, view: Viewpoint, v: Field, sun: Sun) -> tuple[Field, Field]:
    """Cover and brightness (H, W) of the heaps: the sheet of clouds is seen from below, heaped a little."""
    x = view.u[None, :] * np.float32(0.30) / (v + np.float32(0.10)) + np.float32(tiles.origin[1])
    y = np.log(v + np.float32(0.07)) * np.float32(0.40) + np.float32(tiles.origin[0])
    dense = _density(tiles, x, y)
    body = dense - np.float32(1.0 - 1.7 * recipe.cloud)
    cover = smoothstep(-0.05, 0.55, body + 0.10 * sample(tiles.rough, x * 3.0, y * 3.0)) * smoothstep(0.0, 0.02, v)
    near, far = (
        _density(tiles, x + np.float32(step * 0.45 * sun.side), y + np.float32(step)) for step in (0.012, 0.05)
    )
    relief = 0.55 * (near - dense) + 0.40 * (far - dense)
    lit = np.clip(0.66 - relief - 0.16 * np.maximum(body, 0.0), 0.10, 1.0)
    return cover, np.asarray(lit, dtype=np.float32)


def _density(tiles: Tiles, x: Field, y: Field) -> Field:
    banks = sample(tiles.soft, x * np.float32(0.8), y * np.float32(1.0))
    return np.asarray(0.85 * banks + 0.38 * sample(tiles.billow, x, y), dtype=np.float32)


def _cirrus(recipe: SceneRecipe, tiles: Tiles, view: Viewpoint, v: Field) -> Field:
    depth = np.float32(0.5) / (v + np.float32(0.2))
    x = view.u[None, :] * depth
    streak = sample(tiles.rough, x * 0.35 + v * 0.5, v * 2.2 + x * 0.15)
    return smoothstep(0.3, 2.4, streak + recipe.cloud)
