"""Metrics: pure functions of a prediction and a truth, float arrays (H, W, 3), sRGB in [0, 1].

Values follow what a user gets (protocol ``srgb8``) when both come from 8-bit files.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


def psnr(prediction: Image, truth: Image) -> float:
    """Peak signal-to-noise ratio in dB, peak 1: -10 log10(mean squared error). Equal images give infinity."""
    error = float(np.mean(np.square(np.asarray(prediction, np.float64) - truth)))
    return float("inf") if error == 0 else -10 * float(np.log10(error))


def ssim(prediction: Image, truth: Image) -> float:
    """Structural similarity, scikit-image's default 7 x 7 window, mean over channels; -1 to 1.

    Pictures with a side under 7 pixels use the largest odd window that fits.
    """
    from skimage.metrics import structural_similarity

    side = min(7, *truth.shape[:2])
    window = side - 1 + side % 2
    if window < 3:
        return float(np.array_equal(prediction, truth))
    return float(
        structural_similarity(  # type: ignore[no-untyped-call]
            prediction, truth, win_size=window, channel_axis=2, data_range=1.0
        )
    )


def angular_error(prediction: Image, truth: Image) -> float:
    """Mean angle in degrees between the RGB vectors of prediction and truth; 0 to 90.

    A black pixel has no direction: where both are black the angle is 0, where only one is, the pixel is left out.
    """
    a, b = (np.asarray(x, np.float64).reshape(-1, 3) for x in (prediction, truth))
    lengths = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    counted = (lengths[0] > 0) == (lengths[1] > 0)
    if not counted.any():
        return 0.0
    product = lengths[0] * lengths[1]
    cosine = np.where(product > 0, (a * b).sum(1) / np.where(product > 0, product, 1), 1.0)
    return float(np.degrees(np.arccos(np.clip(cosine[counted], -1, 1))).mean())
