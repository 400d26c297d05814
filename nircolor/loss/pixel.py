"""Losses that compare pixels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def pixel_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean absolute plus twice the mean squared error: the first keeps edges, the second is what PSNR measures."""
    difference = prediction - target
    return difference.abs().mean() + 2 * difference.square().mean()


def blurred_loss(prediction: Tensor, target: Tensor, size: int = 16) -> Tensor:
    """Mean absolute error of ``size`` x ``size`` means: colour and exposure of regions, whatever their texture."""
    size = min(size, *prediction.shape[-2:])
    return (F.avg_pool2d(prediction, size) - F.avg_pool2d(target, size)).abs().mean()


def angular_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """The angle between the RGB vectors of prediction and target, as a chord of the unit sphere: 0 to sqrt(2), close
    to radians where it is small; mean over pixels.

    Not 1 - cos, its square: where colours cannot be known, a square is least for their grey mean, a plain distance for
    the likeliest. A little light is added to both vectors, so that black pixels, whose direction is noise, weigh
    nothing and divide by nothing.
    """
    floor, smooth = 0.02, 1e-2
    a, b = prediction.clamp_min(0) + floor, target + floor
    # Written out: torch's cosine_similarity takes most of its time for norms over three channels.
    cosine = (a * b).sum(1) * torch.rsqrt(a.square().sum(1) * b.square().sum(1))
    return ((2 * (1 - cosine).clamp_min(0) + smooth**2).sqrt() - smooth).mean()


def cone_loss(prior: Tensor, target_cone: Tensor) -> Tensor:
    """Mean absolute error of HSV cone coordinates (s cos h, s sin h, v); saturation counts as much as the pixel is
    bright.

    In a black pixel hue and saturation are noise, so that the chroma error is weighted by the target's value.
    """
    error = (prior[:, :3] - target_cone).abs()
    value = target_cone[:, 2:3].clamp(0, 1)
    return torch.cat([error[:, :2] * (0.1 + value), error[:, 2:]], 1).mean()
