"""How one look at a picture differs from another: by its exposure, by what has moved, or by being of another scene.

Looks are (b, 1, h, w) of NIR in [0, 1]. What an exposure does to a whole frame is no motion, so it is taken out first.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nircolor.video.colours import look_kernels as kernels
from nircolor.video.colours.damping import Damping

DARK, BLOWN = 0.03, 0.97  # values beyond tell nothing of an exposure
MOST_GAIN = 8.0
QUIET = 0.2  # share of a look that is taken for noise alone
MARGIN, MOST_NOISE = 1.5, 0.03  # of neighbourhoods of noise few vary more than this, in variances; standard deviation
EXPLAINED = 0.9  # share of the difference that is left at most where a shift explains it
MOST_MOTION = 9.0  # beyond, weights would be denormal numbers, which take long
STEP = 4  # pixels between those that an exposure is measured at


def exposure(past: Tensor, now: Tensor) -> float:
    """How many times brighter the scene is taken now: the median of what is neither black nor blown in either look."""
    before, after = past[..., ::STEP, ::STEP], now[..., ::STEP, ::STEP]
    known = (before.minimum(after) > DARK) & (before.maximum(after) < BLOWN)
    if not known.any():
        before, after = past.mean(), now.mean()
        return float((after / before.clamp(min=1e-3)).clamp(1 / MOST_GAIN, MOST_GAIN))
    return float((after[known] / before[known]).median().clamp(1 / MOST_GAIN, MOST_GAIN))


def difference(past: Tensor, now: Tensor) -> Tensor:
    """(b, 1, h, w): ``past``, as it would look at the exposure of ``now``, less ``now``."""
    gain = exposure(past, now)
    found = (past * gain).clamp(max=1) - now
    return torch.where(past > BLOWN, found.clamp(min=0), found) if gain < 1 else found


def moved(past: Tensor, now: Tensor, window: int, kernel: str = "auto") -> Tensor:
    """(b, 1, h, w): difference around each pixel, less what noise makes: of means, which a shade changes, or of single
    pixels, which a texture changes that moves. ``kernel``: ``numba``, of one pair on a CPU; ``reference``; ``auto``:
    numba where it can."""
    if kernel == "reference" or (kernel == "auto" and (len(now) > 1 or now.device.type != "cpu")):
        return moved_reference(past, now, window)
    before, after = (look[0, 0].float().contiguous().numpy() for look in (past, now))
    found, mean, square = (np.empty_like(after) for _ in range(3))
    kernels.differences(before, after, np.float32(exposure(past, now)), np.float32(BLOWN), found)
    kernels.neighbourhoods(found, window // 2, 1, mean, square)
    own, own_square = (np.empty_like(after[::STEP, ::STEP]) for _ in range(2))
    kernels.neighbourhoods(after, window // 2, STEP, own, own_square)
    noise = min(_quietest(square[::STEP, ::STEP]), 2 * _quietest(own_square - own * own))
    kernels.beyond(mean, square, np.float32(MARGIN * noise), found)
    return torch.from_numpy(found)[None, None]


def moved_reference(past: Tensor, now: Tensor, window: int) -> Tensor:
    """``moved`` in plain torch, of any number of pairs, on any device."""
    found = difference(past, now)
    mean, square = _mean(found, window), _mean(found * found, window)
    own = _mean(now * now, window) - _mean(now, window) ** 2
    noise = min(_quietest(x[..., ::STEP, ::STEP].cpu().numpy()) * factor for x, factor in ((square, 1), (own, 2)))
    return torch.maximum(mean * mean, square - MARGIN * noise).clamp(min=0).sqrt()


def _quietest(variance: NDArray[np.float32]) -> float:
    """Variance of noise, as neighbourhoods show it that differ the least: from frame to frame, since something stays
    as it is, or within a frame, since something is flat. Each alone takes some texture for noise.
    """
    few = max(1, round(QUIET * variance.size)) - 1
    return float(np.clip(np.partition(variance, few, None)[few], 0, MOST_NOISE**2))


def shift(past: Tensor, now: Tensor) -> float:
    """How many pixels of looks (1, 1, h, w) the whole picture has moved, by phase correlation; 0 where that explains
    little of how they differ, since an object that passes or mere noise have their peaks, too."""
    before, after = (look[0, 0].float().cpu().numpy() for look in (past * exposure(past, now), now))
    size = (before.shape[1], before.shape[0])
    window = cv2.createHanningWindow(size, cv2.CV_32F)
    (across, down), _ = cv2.phaseCorrelate(before.copy(), after.copy(), window)  # which multiplies them in their places
    there = np.array([[1, 0, across], [0, 1, down]], np.float32)
    aligned = cv2.warpAffine(before, there, size, borderMode=cv2.BORDER_REPLICATE)
    explains = np.square(aligned - after).mean() < EXPLAINED * np.square(before - after).mean()
    return math.hypot(across, down) if explains else 0.0


def _mean(x: Tensor, window: int) -> Tensor:
    return F.avg_pool2d(x, window, stride=1, padding=window // 2, count_include_pad=False)


def stillness(motion: Tensor, damping: Damping) -> Tensor:
    """What ``moved`` says -> 1 where nothing has moved, 0 where something has."""
    return torch.exp(-(motion / damping.motion).clamp(max=MOST_MOTION).square())


def change(past: Tensor, now: Tensor, grid: int) -> float:
    """Mean difference, in patches large enough for a moving camera to matter little."""
    return float(F.adaptive_avg_pool2d(difference(past, now), grid).abs().mean())


def shrink(look: Tensor, size: tuple[int, ...]) -> Tensor:
    """``look`` at another size (..., h, w), in float32."""
    return F.adaptive_avg_pool2d(look.float(), (size[-2], size[-1]))
