"""Whole numbers of 8 bits in the place of floats (Jacob et al., Quantization and Training of Neural Networks for
Efficient Integer-Arithmetic-Only Inference, 2018): what is lost by them is lost here too, so that a network can learn
to do with them. Gradients pass through rounding as if it were not there.
"""

from __future__ import annotations

import torch
from torch import Tensor

LEVELS = 255
PLAIN, DEPTHWISE = 63, 127
"""The largest weight. Processors of before 2019 add up two products of 8 bits in 16: 255 x 64 fits twice. Depthwise
convolutions are done in another way."""
PICTURE = (1 / 128, 127)
"""Scale and zero of a centred picture: those 8 bits that it has in a file."""
NUDGE = 1 / 12800
"""Added before: means of whole numbers often lie half way between two, where processors round differently."""


def span(low: float, high: float, bounded: bool) -> tuple[float, int]:
    """Scale and zero, number = (whole - zero) * scale, for numbers from ``low`` to ``high``; ``bounded`` by ReLU6,
    which is done by them: what lies outside of the range is cut off."""
    low, high = (0.0, min(high, 6.0)) if bounded else (min(low, 0.0), max(high, 0.0))
    scale = max(high - low, 1e-6) / LEVELS
    return scale, round(-low / scale)


def rounded(x: Tensor, scale: float, zero: int) -> Tensor:
    return torch.fake_quantize_per_tensor_affine(x, scale, zero, 0, LEVELS)


def weight_scales(weight: Tensor, groups: int) -> tuple[Tensor, int]:
    """For each channel that comes out, (C,), and the largest whole number."""
    most = DEPTHWISE if groups > 1 else PLAIN
    return (weight.detach().abs().amax((1, 2, 3)) / most).clamp_min(1e-9), most


def rounded_weight(weight: Tensor, groups: int) -> Tensor:
    scales, most = weight_scales(weight, groups)
    zeros = torch.zeros(len(scales), dtype=torch.int32, device=scales.device)
    return torch.fake_quantize_per_channel_affine(weight, scales, zeros, 0, -most, most)
