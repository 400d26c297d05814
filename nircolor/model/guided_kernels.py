"""Numba kernels of the guided filter: maps fitted as lines at the small size, enlarged at the large one, row by
row, with neutral ends.

Arithmetic is in float32. The kernels release the GIL and own no threads (``nircolor.scan.pool`` does). Compiled on
first use, then cached on disk.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nircolor.ends import BLACK, DARK, WHITE
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
        out[y] = F(0)
        for dx in range(2 * radius + 1):  # outside, so that columns go together
            for i in range(width):
                out[y, i] += line[i + dx]
        for i in range(width):
            out[y, i] *= share


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
def rows_of(parts: Any, nir: Any, light: Any, first: Any, last: Any, rgb: Any) -> None:
    """Rows ``first`` to ``last`` of the large picture, into rgb (H, W, 3).

    parts: (10, h, w), for red, green and blue the second, first and constant coefficient of the parabola in nir, then
    the small picture's mean. nir: (H, W). light: (H, W), whose luma the colours get, or (0, 0): that of nir.
    """
    height, width = nir.shape
    top, bottom, down = places(parts.shape[1], height)
    left, right, along = places(parts.shape[2], width)
    wide, held = np.empty((2, 10, width), np.float32), np.full(2, -1)  # rows of the small picture, enlarged sideways
    full, shown = np.empty((10, width), np.float32), np.empty((3, width), np.float32)
    for y in range(first, last):
        for row in (top[y], bottom[y]):
            if held[row % 2] != row:
                held[row % 2] = row
                enlarge_sideways(parts[:, row], left, right, along, wide[row % 2])
        upper, lower, share = wide[top[y] % 2], wide[bottom[y] % 2], down[y]
        for c in range(10):
            for x in range(width):
                full[c, x] = upper[c, x] + (lower[c, x] - upper[c, x]) * share
        for c in range(3):
            for x in range(width):
                shown[c, x] = (full[c, x] * nir[y, x] + full[3 + c, x]) * nir[y, x] + full[6 + c, x]
        finish(shown, nir[y], full[9], rgb[y])
        if light.shape[0]:
            relight(full, light[y], rgb[y])


@jit(FAST)
def enlarge_sideways(rows: Any, left: Any, right: Any, along: Any, wide: Any) -> None:
    """(10, w) -> (10, W)."""
    for c in range(10):
        for x in range(along.shape[0]):
            wide[c, x] = rows[c, left[x]] + (rows[c, right[x]] - rows[c, left[x]]) * along[x]


@jit(FAST)
def finish(shown: Any, nir: Any, mean: Any, rgb: Any) -> None:
    """One row (3, width) -> (width, 3), the ends of the range neutral: ``ends.neutral_ends``."""
    for x in range(nir.shape[0]):
        share = known(nir[x], mean[x])
        for c in range(3):
            rgb[x, c] = nir[x] + (shown[c, x] - nir[x]) * share


@jit(FAST)
def relight(full: Any, light: Any, rgb: Any) -> None:
    """The luma of one row (width, 3) becomes the one that the row would have of ``light``."""
    for x in range(light.shape[0]):
        second = RED * full[0, x] + GREEN * full[1, x] + BLUE * full[2, x]
        first = RED * full[3, x] + GREEN * full[4, x] + BLUE * full[5, x]
        own = (second * light[x] + first) * light[x] + RED * full[6, x] + GREEN * full[7, x] + BLUE * full[8, x]
        own = light[x] + (own - light[x]) * known(light[x], full[9, x])
        more = own - (RED * rgb[x, 0] + GREEN * rgb[x, 1] + BLUE * rgb[x, 2])
        for c in range(3):
            rgb[x, c] += more


@jit(FAST)
def known(nir: Any, mean: Any) -> Any:
    """1 where a value of ``nir`` in its neighbourhood can have a colour, 0 where it cannot."""
    return ramp(nir / F(BLACK)) * ramp((F(1) - nir) / F(WHITE)) * ramp(mean / F(DARK))


@jit(FAST)
def ramp(x: Any) -> Any:
    x = min(max(x, F(0)), F(1))
    return x * x * (F(3) - F(2) * x)
