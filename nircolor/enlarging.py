"""Colour maps at full size, without torch: ``model/guided.py``'s ``enlarge_affine`` and what follows it, band by band.

A band of rows stays in the cache from its coefficients to its colours, so that memory is passed over once. numpy and
OpenCV let other threads work meanwhile.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.ends import BLACK, DARK, WHITE, neutral_ends
from nircolor.planes import places, sampled_rows

Floats = NDArray[np.float32]

RADIUS = 2  # pixels of the small picture
SMOOTH = np.float32(1e-3)  # variance of near-infrared values below which a neighbourhood counts as flat
BAND = 1 << 15  # pixels that are worked on at once
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709


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
    count, rows = line.shape[:2]
    flat = line.reshape(count * rows, -1)
    full = cv2.resize(flat, (width, count * rows), interpolation=cv2.INTER_LINEAR) if flat.shape[1] != width else flat
    planes = np.asarray(full, np.float32).reshape(count, rows, width)
    second, first, constant, mean = planes[:3], planes[3:6], planes[6:9], planes[9:]
    rgb = _seen(second, first, constant, mean, nir[None, band])
    if light is not None:
        second, first, constant = (np.tensordot(LUMA, x, 1)[None] for x in (second, first, constant))
        rgb += _seen(second, first, constant, mean, light[None, band]) - np.tensordot(LUMA, rgb, 1)
    return np.asarray(cv2.merge(list(np.clip(rgb, 0, 1, out=rgb))))


def _seen(second: Floats, first: Floats, constant: Floats, mean: Floats, nir: Floats) -> Floats:
    """The parabolas of ``nir``, with neutral ends."""
    y = second * nir
    y += first
    y *= nir
    y += constant
    if float(nir.min()) < BLACK or float(nir.max()) > 1 - WHITE or float(mean.min()) < DARK:
        y = neutral_ends(y, nir, mean)
    return y
