"""How one look at a picture differs from another: by its exposure, by what has moved, or by being of another scene.

Looks are (b, 1, h, w) of NIR in [0, 1]. What an exposure does to a whole frame is no motion, so it is taken out first.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.planes import area_mean
from nircolor.video.colours.damping import Damping

Floats = NDArray[np.float32]

DARK, BLOWN = 0.03, 0.97  # values beyond tell nothing of an exposure
MOST_GAIN = 8.0
QUIET = 0.2  # share of a look that is taken for noise alone
MARGIN, MOST_NOISE = 1.5, 0.03  # of neighbourhoods of noise few vary more than this, in variances; standard deviation
EXPLAINED = 0.9  # share of the difference that is left at most where a shift explains it
MOST_MOTION = 9.0  # beyond, weights would be denormal numbers, which take long
STEP = 4  # pixels between those that an exposure is measured at


def exposure(past: Floats, now: Floats) -> float:
    """How many times brighter the scene is taken now: the median of what is neither black nor blown in either look."""
    before, after = past[..., ::STEP, ::STEP], now[..., ::STEP, ::STEP]
    known = (np.minimum(before, after) > DARK) & (np.maximum(before, after) < BLOWN)
    gains = after[known] / before[known] if known.any() else now.mean(keepdims=True) / max(past.mean(), 1e-3)
    return min(max(_least(gains, 0.5), 1 / MOST_GAIN), MOST_GAIN)


def difference(past: Floats, now: Floats) -> Floats:
    """(b, 1, h, w): ``past``, as it would look at the exposure of ``now``, less ``now``."""
    gain = exposure(past, now)
    found = np.minimum(past * np.float32(gain), 1) - now
    return np.asarray(np.where(past > BLOWN, found.clip(0), found) if gain < 1 else found, np.float32)


def moved(past: Floats, now: Floats, window: int) -> Floats:
    """(b, 1, h, w): difference around each pixel, less what noise makes: of means, which a shade changes, or of single
    pixels, which a texture changes that moves."""
    found = difference(past, now)
    mean, square = _mean(found, window), _mean(found * found, window)
    own = _mean(now * now, window) - _mean(now, window) ** 2
    noise = min(_quietest(square[..., ::STEP, ::STEP]), 2 * _quietest(own[..., ::STEP, ::STEP]))
    motion: Floats = np.sqrt(np.maximum(mean * mean, square - np.float32(MARGIN * noise)).clip(0))
    return motion


def _quietest(variance: Floats) -> float:
    """Variance of noise, as neighbourhoods show it that differ the least: from frame to frame, since something stays
    as it is, or within a frame, since something is flat. Each alone takes some texture for noise.
    """
    return min(max(_least(variance, QUIET), 0.0), MOST_NOISE**2)


def _least(values: Floats, share: float) -> float:
    """The largest of a share of the values, the least ones."""
    flat = values.reshape(-1)
    at = max(0, math.ceil(share * len(flat)) - 1)
    return float(np.partition(flat, at)[at])


def shift(past: Floats, now: Floats) -> float:
    """How many pixels of looks (1, 1, h, w) the whole picture has moved, by phase correlation; 0 where that explains
    little of how they differ, since an object that passes or mere noise have their peaks, too."""
    before, after = (past * np.float32(exposure(past, now)))[0, 0], now[0, 0]
    size = (before.shape[1], before.shape[0])
    window = cv2.createHanningWindow(size, cv2.CV_32F)
    (across, down), _ = cv2.phaseCorrelate(before.copy(), after.copy(), window)  # which multiplies them in their places
    there = np.array([[1, 0, across], [0, 1, down]], np.float32)
    aligned = cv2.warpAffine(before, there, size, borderMode=cv2.BORDER_REPLICATE)
    explains = np.square(aligned - after).mean() < EXPLAINED * np.square(before - after).mean()
    return math.hypot(across, down) if explains else 0.0


def _mean(x: Floats, window: int) -> Floats:
    """Of the square around each pixel, as much of it as lies within."""
    sums = [_sum(one[0], window) for one in x]
    return np.stack(sums)[:, None] / _sum(np.ones(x.shape[-2:], np.float32), window)


def _sum(x: Floats, window: int) -> Floats:
    beyond = cv2.BORDER_CONSTANT  # zeros
    return np.asarray(cv2.boxFilter(x, -1, (window, window), normalize=False, borderType=beyond))


def stillness(motion: Floats, damping: Damping) -> Floats:
    """What ``moved`` says -> 1 where nothing has moved, 0 where something has."""
    still: Floats = np.exp(-(np.minimum(motion / np.float32(damping.motion), np.float32(MOST_MOTION)) ** 2))
    return still


def change(past: Floats, now: Floats, grid: int) -> float:
    """Mean difference, in patches large enough for a moving camera to matter little."""
    return float(np.abs(area_mean(difference(past, now), (grid, grid))).mean())


def shrink(look: Floats, size: tuple[int, ...]) -> Floats:
    """``look`` at another size (..., h, w)."""
    return area_mean(look, (size[-2], size[-1]))
