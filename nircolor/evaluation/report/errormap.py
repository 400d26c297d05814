"""Where a prediction is wrong, and how much: CIEDE2000 of every pixel on one fixed scale of colours.

The scale is the same for all pictures and methods, so that maps can be compared. Source of the measure: Sharma, Wu,
Dalal, "The CIEDE2000 color-difference formula", 2005, as scikit-image computes it (D65, 2 degree observer).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FULL = 30.0
"""The difference that gets the last colour of the scale; larger ones get it too."""
_WIDTH, _STOPS, _TICK = 300, 16, 5


def colours(difference: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W) CIEDE2000 -> (H, W, 3) sRGB: OpenCV's Inferno, whose lightness rises evenly; black is no difference."""
    steps = np.rint(np.clip(np.nan_to_num(difference) / FULL, 0, 1) * 255).astype(np.uint8)
    mapped = cv2.applyColorMap(steps.reshape(-1, 1), cv2.COLORMAP_INFERNO)  # (H W, 1, 3), blue first
    return np.ascontiguousarray(mapped[:, 0, ::-1]).reshape(*difference.shape, 3)


@dataclass(frozen=True)
class Scale:
    """The legend: a colour bar of ``width``, with its ticks and their labels. ``stops``: (share, #rrggbb)."""

    full: str
    width: int
    stops: Sequence[tuple[str, str]]
    ticks: Sequence[tuple[str, str]]


def scale() -> Scale:
    """From no difference to ``FULL`` and more."""
    positions = np.linspace(0, 1, _STOPS, dtype=np.float32)
    rgb = colours((positions * np.float32(FULL))[None])[0]
    stops = [(f"{p:.4f}", f"#{r:02x}{g:02x}{b:02x}") for p, (r, g, b) in zip(positions, rgb, strict=True)]
    values = range(0, int(FULL) + 1, _TICK)
    ticks = [(f"{value / FULL * _WIDTH:.1f}", f"{value}{'+' if value == FULL else ''}") for value in values]
    return Scale(f"{FULL:.0f}", _WIDTH, stops, ticks)
