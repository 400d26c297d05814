"""The ends of the range are neutral: where a sensor saw nothing, or too much, there is no colour to know."""

from __future__ import annotations

import torch
from torch import Tensor

BLACK, WHITE = 4 / 255, 3 / 255  # how far from the ends a pixel of NIR is still drawn to grey
DARK = 20 / 255  # mean NIR of a neighbourhood below which its colours fade: what is there is noise


def neutral_ends(rgb: Tensor, nir: Tensor, mean: Tensor) -> Tensor:
    """Black stays black and white stays white, whatever a network makes of them, and darkness is not tinted.

    Of 16,000 blown NIR pixels of real pairs the mean colour is (0.85, 0.86, 0.77), and already (0.67, 0.67, 0.57) at a
    NIR of 0.98: the range that is held to be grey is narrow. One pixel in a thousand of them is darker than ``DARK``.

    Args:
        rgb: (b, 3, H, W). nir: (b, 1, H, W) in [0, 1]. mean: (b, 1, H, W), the picture averaged around each pixel.
    """
    nir = nir.to(rgb.dtype)
    return torch.lerp(nir.expand_as(rgb), rgb, known(nir, mean.to(rgb.dtype)).expand_as(rgb))


def known(nir: Tensor, mean: Tensor) -> Tensor:
    """(b, 1, H, W): how far there are colours to know, from 0 to 1. Arguments as for ``neutral_ends``."""
    return ramp(nir / BLACK) * ramp((1 - nir) / WHITE) * ramp(mean / DARK)


def ramp(x: Tensor) -> Tensor:
    """0 below 0, 1 above 1, smooth between."""
    x = x.clamp(0, 1)
    return x * x * (3 - 2 * x)
