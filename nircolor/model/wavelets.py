"""Haar wavelets: how rough a picture is beneath each pixel of a reduced copy of it, and in which direction.

At the sizes at which colours are decided, a cloud and a sunlit tree look alike; the leaves are in the octaves above.
Moduli of wavelets, averaged, tell such textures apart (the first order of a scattering transform: Bruna and Mallat
2013).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

MAX_OCTAVES = 3  # a picture is enlarged to have them all, so that a lying weights file could ask for all memory
_FLOOR = 0.03  # of brightness, below which roughness is the sensor's noise


def maps_of(octaves: int) -> int:
    """Channels that ``roughness`` returns. Raises ValueError for less than 0 or more than ``MAX_OCTAVES`` octaves."""
    if octaves not in range(MAX_OCTAVES + 1):
        raise ValueError(f"octaves = {octaves}: must be 0 to {MAX_OCTAVES}")
    return 3 * octaves


def roughness(nir: Tensor, octaves: int) -> tuple[Tensor, Tensor]:
    """The picture reduced by 2 ** octaves, and the roughness beneath its pixels.

    Args:
        nir: (b, 1, H, W) in [0, 1], sides a multiple of 2 ** octaves.

    Returns:
        Area average (b, 1, h, w), and (b, 3 octaves, h, w): for each octave, finest first, the square root of the mean
        modulus of the details between rows, between columns and across, relative to brightness.
    """
    moduli = []
    for left in reversed(range(octaves)):
        nir, details = _analyse(nir)
        moduli.append(F.avg_pool2d(details.abs(), 1 << left))
    if not moduli:
        return nir, nir[:, :0]
    return nir, torch.sqrt(torch.cat(moduli, 1) / (nir + _FLOOR))


def _analyse(nir: Tensor) -> tuple[Tensor, Tensor]:
    """One octave: means of blocks of 2 x 2 (b, 1, H / 2, W / 2), and the three details (b, 3, H / 2, W / 2).

    Sums, and no convolution, which autocast would round to where smooth pictures are rough.
    """
    upper, lower = nir[..., ::2, :], nir[..., 1::2, :]
    total, rows = upper + lower, upper - lower
    halves = [(x[..., ::2] + x[..., 1::2], x[..., ::2] - x[..., 1::2]) for x in (total, rows)]
    (mean, columns), (rows, across) = halves
    return mean / 4, torch.cat([rows, columns, across], 1) / 4
