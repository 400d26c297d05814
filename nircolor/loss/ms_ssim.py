"""MS-SSIM in differentiable torch. ``nircolor.evaluation.ms_ssim`` is the plain reference and the definition."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nircolor.loss.scales import C1, C2, SCALE_WEIGHTS, SIGMA, WINDOW, scale_count

TINY = 1e-6  # means below count as 0: the slope of their powers, which have exponents under 1, has no bound


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """a, b: (n, C, H, W) in [0, 1], float32 or float64, any size -> (n,), 0 to 1; 1 for equal images.

    Equal to the metric of that name (Wang, Simoncelli and Bovik 2003), with its way to treat small pictures. Where a
    scale has no positive contrast-structure term on average, its channel counts 0 and has no gradient.
    """
    count = scale_count(*a.shape[-2:])
    share = sum(SCALE_WEIGHTS) / sum(SCALE_WEIGHTS[:count])
    value = a.new_ones(a.shape[:2])
    with torch.autocast(a.device.type, enabled=False):  # E[x^2] - E[x]^2 has no digits left in bfloat16
        for index in range(count):
            if index:
                a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
            similarity, contrast = _similarity(a, b)
            value = value * _power(similarity if index == count - 1 else contrast, SCALE_WEIGHTS[index] * share)
    return value.mean(1)


def _similarity(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """(n, C) means over pixels of SSIM and of its contrast-structure term."""
    mean_a, mean_b, both, squared = _blur(torch.stack([a, b, a * b, a * a + b * b])).unbind(0)
    product, squares = mean_a * mean_b, mean_a.square() + mean_b.square()
    contrast = (2 * (both - product) + C2) / (squared - squares + C2)
    luminance = (2 * product + C1) / (squares + C1)
    return (luminance * contrast).mean((2, 3)), contrast.mean((2, 3))


def _blur(x: Tensor) -> Tensor:
    """Gaussian means of whole windows: (..., H, W) -> (..., H - 10, W - 10).

    As two products with band matrices, which are faster here than sums of shifted slices, and those than convolutions.
    """
    return _band(x.shape[-2], x) @ x @ _band(x.shape[-1], x).T


def _band(side: int, like: Tensor) -> Tensor:
    """(side - window + 1, side): in each row the window, one step further; cut to an odd size that fits ``side``."""
    window = min(WINDOW, side) - (1 - min(WINDOW, side) % 2)
    columns = torch.arange(side, dtype=torch.float64, device=like.device)
    distance = columns - (columns[: side - window + 1, None] + window // 2)
    band = torch.exp(-distance.square() / (2 * SIGMA**2)) * (distance.abs() <= window // 2)
    return (band / band.sum(1, keepdim=True)).to(like.dtype)


def _power(mean: Tensor, weight: float) -> Tensor:
    positive = mean > TINY
    return torch.where(positive, torch.where(positive, mean, 1.0) ** weight, 0.0)
