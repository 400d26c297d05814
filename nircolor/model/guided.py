"""Enlarging colour maps along the edges of the picture they belong to: the fast guided filter (He and Sun 2015).

Enlarged bilinearly, the gains and offsets of a small picture smear over every edge of the large one, as a coloured
fringe. Here each neighbourhood of the small maps is fitted as a line in its near-infrared values; the lines are
enlarged, and applied to the large picture, whose edges the maps then follow.
"""

from __future__ import annotations

import torch
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
    slope, level = (_full(part, nir) for part in _lines(maps, small))
    return slope * nir.float() + level


def enlarge_affine(maps: Tensor, small: Tensor, nir: Tensor) -> tuple[Tensor, Tensor]:
    """RGB of an affine head's maps, enlarged: nir (1 + gain) + offset, where gain and offset are lines in nir.

    Multiplied out it is a parabola in nir for each colour channel, whose nine coefficients are made at the small size:
    equal to ``enlarge``, but for rounding, in half of its passes over the full size.

    Args as ``enlarge``, with maps (b, 6, h, w): three gains, then three offsets.

    Returns:
        RGB (b, 3, H, W), and (b, 1, H, W), the picture averaged around each pixel.
    """
    slope, level = _lines(maps, small)
    (gain_slope, offset_slope), (gain_level, offset_level) = slope.chunk(2, 1), level.chunk(2, 1)
    parts = [gain_slope, 1 + gain_level + offset_slope, offset_level, local_mean(small.float())]
    second, first, constant, mean = torch.split(_full(torch.cat(parts, 1), nir), [3, 3, 3, 1], 1)
    nir = nir.float()
    return torch.addcmul(constant, torch.addcmul(first, second, nir), nir), mean


def _lines(maps: Tensor, small: Tensor) -> tuple[Tensor, Tensor]:
    """Slope and level, (b, C, h, w), of each map as a line in the picture's values around each pixel."""
    maps, small = maps.float(), small.float()
    mean, mean_maps = local_mean(small), local_mean(maps)
    variance = local_mean(small * small) - mean * mean
    slope = (local_mean(small * maps) - mean * mean_maps) / (variance + SMOOTH)
    return local_mean(slope), local_mean(mean_maps - slope * mean)


def _full(x: Tensor, nir: Tensor) -> Tensor:
    return F.interpolate(x, nir.shape[-2:], mode="bilinear", align_corners=False)


def local_mean(x: Tensor) -> Tensor:
    """Of the square of ``RADIUS`` around each pixel; borders are replicated."""
    return F.avg_pool2d(F.pad(x, (RADIUS,) * 4, mode="replicate"), 2 * RADIUS + 1, 1)
