"""Numba kernels of the guided filter: maps fitted as lines at the small size, enlarged at the large one, row by row.

Arithmetic is in float32. The kernels release the GIL and own no threads (``nircolor.scan.pool`` does). Compiled on
first use, then cached on disk.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nircolor.scan.arithmetic import F, jit

RED, GREEN, BLUE = F(0.2126), F(0.7152), F(0.0722)  # luma, ITU-R BT.709
FAST = {"contract", "nsz", "reassoc", "arcp"}


@jit(FAST)
def box_mean(x: Any, radius: Any, out: Any) -> None:
    """Mean of (h, w) over the square of ``radius`` around each pixel, borders replicated, into ``out``."""
    height, width = x.shape
    line = np.empty(width + 2 * radius, np.float32)
    share = F(1) / F((2 * radius + 1) ** 2)
    for y in range(height):
        line[:] = F(0)
        for dy in range(-radius, radius + 1):
            row = x[min(max(y + dy, 0), height - 1)]
            for i in range(width):
                line[radius + i] += row[i]
        line[:radius] = line[radius]
        line[radius + width :] = line[radius + width - 1]
        for i in range(width):
            total = F(0)
            for dx in range(2 * radius + 1):
                total += line[i + dx]
            out[y, i] = total * share


@jit(FAST)
def fit(map: Any, small: Any, mean: Any, variance: Any, radius: Any, slope: Any, level: Any) -> None:
    """One map (h, w) as a line in the small picture around each pixel: ``slope`` and ``level``, (h, w).

    mean, variance: of the small picture; the variance with what counts as flat added.
    """
    height, width = map.shape
    raw, mean_map = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    box_mean(map, radius, mean_map)
    for y in range(height):
        for x in range(width):
            raw[y, x] = small[y, x] * map[y, x]
    box_mean(raw, radius, slope)
    for y in range(height):
        for x in range(width):
            raw[y, x] = (slope[y, x] - mean[y, x] * mean_map[y, x]) / variance[y, x]
            mean_map[y, x] -= raw[y, x] * mean[y, x]
    box_mean(raw, radius, slope)
    box_mean(mean_map, radius, level)


@jit(FAST)
def places(size: Any, full: Any) -> Any:
    """For each of ``full`` samples: which two of ``size`` it lies between, and the share of the second."""
    first, second = np.empty(full, np.int32), np.empty(full, np.int32)
    share = np.empty(full, np.float32)
    for i in range(full):
        at = max((i + 0.5) * size / full - 0.5, 0.0)
        first[i] = int(at)
        second[i] = min(first[i] + 1, size - 1)
        share[i] = at - first[i]
    return first, second, share


@jit(FAST)
def rows_of(parts: Any, nir: Any, light: Any, first: Any, last: Any, rgb: Any, mean: Any) -> None:
    """Rows ``first`` to ``last`` of the large picture.

    parts: (10, h, w), for red, green and blue the second, first and constant coefficient of the parabola in nir, then
    the small picture's mean. nir: (H, W). light: (H, W), whose luma the colours get, or (0, 0): that of nir. Into rgb
    (H, W, 3) and mean (H, W).
    """
    height, width = nir.shape
    top, bottom, down = places(parts.shape[1], height)
    left, right, along = places(parts.shape[2], width)
    line, full = np.empty(parts.shape[2], np.float32), np.empty((10, width), np.float32)
    for y in range(first, last):
        for c in range(10):
            upper, lower, share = parts[c, top[y]], parts[c, bottom[y]], down[y]
            for x in range(line.shape[0]):
                line[x] = upper[x] + (lower[x] - upper[x]) * share
            for x in range(width):
                full[c, x] = line[left[x]] + (line[right[x]] - line[left[x]]) * along[x]
        for c in range(3):
            for x in range(width):
                rgb[y, x, c] = (full[c, x] * nir[y, x] + full[3 + c, x]) * nir[y, x] + full[6 + c, x]
        if light.shape[0]:
            relight(full, nir[y], light[y], rgb[y])
        mean[y] = full[9]


@jit(FAST)
def relight(full: Any, nir: Any, light: Any, rgb: Any) -> None:
    """The luma of one row (width, 3) becomes the one that its parabolas give ``light`` in the place of ``nir``."""
    for x in range(nir.shape[0]):
        step, total = light[x] - nir[x], light[x] + nir[x]
        red = full[0, x] * total + full[3, x]
        green = full[1, x] * total + full[4, x]
        blue = full[2, x] * total + full[5, x]
        more = step * (RED * red + GREEN * green + BLUE * blue)
        for c in range(3):
            rgb[x, c] += more
