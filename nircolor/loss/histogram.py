"""HAQAGen's differentiable histogram loss: the distance of soft cumulative histograms, channel by channel.

The paper (section 3.2, after Avi-Aharon et al. 2023) has h_b = mean_i k(x_i - c_b) and H_b = sum_{j<=b} h_j with a
smooth kernel k, "e.g., triangular or logistic". With the logistic kernel of scale tau (the temperature), and bins that
take the kernel's mass between their edges, as in Avi-Aharon, the sum telescopes, and no histogram is needed:

    H_b = mean_i sigmoid((e_b - x_i) / tau),    e_b = b / B, the upper edge of bin b = 1 .. B

The kernel's density at the centres, as the formula is written, stands for that mass to 0.005 of a pixel. Mass that x
near 0 spills below 0 is lost there; here the first bin takes it. Logistic, because it is smooth everywhere: a triangle
of this width reaches few bins, and its gradient has steps.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

LEVELS = 32  # of the table, per temperature
REACH = 16  # temperatures beyond [0, 1] up to which values are told apart; sigmoids end there but for 1e-7


def cdf_loss(prediction: Tensor, target: Tensor, bins: int = 64, temperature: float = 0.02) -> Tensor:
    """Mean over images, channels and bins of |H(prediction) - H(target)| (HAQAGen eq. 3, the CDF term) -> a scalar.

    prediction, target: (b, C, H, W), sRGB in [0, 1], float32 or float64; H and W of the two may differ. ``temperature``
    is in the same unit. The mean over bins is the earth mover's distance of the two soft histograms: 0.1 for a picture
    that is 0.1 too bright everywhere. (The paper's l1 norm may mean the sum over bins: 64 times as much.)
    """
    return (soft_cdf(prediction, bins, temperature) - soft_cdf(target, bins, temperature)).abs().mean()


def soft_cdf(x: Tensor, bins: int = 64, temperature: float = 0.02) -> Tensor:
    """(b, C, H, W) -> (b, C, bins): H at the upper edges of the bins; differentiable once.

    Errors against ``soft_cdf_plain``: 1e-7, and 1e-4 of the largest gradient a pixel can have. Memory and time go with
    the number of pixels, not with that times ``bins``; only x itself is kept for the backward pass.
    """
    return _SoftCdf.apply(x, bins, temperature)  # type: ignore[no-any-return, no-untyped-call]


def soft_cdf_plain(x: Tensor, bins: int = 64, temperature: float = 0.02) -> Tensor:
    """The formula, with its (pixels x bins) tensor: the reference of ``soft_cdf``."""
    return torch.sigmoid((_edges(bins, x) - x.flatten(2)[..., None]) / temperature).mean(2)


class _SoftCdf(torch.autograd.Function):
    """A sum of one function over all pixels needs only how many pixels are where. Pixels are counted at the nearest
    of fine levels, with their first two moments about it, and meet the function and its derivatives in a table."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bins: int, temperature: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.bins, ctx.temperature = bins, temperature
        sigmoid, slope, bend = _tables(x, bins, temperature)
        index, offset = _nearest_level(x, temperature, len(sigmoid))
        count, first, second = (
            torch.bincount(index, moment, x.shape[0] * x.shape[1] * len(sigmoid)).double().view(-1, len(sigmoid))
            for moment in (None, offset, offset.square() / 2)
        )
        total = count @ sigmoid + first @ slope + second @ bend  # (b C, bins)
        return (total / x[0, 0].numel()).to(x.dtype).view(*x.shape[:2], bins)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        _, slope, bend = _tables(x, ctx.bins, ctx.temperature)
        index, offset = _nearest_level(x, ctx.temperature, len(slope))
        weights = grad.double().flatten(0, 1) / (x[0, 0].numel() * ctx.temperature)  # (b C, bins)
        at_level, change = ((weights @ table.T).flatten().to(x.dtype) for table in (slope, bend))
        gradient = at_level[index] + offset.to(x.dtype) * change[index]
        return gradient.view(x.shape), None, None


def _edges(bins: int, like: Tensor) -> Tensor:
    return torch.arange(1, bins + 1, dtype=like.dtype, device=like.device) / bins


def _tables(like: Tensor, bins: int, temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    """(levels, bins) each: sigmoid((e_b - level) / temperature), and its two derivatives by level / temperature."""
    count = round((1 / temperature + 2 * REACH) * LEVELS) + 1
    levels = torch.arange(count, dtype=torch.float64, device=like.device) / LEVELS - REACH
    value = torch.sigmoid(_edges(bins, levels) / temperature - levels[:, None])
    slope = -value * (1 - value)
    return value, slope, slope * (2 * value - 1)


def _nearest_level(x: Tensor, temperature: float, count: int) -> tuple[Tensor, Tensor]:
    """(b, C, H, W) -> (b C H W,) each: the number of the level, counted on over the planes (b C), and the offset from
    the level in temperatures, in float64: sums of a megapixel of equal float32 numbers are off by percents."""
    position = ((x.detach().double() / temperature + REACH) * LEVELS).clamp_(0, count - 1)
    level = position.round()
    offset = (position - level) / LEVELS
    planes = torch.arange(x.shape[0] * x.shape[1], device=x.device).view(*x.shape[:2], 1, 1)
    index = level.nan_to_num(0).long() + planes * count  # what is not a number stays that in the offset
    return index.flatten(), offset.flatten()
