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

_BLOCK = 1 << 18  # pixels at a time: CIEDE2000 needs some twenty temporaries of the size of its input


def differences(prediction: NDArray[np.float32], truth: NDArray[np.float32]) -> NDArray[np.float32]:
    """CIEDE2000 (H, W), 0 and up, of two sRGB pictures (H, W, 3) in [0, 1]; rows in blocks, to bound memory."""
    height, width = truth.shape[:2]
    result = np.empty((height, width), np.float32)
    step = max(_BLOCK // width, 1)
    for top in range(0, height, step):
        rows = slice(top, top + step)
        result[rows] = _difference(prediction[rows], truth[rows])
    return result


def colours(difference: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W) CIEDE2000 -> (H, W, 3) sRGB: OpenCV's Inferno, whose lightness rises evenly; black is no difference."""
    steps = np.rint(np.clip(np.nan_to_num(difference) / FULL, 0, 1) * 255).astype(np.uint8)
    mapped = cv2.applyColorMap(steps.reshape(-1, 1), cv2.COLORMAP_INFERNO)  # (H W, 1, 3), blue first
    return np.ascontiguousarray(mapped[:, 0, ::-1]).reshape(*difference.shape, 3)


def _difference(prediction: NDArray[np.float32], truth: NDArray[np.float32]) -> NDArray[np.float32]:
    from skimage.color import deltaE_ciede2000, rgb2lab

    pair = (rgb2lab(np.clip(np.nan_to_num(rows), 0, 1)) for rows in (prediction, truth))
    return np.asarray(deltaE_ciede2000(*pair), dtype=np.float32)  # type: ignore[no-untyped-call]
