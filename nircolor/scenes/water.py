"""Still water: a mirror of what stands behind it, bent by ripples, over a body that is dark beyond the visible."""

from __future__ import annotations

import numpy as np

from nircolor.scenes.canvas import Canvas
from nircolor.scenes.noise import Field, sample, smoothstep
from nircolor.scenes.spectra import palette
from nircolor.scenes.tiles import Tiles
from nircolor.scenes.view import FOCAL, Viewpoint

_INDEX = 1.33


def flood(canvas: Canvas, wet: Field, tiles: Tiles) -> None:
    """Paint water where ``wet`` (H, W) in [0, 1] says so; what it mirrors must be painted already."""
    if not np.any(wet > 0):
        return
    view = canvas.view
    distance = np.where(wet > 0, canvas.distance, 1.0)
    x = view.u[None, :] * distance / np.float32(FOCAL)
    swell, ripple = _waves(tiles, x, distance)
    mirrored = _mirror(canvas, wet, swell, ripple)
    share = fresnel(view, ripple)[..., None]
    table = palette("water")
    body = (table.sun[0] * 0.6 + table.sky[0]) * np.float32(0.8)
    light = mirrored * share + body * (1.0 - share)
    canvas.light[...] += (light - canvas.light) * wet[..., None]


def _waves(tiles: Tiles, x: Field, z: Field) -> tuple[Field, Field]:
    """Slopes of the surface: slow swell, and ripples that the wind raises in patches."""
    wind = smoothstep(-0.3, 1.3, sample(tiles.soft, x / 160.0, z / 420.0))
    swell = sample(tiles.rough, x / 34.0, z / 46.0)
    fine = sample(tiles.hair, x / (z * np.float32(1.9)), np.log(z) * np.float32(7.0))
    return swell * 0.0035, np.asarray(fine * (0.003 + 0.012 * wind), dtype=np.float32)


def _mirror(canvas: Canvas, wet: Field, swell: Field, ripple: Field) -> Field:
    """What each pixel mirrors: the picture above the nearest shore, upside down."""
    height, width = wet.shape
    rows = np.arange(height, dtype=np.int64)[:, None]
    shore = np.maximum.accumulate(np.where(wet < 0.5, rows, -1), axis=0)
    shore = np.where(shore < 0, 0, shore)
    bend = (swell + ripple) * canvas.view.scale
    total = np.zeros_like(canvas.light)
    columns = np.clip(np.rint(np.arange(width) + 0.5 * bend), 0, width - 1).astype(np.int64)
    for spread in (-1.0, 0.0, 1.0):
        lift = bend + spread * (0.35 * np.abs(bend) + 0.003 * canvas.view.scale)
        mirrored = np.rint(2 * shore - rows + 1 - lift).astype(np.int64)
        total += canvas.light[np.clip(mirrored, 0, shore), columns]
    return np.asarray(total / np.float32(3.0), dtype=np.float32)


def fresnel(view: Viewpoint, roughness: Field) -> Field:
    """(H, W) share of light that water mirrors along each line of sight (Schlick's formula)."""
    base = ((_INDEX - 1.0) / (_INDEX + 1.0)) ** 2
    slant = np.abs(view.v[:, None]) / np.float32(FOCAL)
    cosine = np.clip(slant + 0.05 + 2.0 * roughness, 0.0, 1.0)
    return np.asarray(base + (1.0 - base) * (1.0 - cosine) ** 5, dtype=np.float32)
