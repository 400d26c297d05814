"""Colour maps at full size on a CPU, whatever runs the networks: ``model/guided.py`` is the same for training and GPUs.

A band of rows stays in the cache from its coefficients to its colours, so that memory is passed over once. numpy and
OpenCV let other threads work meanwhile.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.ends import BLACK, DARK, WHITE, neutral_ends
from nircolor.planes import Places, places, sampled_rows
from nircolor.threads import spread

Floats = NDArray[np.float32]

RADIUS = 2  # pixels of the small picture
SMOOTH = np.float32(1e-3)  # variance of near-infrared values below which a neighbourhood counts as flat
BAND = 1 << 15  # pixels that are worked on at once
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)[:, None, None]  # ITU-R BT.709


def painted(maps: Floats, small: Floats, nir: Floats, light: Floats | None, threads: int) -> Floats:
    """The colours of an affine head's maps: nir (1 + gain) + offset, along the pictures' edges, with neutral ends.

    Where pictures are larger than the maps, gain and offset are lines in nir around each pixel of the small picture
    (``model/guided.py``). Multiplied out that is a parabola in nir for each colour, whose nine coefficients are made at
    the small size and enlarged.

    Args:
        maps: (b, 6, h, w), three gains, then three offsets. small: (b, h, w), the pictures that they were made from, in
            [0, 1]. nir: (b, H, W), the same pictures; where they are no larger, maps are taken as they are. light: (b,
            H, W), the same views, whose luma the colours get.

    Returns:
        (b, H, W, 3), in [0, 1].
    """
    count, height, width = nir.shape
    guided, rgb = small.shape != nir.shape, np.empty((*nir.shape, 3), np.float32)
    parts = [coefficients(*one, guided, threads) for one in zip(maps, small, strict=True)]
    down, rows = places(small.shape[1], height), max(1, BAND // width)

    def paint(bands: list[tuple[int, int]]) -> None:
        for i, top in bands:
            band = slice(top, min(top + rows, height))
            lit = None if light is None else light[i, band]
            cv2.merge(_band(parts[i], down.part(band), nir[i, band], lit), rgb[i, band])

    spread(paint, [(i, top) for i in range(count) for top in range(0, height, rows)], threads)
    return rgb


def coefficients(maps: Floats, small: Floats, guided: bool, threads: int = 1) -> Floats:
    """(10, h, w): for red, green and blue the second, first and constant coefficient of a parabola in nir, then the
    mean around each pixel. Not ``guided``: the maps are no lines in nir, but numbers."""
    mean = local_mean(small)
    if not guided:
        return np.concatenate([np.zeros_like(maps[:3]), 1 + maps[:3], maps[3:], mean[None]])
    slope, level = lines(maps, small, threads)
    return np.concatenate([slope[:3], 1 + level[:3] + slope[3:], level[3:], mean[None]])


def lines(maps: Floats, small: Floats, threads: int = 1) -> tuple[Floats, Floats]:
    """Slope and level, (C, h, w) each, of the lines in ``small`` (h, w) that maps (C, h, w) are around each pixel."""
    mean, (slopes, levels) = local_mean(small), np.empty((2, *maps.shape), np.float32)
    variance = local_mean(small * small) - mean * mean + SMOOTH

    def fit(channels: list[int]) -> None:
        for c in channels:
            mean_map = local_mean(maps[c])
            slope = np.asarray((local_mean(small * maps[c]) - mean * mean_map) / variance, np.float32)
            slopes[c], levels[c] = local_mean(slope), local_mean(mean_map - slope * mean)

    spread(fit, range(len(maps)), threads)
    return slopes, levels


def local_mean(x: Floats) -> Floats:
    """(h, w), of the square of ``RADIUS`` around each pixel; borders are replicated."""
    side = 2 * RADIUS + 1
    return np.asarray(cv2.blur(x, (side, side), borderType=cv2.BORDER_REPLICATE))


def _band(parts: Floats, down: Places, nir: Floats, light: Floats | None) -> list[Floats]:
    """Red, green and blue of the rows that lie at ``down`` of the small picture: (rows, W) each."""
    (rows, width), line = nir.shape, sampled_rows(parts, down)  # (10, rows, w)
    flat = line.reshape(len(parts) * rows, -1)
    full = cv2.resize(flat, (width, len(flat)), interpolation=cv2.INTER_LINEAR) if flat.shape[1] != width else flat
    planes = np.asarray(full, np.float32).reshape(len(parts), rows, width)
    second, first, constant, mean = planes[:3], planes[3:6], planes[6:9], planes[9:]
    seen = nir[None]
    rgb = _parabola(second, first, constant, seen)
    if light is not None:
        seen = light[None]
        rgb += ((_parabola(second, first, constant, seen) - rgb) * LUMA).sum(0)
    if float(seen.min()) < BLACK or float(seen.max()) > 1 - WHITE or float(mean.min()) < DARK:
        rgb = neutral_ends(rgb, seen, mean)
    return list(np.clip(rgb, 0, 1, out=rgb))


def _parabola(second: Floats, first: Floats, constant: Floats, nir: Floats) -> Floats:
    y = second * nir
    y += first
    y *= nir
    y += constant
    return y
