"""Enlarging colour maps along the edges of the picture they belong to: the fast guided filter (He and Sun 2015).

Enlarged bilinearly, the gains and offsets of a small picture smear over every edge of the large one, as a coloured
fringe. Here each neighbourhood of the small maps is fitted as a line in its near-infrared values; the lines are
enlarged, and applied to the large picture, whose edges the maps then follow.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

RADIUS = 2  # pixels of the small picture
SMOOTH = 1e-3  # variance of near-infrared values below which a neighbourhood counts as flat


def enlarge(maps: Tensor, small: Tensor, nir: Tensor) -> Tensor:
    """Maps of a small picture -> maps of the same picture at full size.

    Args:
        maps: (b, C, h, w). small: (b, 1, h, w), the picture they were made from, in [0, 1]. nir: (b, 1, H, W), the same
            picture.

    Returns:
        (b, C, H, W), float32.
    """
    maps, small, nir = maps.float(), small.float(), nir.float()
    mean, mean_maps = _mean(small), _mean(maps)
    variance = _mean(small * small) - mean * mean
    slope = (_mean(small * maps) - mean * mean_maps) / (variance + SMOOTH)
    level = mean_maps - slope * mean
    slope, level = (
        F.interpolate(_mean(part), nir.shape[-2:], mode="bilinear", align_corners=False) for part in (slope, level)
    )
    return slope * nir + level


def _mean(x: Tensor) -> Tensor:
    """Of the square of ``RADIUS`` around each pixel; borders are replicated."""
    return F.avg_pool2d(F.pad(x, (RADIUS,) * 4, mode="replicate"), 2 * RADIUS + 1, 1)
