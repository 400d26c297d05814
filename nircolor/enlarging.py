"""Colour maps at full size on a CPU, whatever runs the networks: ``model/guided.py`` is the same for training and GPUs.

A band of rows stays in the cache from its coefficients to its colours, so that memory is passed over once. numpy and
OpenCV let other threads work meanwhile.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.ends import BLACK, DARK, WHITE, known, neutral_ends
from nircolor.planes import Places, places, sampled_columns, sampled_rows
from nircolor.threads import spread

Floats = NDArray[np.float32]

RADIUS = 2  # pixels of the small picture
SMOOTH = np.float32(1e-3)  # variance of near-infrared values below which a neighbourhood counts as flat
BAND = 1 << 15  # pixels that are worked on at once
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709


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
    rgb = _tint(second, first, constant, nir)
    if light is not None:
        rgb += _tint(_luma(second), _luma(first), _luma(constant), light) - _luma(rgb)
    return np.clip(rgb, 0, 1, out=rgb)


def _tint(second: Floats, first: Floats, constant: Floats, nir: Floats) -> Floats:
    """``nir``, and as far from it as the parabolas of it say, with neutral ends."""
    y = _parabola(second, first, constant, nir)
    if float(nir.min()) < BLACK or float(nir.max()) > 1 - WHITE:
        y *= known(nir)
    y += nir
    return y


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
    planes = _wide(sampled_rows(parts, down), nir.shape[1])  # (10, rows, W)
    second, first, constant, mean = planes[:3], planes[3:6], planes[6:9], planes[9:]
    rgb = _seen(second, first, constant, mean, nir[None])
    if light is not None:
        rgb += _seen(_luma(second), _luma(first), _luma(constant), mean, light[None]) - _luma(rgb)
    return list(np.clip(rgb, 0, 1, out=rgb))


def _wide(lines: Floats, width: int, columns: Places | None = None) -> Floats:
    """(C, rows, w) -> (C, rows, width): all of them, which OpenCV is quicker at, or the ``columns`` of a part."""
    if columns is not None:
        return sampled_columns(lines, columns)
    count, rows = lines.shape[:2]
    flat = lines.reshape(count * rows, -1)
    full = cv2.resize(flat, (width, count * rows), interpolation=cv2.INTER_LINEAR) if flat.shape[1] != width else flat
    return np.asarray(full, np.float32).reshape(count, rows, width)


def _seen(second: Floats, first: Floats, constant: Floats, mean: Floats, nir: Floats) -> Floats:
    """The parabolas of ``nir``, with neutral ends."""
    y = _parabola(second, first, constant, nir)
    if float(nir.min()) < BLACK or float(nir.max()) > 1 - WHITE or float(mean.min()) < DARK:
        y = neutral_ends(y, nir, mean)
    return y


def _luma(rgb: Floats) -> Floats:
    """(3, h, w) -> (1, h, w)."""
    return np.tensordot(LUMA, rgb, 1)[None]


def _parabola(second: Floats, first: Floats, constant: Floats, nir: Floats) -> Floats:
    y = second * nir
    y += first
    y *= nir
    y += constant
    return y
