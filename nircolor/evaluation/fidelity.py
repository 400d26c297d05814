"""Metrics of numbers: how far the values of a prediction are from those of the truth.

All take float arrays (H, W, 3) in [0, 1], prediction first, and raise UsageError naming both sizes where they differ.
Sums are taken in float64: in float32 a picture of a megapixel already loses its third decimal.
"""

from __future__ import annotations

import numpy as np

from nircolor.evaluation.metric import Image, check_sizes
from nircolor.evaluation.transfer import to_linear, to_srgb

ERGAS_RATIO = 4
"""h/l of ERGAS, made for pan-sharpening: how many times finer the predicted pixels are than those they come from. Here
nothing is sharpened, so any number is a convention; 4 is the default of torchmetrics."""

EV_PIXELS, EV_STOPS = 65536, 4.0


def psnr(prediction: Image, truth: Image) -> float:
    """Peak signal-to-noise ratio in dB, peak 1: -10 log10(MSE), one MSE over all pixels and channels.

    0 (white against black) upwards; equal pictures give infinity. A uniform error of 0.1 gives 20 dB.
    """
    check_sizes(prediction, truth)
    error = _mean_square(prediction, truth)
    return float("inf") if error == 0 else -10 * float(np.log10(error))


def psnr_ev(prediction: Image, truth: Image) -> float:
    """PSNR after the best exposure of the prediction: one gain in linear light, from 1/16 to 16 (four stops each way).

    How a photographer exposed cannot be seen in a near-infrared picture, and drowns in PSNR what can. Both pictures are
    sRGB-coded; the exposed prediction is clipped as a file would clip it. The gain is searched on at most 65536 pixels,
    evenly spread, and the picture's own exposure is kept where it is no worse, so that psnr_ev is at least psnr.
    """
    from scipy.optimize import minimize_scalar

    check_sizes(prediction, truth)
    light = to_linear(np.clip(prediction, 0, 1)).reshape(-1, 3)
    target = truth.reshape(-1, 3)
    step = -(-len(light) // EV_PIXELS)
    some, goal = light[::step], target[::step]
    found = minimize_scalar(
        lambda stops: _mean_square(_exposed(some, stops), goal), bounds=(-EV_STOPS, EV_STOPS), method="bounded"
    )
    error = min(_mean_square(_exposed(light, float(found.x)), target), _mean_square(prediction, truth))
    return float("inf") if error == 0 else -10 * float(np.log10(error))


def _exposed(light: Image, stops: float) -> Image:
    return to_srgb(np.minimum(light * np.float32(2**stops), 1))


def ssim(prediction: Image, truth: Image) -> float:
    """Structural similarity (Wang et al. 2004), -1 to 1, equal pictures give 1: scikit-image with its defaults, that is
    a uniform 7 x 7 window, sample covariance, K1 0.01, K2 0.03, mean over channels and over all full windows.

    Other windows give other numbers: a Gaussian one of 11 x 11 is often 0.02 apart. Pictures with a side under 7 pixels
    use the largest odd window that fits; with a side under 3 there is none, and the value is 1 if equal, else 0.
    """
    from skimage.metrics import structural_similarity

    check_sizes(prediction, truth)
    side = min(7, *truth.shape[:2])
    window = side - 1 + side % 2
    if window < 3:
        return float(np.array_equal(prediction, truth))
    return float(
        structural_similarity(  # type: ignore[no-untyped-call]
            prediction, truth, win_size=window, channel_axis=2, data_range=1.0
        )
    )


def ergas(prediction: Image, truth: Image) -> float | None:
    """Erreur relative globale adimensionnelle de synthese (Wald 2000), in percent, 0 upwards, equal pictures give 0:

        100 / ratio  sqrt( mean over channels of (RMSE of the channel / mean of the truth's channel)^2 )

    with ratio 4 (``ERGAS_RATIO``). Channels whose truth is black have no relative error and are left out; None when
    all three are black and the prediction is not.
    """
    check_sizes(prediction, truth)
    means = truth.mean((0, 1), dtype=np.float64)
    errors = np.array([_mean_square(prediction[..., c], truth[..., c]) for c in range(3)])
    if not errors.any():
        return 0.0
    lit = means > 0
    return float(100 / ERGAS_RATIO * np.sqrt(np.mean(errors[lit] / means[lit] ** 2))) if lit.any() else None


def _mean_square(a: Image, b: Image) -> float:
    difference = np.subtract(a, b, dtype=np.float32).ravel()
    return float(np.mean(np.square(difference, out=difference), dtype=np.float64))
