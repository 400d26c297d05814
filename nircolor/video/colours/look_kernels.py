"""Numba kernels of looks at frames: what is in the neighbourhood of each pixel, in one pass over memory.

Arithmetic is in float32. Compiled on first use, then cached on disk.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nircolor.scan.arithmetic import F, jit

FAST = {"contract", "nsz", "reassoc", "arcp"}


@jit(FAST)
def differences(past: Any, now: Any, gain: Any, blown: Any, found: Any) -> None:
    """``look.difference`` of (h, w), into ``found``; a past above ``blown`` tells only that the present is brighter."""
    for y in range(now.shape[0]):
        for x in range(now.shape[1]):
            off = min(past[y, x] * gain, F(1)) - now[y, x]
            found[y, x] = max(off, F(0)) if gain < F(1) and past[y, x] > blown else off


@jit(FAST)
def neighbourhoods(x: Any, radius: Any, step: Any, mean: Any, square: Any) -> None:
    """Of every ``step``-th row and column of x (h, w): mean and mean square of the square of ``radius`` around it, as
    far as the picture goes."""
    height, width = x.shape
    total, squares = np.empty(width, np.float32), np.empty(width, np.float32)
    for y in range(0, height, step):
        first, last = max(y - radius, 0), min(y + radius + 1, height)
        total[:] = F(0)
        squares[:] = F(0)
        for row in range(first, last):
            for i in range(width):
                total[i] += x[row, i]
                squares[i] += x[row, i] * x[row, i]
        for i in range(0, width, step):
            left, right = max(i - radius, 0), min(i + radius + 1, width)
            one, two = F(0), F(0)
            for j in range(left, right):
                one += total[j]
                two += squares[j]
            share = F(1) / F((last - first) * (right - left))
            mean[y // step, i // step] = one * share
            square[y // step, i // step] = two * share


@jit(FAST)
def beyond(mean: Any, square: Any, noise: Any, motion: Any) -> None:
    """How far a difference is from what noise of this variance makes, (h, w)."""
    for y in range(mean.shape[0]):
        for x in range(mean.shape[1]):
            level = mean[y, x] * mean[y, x]
            motion[y, x] = np.sqrt(max(max(level, square[y, x] - noise), F(0)))
