"""Metrics of colour: how far hues, and what people make of them, are from those of the truth.

All take float arrays (H, W, 3) in [0, 1], prediction first, and raise UsageError naming both sizes where they differ.
They work on blocks of rows, so that memory stays flat in the size of a picture.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nircolor.evaluation.metric import Image, check_sizes

BLOCK_PIXELS = 1 << 14  # stays in cache, and below where BLAS wakes its own threads, which would fight ours
_RIGHT_ANGLE = np.pi / 2


def sam(prediction: Image, truth: Image) -> float:
    """Spectral angle mapper (Kruse et al. 1993) in radians, 0 to pi/2: mean over pixels of the angle between the RGB
    vectors of prediction and truth, arccos(p . t / (|p| |t|)).

    A black pixel has no direction: where both are black the angle is 0, where only one is, pi/2 (so that painting
    black never pays).
    """
    return min(_mean(_by_pixel(_angles, prediction, truth)), _RIGHT_ANGLE)  # float32 rounds a right angle up


def sam_degrees(prediction: Image, truth: Image) -> float:
    """``sam`` in degrees, 0 to 90."""
    return float(np.degrees(sam(prediction, truth)))


def angular_error(prediction: Image, truth: Image) -> float:
    """Angular error (AE) in degrees, 0 to 90 (HAQAGen section 4). By formula it is ``sam`` in degrees: the papers print
    both columns, and their values for ColorMamba agree (2.81 degrees are 0.049 radians)."""
    return sam_degrees(prediction, truth)


def ciede2000(prediction: Image, truth: Image) -> float:
    """Mean CIEDE2000 colour difference (Sharma et al. 2005; scikit-image), 0 upwards, about 1 is just visible.

    Takes sRGB-coded values, D65 and the 2-degree observer.
    """
    return _mean(ciede2000_map(prediction, truth))


def ciede2000_map(prediction: Image, truth: Image) -> NDArray[np.float32]:
    """(H, W) CIEDE2000 of each pixel; arguments as for ``ciede2000``."""
    return _by_pixel(_delta_e, prediction, truth)


def colourfulness(image: Image) -> float:
    """Hasler and Suesstrunk (2003), eq. 12, on sRGB values of 0 to 255: with rg = R - G and yb = (R + G) / 2 - B,

        sqrt(std(rg)^2 + std(yb)^2) + 0.3 sqrt(mean(rg)^2 + mean(yb)^2)

    0 for grey, about 15 slightly, 33 moderately, 59 quite, 109 extremely colourful.
    """
    red, green, blue = (image[..., c] for c in range(3))
    rg, yb = red - green, (red + green) / 2 - blue
    spread = np.hypot(rg.std(dtype=np.float64), yb.std(dtype=np.float64))
    offset = np.hypot(rg.mean(dtype=np.float64), yb.mean(dtype=np.float64))
    return float(255 * (spread + 0.3 * offset))


def colourfulness_ratio(prediction: Image, truth: Image) -> float | None:
    """``colourfulness`` of the prediction over that of the truth, 0 upwards: under 1 is shy, over 1 loud.

    Where the truth is grey (below a hundredth of a step of 8 bits) the ratio is 1 for a grey prediction, else None.
    """
    check_sizes(prediction, truth)
    ours, theirs = colourfulness(prediction), colourfulness(truth)
    if theirs < 0.01:
        return 1.0 if ours < 0.01 else None
    return float(ours / theirs)


def _by_pixel(measure: Callable[[Image, Image], NDArray[np.floating]], a: Image, b: Image) -> NDArray[np.float32]:
    """(H, W, 3) twice -> (H, W), in runs of pixels: the temporaries of ``measure`` are many times their size."""
    check_sizes(a, b)
    pixels = a.reshape(-1, 3), b.reshape(-1, 3)
    result = np.empty(len(pixels[0]), np.float32)
    for start in range(0, len(result), BLOCK_PIXELS):
        run = slice(start, start + BLOCK_PIXELS)
        result[run] = measure(pixels[0][run], pixels[1][run])
    return result.reshape(a.shape[:2])


def _mean(values: NDArray[np.float32]) -> float:
    return float(values.mean(dtype=np.float64))


def _angles(prediction: Image, truth: Image) -> NDArray[np.floating]:
    """(n,) radians. The arc tangent of |p x t| and p . t keeps its precision at small angles, arccos does not."""
    p, t = prediction.astype(np.float64), truth.astype(np.float64)
    cross = np.linalg.norm(np.cross(p, t), axis=1)
    angles: NDArray[np.floating] = np.arctan2(cross, np.einsum("nc,nc->n", p, t))
    angles[p.any(1) != t.any(1)] = _RIGHT_ANGLE
    return angles


def _delta_e(prediction: Image, truth: Image) -> NDArray[np.floating]:
    from skimage.color import deltaE_ciede2000, rgb2lab

    return np.asarray(deltaE_ciede2000(rgb2lab(prediction), rgb2lab(truth)))  # type: ignore[no-untyped-call]
