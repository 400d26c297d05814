"""Multi-scale structural similarity (Wang, Simoncelli and Bovik 2003)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nircolor.evaluation.metric import Image, check_sizes
from nircolor.loss.scales import C1, C2, SCALE_WEIGHTS, SIGMA, WINDOW, scale_count


def ms_ssim(prediction: Image, truth: Image) -> float:
    """Arrays (H, W, 3) in [0, 1] -> 0 to 1; equal pictures give 1.

        product over scales j of mean(cs_j)^w_j, the coarsest with its luminance: mean(l_M cs_M)^w_M

    for each channel, then the mean over channels. Windows are Gaussian, 11 x 11, sigma 1.5, whole ones only; from scale
    to scale pictures are averaged 2 x 2. Negative means count as 0, because their powers are not real.
    Small pictures: scales whose picture is smaller than a window are left out, and the other weights are scaled to the
    same sum; below 11 pixels the window of the one scale is cut to the picture.
    Raises UsageError for pictures of two sizes.
    """
    check_sizes(prediction, truth)
    a, b = (np.asarray(x, np.float32) for x in (prediction, truth))
    count = scale_count(*a.shape[:2])
    weights = np.array(SCALE_WEIGHTS[:count]) * (sum(SCALE_WEIGHTS) / sum(SCALE_WEIGHTS[:count]))
    value = np.ones(3)
    for index, weight in enumerate(weights):
        if index:
            a, b = _halve(a), _halve(b)
        similarity, contrast = _similarity(a, b)
        value *= np.maximum(similarity if index == count - 1 else contrast, 0) ** weight
    return float(value.mean())


def _similarity(a: Image, b: Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(3,) means of SSIM and of its contrast-structure term."""
    mean_a, mean_b = _blur(a), _blur(b)
    product, squares = mean_a * mean_b, np.square(mean_a) + np.square(mean_b)
    contrast = 2 * (_blur(a * b) - product) + C2
    contrast /= _blur(np.square(a) + np.square(b)) - squares + C2
    luminance = (2 * product + C1) / (squares + C1)
    return _mean(luminance * contrast), _mean(contrast)


def _mean(values: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(values.mean((0, 1), dtype=np.float64))


def _blur(image: Image) -> Image:
    """Gaussian means of whole windows: (H, W, 3) -> (H - 10, W - 10, 3)."""
    import cv2

    height, width = image.shape[:2]
    down, across = (min(WINDOW, side) - (1 - min(WINDOW, side) % 2) for side in (height, width))
    blurred = cv2.GaussianBlur(image, (across, down), SIGMA, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred[down // 2 : height - down // 2, across // 2 : width - across // 2], np.float32)


def _halve(image: Image) -> Image:
    import cv2

    height, width = image.shape[0] // 2, image.shape[1] // 2
    even = image[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.float32)
