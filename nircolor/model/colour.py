"""Colour spaces of the HSV prior. Everything here is differentiable torch; images are (b, 3, H, W), sRGB in [0, 1].

Hue is an angle, so nothing is regressed or compared as a hue number: the prior lives in the HSV *cone*
(s cos h, s sin h, v), where 0 and 360 degrees are the same point and a grey pixel has no hue at all.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

TAU = 2 * math.pi


def rgb_to_hsv(rgb: Tensor) -> Tensor:
    """(b, 3, H, W) sRGB in [0, 1] -> hue in turns [0, 1), saturation and value in [0, 1]. Greys have hue 0."""
    value, strongest = rgb.max(1)
    chroma = value - rgb.amin(1)
    red, green, blue = rgb.unbind(1)
    safe = torch.where(chroma > 0, chroma, 1.0)
    sectors = torch.stack([(green - blue) / safe, (blue - red) / safe + 2, (red - green) / safe + 4])
    hue = sectors.gather(0, strongest[None])[0] / 6 % 1
    saturation = chroma / torch.where(value > 0, value, 1.0)
    return torch.stack([torch.where(chroma > 0, hue, 0.0), saturation, value], 1)


def hsv_to_rgb(hsv: Tensor) -> Tensor:
    """The inverse of ``rgb_to_hsv``; hue may be any real number of turns."""
    hue, saturation, value = hsv.unbind(1)
    offsets = hsv.new_tensor([5.0, 3.0, 1.0]).view(1, 3, 1, 1)
    k = (offsets + hue[:, None] * 6) % 6
    ramp = torch.minimum(k, 4 - k).clamp(0, 1)
    return (value[:, None] * (1 - saturation[:, None] * ramp)).contiguous()


def hsv_to_cone(hsv: Tensor) -> Tensor:
    """(hue, saturation, value) -> (s cos h, s sin h, v), each in [-1, 1]."""
    hue, saturation, value = hsv.unbind(1)
    return torch.stack([saturation * torch.cos(TAU * hue), saturation * torch.sin(TAU * hue), value], 1)


def cone_to_hsv(cone: Tensor) -> Tensor:
    """The inverse of ``hsv_to_cone``; saturation is clamped to 1 and value to [0, 1]."""
    x, y, value = cone.unbind(1)
    saturation = (x * x + y * y).clamp_min(1e-12).sqrt()
    hue = torch.atan2(y, x) / TAU % 1
    return torch.stack([hue, saturation.clamp_max(1), value.clamp(0, 1)], 1)


def rgb_to_cone(rgb: Tensor) -> Tensor:
    """sRGB -> cone coordinates, the target of the HSV prior branch."""
    return hsv_to_cone(rgb_to_hsv(rgb))
