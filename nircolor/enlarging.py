"""Colour maps at full size, without torch: ``model/guided.py``'s ``enlarge_affine`` and what follows it, band by band.

A band of rows stays in the cache from its coefficients to its colours, so that memory is passed over once. numpy and
OpenCV let other threads work meanwhile.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.ends import BLACK, DARK, WHITE, known, neutral_ends
from nircolor.planes import Places, places, sampled_columns, sampled_rows

Floats = NDArray[np.float32]

RADIUS = 2  # pixels of the small picture
SMOOTH = np.float32(1e-3)  # variance of near-infrared values below which a neighbourhood counts as flat
BAND = 1 << 15  # pixels that are worked on at once
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)[:, None, None]  # ITU-R BT.709


def painted(maps: Floats, small: Floats, nir: Floats, light: Floats | None = None) -> Floats:
    """The colours of an affine head's maps: nir (1 + gain) + offset, along the picture's edges, with neutral ends.

    Args:
        maps: (6, h, w), three gains, then three offsets. small: (h, w), the picture that they were made from, in
            [0, 1]. nir: (H, W), the same picture; where it is no larger, maps are taken as they are. light: (H, W), the
            same view, whose luma the colours get.

    Returns:
        (H, W, 3), in [0, 1].
    """
    parts = coefficients(maps, small, small.shape != nir.shape)
    rgb = np.empty((*nir.shape, 3), np.float32)
    rows = max(1, BAND // nir.shape[1])
    for top in range(0, len(nir), rows):
        band = slice(top, min(top + rows, len(nir)))
        rgb[band] = _band(parts, band, nir, light)
    return rgb


def tinted(
    parts: Floats, view: tuple[float, float, float, float], nir: Floats, light: Floats | None, rgb: Floats
) -> None:
    """Fill ``rgb`` (H, W, 3), in [0, 1], with the colours of an ``Edge`` (``model/edge.py``): as far from grey as a
    parabola in nir says.

    Args:
        parts: (9, h, w), the second, first and constant coefficients for red, green and blue, of a whole picture. view:
            top, left, bottom, right of what nir shows of it, in fractions. nir, light: (H, W), as ``painted`` takes.
    """
    top, left, bottom, right = view
    lines = places(parts.shape[1], len(nir), top, bottom)
    columns = None if (left, right) == (0, 1) else places(parts.shape[2], nir.shape[1], left, right)
    rows = max(1, BAND // nir.shape[1])
    for start in range(0, len(nir), rows):
        band = slice(start, min(start + rows, len(nir)))
        planes = _wide(sampled_rows(parts, lines.part(band)), nir.shape[1], columns)
        colours = _tinted_band(planes, nir[None, band], None if light is None else light[None, band])
        cv2.merge(list(colours), rgb[band])


def _tinted_band(planes: Floats, nir: Floats, light: Floats | None) -> Floats:
    """(3, rows, W)."""
    second, first, constant = planes[:3], planes[3:6], planes[6:]
    seen, away = nir, _parabola(second, first, constant, nir)
    if light is not None:
        other = light - nir + _parabola(second, first, constant, light) - away
        away += (other * LUMA).sum(0) + (nir - light)
        seen = light
    if float(seen.min()) < BLACK or float(seen.max()) > 1 - WHITE:
        away *= known(seen)
    away += seen
    return np.clip(away, 0, 1, out=away)


def coefficients(maps: Floats, small: Floats, guided: bool) -> Floats:
    """(10, h, w): for red, green and blue the second, first and constant coefficient of a parabola in nir, then the
    mean around each pixel. Not ``guided``: the maps are no lines in nir, but numbers."""
    mean = local_mean(small)
    if not guided:
        return np.concatenate([np.zeros_like(maps[:3]), 1 + maps[:3], maps[3:], mean[None]])
    slope, level = lines(maps, small)
    return np.concatenate([slope[:3], 1 + level[:3] + slope[3:], level[3:], mean[None]])


def lines(maps: Floats, small: Floats) -> tuple[Floats, Floats]:
    """Slope and level, (C, h, w) each, of the lines in ``small`` (h, w) that maps (C, h, w) are around each pixel."""
    mean = local_mean(small)
    variance = local_mean(small * small) - mean * mean + SMOOTH
    slopes, levels = [], []
    for one in maps:
        mean_map = local_mean(one)
        slope = np.asarray((local_mean(small * one) - mean * mean_map) / variance, np.float32)
        slopes.append(local_mean(slope))
        levels.append(local_mean(mean_map - slope * mean))
    return np.stack(slopes), np.stack(levels)


def local_mean(x: Floats) -> Floats:
    """(h, w), of the square of ``RADIUS`` around each pixel; borders are replicated."""
    side = 2 * RADIUS + 1
    return np.asarray(cv2.blur(x, (side, side), borderType=cv2.BORDER_REPLICATE))


def _band(parts: Floats, band: slice, nir: Floats, light: Floats | None) -> Floats:
    """(rows, W, 3)."""
    height, width = nir.shape
    line = sampled_rows(parts, places(parts.shape[1], height).part(band))  # (10, rows, w)
    planes = _wide(line, width)
    second, first, constant, mean = planes[:3], planes[3:6], planes[6:9], planes[9:]
    seen = nir[None, band]
    rgb = _parabola(second, first, constant, seen)
    if light is not None:
        seen = light[None, band]
        rgb += ((_parabola(second, first, constant, seen) - rgb) * LUMA).sum(0)
    if float(seen.min()) < BLACK or float(seen.max()) > 1 - WHITE or float(mean.min()) < DARK:
        rgb = neutral_ends(rgb, seen, mean)
    return np.asarray(cv2.merge(list(np.clip(rgb, 0, 1, out=rgb))))


def _wide(lines: Floats, width: int, columns: Places | None = None) -> Floats:
    """(C, rows, w) -> (C, rows, width): all of them, which OpenCV is quicker at, or the ``columns`` of a part."""
    if columns is not None:
        return sampled_columns(lines, columns)
    count, rows = lines.shape[:2]
    flat = lines.reshape(count * rows, -1)
    full = cv2.resize(flat, (width, count * rows), interpolation=cv2.INTER_LINEAR) if flat.shape[1] != width else flat
    return np.asarray(full, np.float32).reshape(count, rows, width)


def _parabola(second: Floats, first: Floats, constant: Floats, nir: Floats) -> Floats:
    y = second * nir
    y += first
    y *= nir
    y += constant
    return y
