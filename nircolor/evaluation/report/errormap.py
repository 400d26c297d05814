"""Where a prediction is wrong, and how much: CIEDE2000 of every pixel on one fixed scale of colours.

The scale is the same for all pictures and methods, so that maps can be compared. Source of the measure: Sharma, Wu,
Dalal, "The CIEDE2000 color-difference formula", 2005, as scikit-image computes it (D65, 2 degree observer).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

FULL = 30.0
"""The difference that gets the last colour of the scale; larger ones get it too."""


def colours(difference: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W) CIEDE2000 -> (H, W, 3) sRGB: OpenCV's Inferno, whose lightness rises evenly; black is no difference."""
    steps = np.rint(np.clip(np.nan_to_num(difference) / FULL, 0, 1) * 255).astype(np.uint8)
    mapped = cv2.applyColorMap(steps.reshape(-1, 1), cv2.COLORMAP_INFERNO)  # (H W, 1, 3), blue first
    return np.ascontiguousarray(mapped[:, 0, ::-1]).reshape(*difference.shape, 3)
