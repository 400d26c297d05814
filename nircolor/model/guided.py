"""Enlarging colour maps along the edges of the picture they belong to: the fast guided filter (He and Sun 2015).

Enlarged bilinearly, the gains and offsets of a small picture smear over every edge of the large one, as a coloured
fringe. Here each neighbourhood of the small maps is fitted as a line in its near-infrared values; the lines are
enlarged, and applied to the large picture, whose edges the maps then follow.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nircolor.ends import neutral_ends
from nircolor.enlarging import RADIUS, SMOOTH, painted


def enlarge(maps: Tensor, small: Tensor, nir: Tensor) -> Tensor:
    """Maps of a small picture -> maps of the same picture at full size.

    Args:
        maps: (b, C, h, w). small: (b, 1, h, w), the picture they were made from, in [0, 1]. nir: (b, 1, H, W), the same
            picture.

    Returns:
        (b, C, H, W), float32.
    """
    slope, level = (to_size(part, nir.shape[-2:]) for part in _lines(maps, small))
    return slope * nir.float() + level


def enlarge_affine(maps: Tensor, small: Tensor, nir: Tensor, light: Tensor | None = None) -> Tensor:
    """RGB of an affine head's maps, enlarged: nir (1 + gain) + offset, where gain and offset are lines in nir, with
    neutral ends (``ends.py``).

    Multiplied out it is a parabola in nir for each colour channel, whose nine coefficients are made at the small size:
    equal to ``enlarge``, but for rounding, in half of its passes over the full size.

    Args as ``enlarge``, with maps (b, 6, h, w): three gains, then three offsets. light: (b, 1, H, W), see ``relit``.

    Returns RGB (b, 3, H, W): on a CPU, without gradients, in [0, 1], by ``enlarging.py``; else not clamped.
    """
    if maps.device.type != "cpu" or torch.is_grad_enabled():
        return enlarge_affine_reference(maps, small, nir, light)
    pictures = _planes(small), _planes(nir), None if light is None else _planes(light)
    return torch.from_numpy(painted(maps.float().numpy(), *pictures, torch.get_num_threads())).permute(0, 3, 1, 2)


def enlarge_affine_reference(maps: Tensor, small: Tensor, nir: Tensor, light: Tensor | None = None) -> Tensor:
    """``enlarge_affine`` in plain torch, on any device, differentiable."""
    second, first, constant, mean = torch.split(to_size(coefficients(maps, small), nir.shape[-2:]), [3, 3, 3, 1], 1)

    def seen(x: Tensor) -> Tensor:
        made: Tensor = neutral_ends(parabola(second, first, constant, x), x, mean)
        return made

    return seen(nir.float()) if light is None else relit(seen(nir.float()), seen(light.float()))


def coefficients(maps: Tensor, small: Tensor) -> Tensor:
    """(b, 10, h, w), float32: for red, green and blue the second, first and constant coefficient of a parabola in nir,
    then the mean around each pixel. Arguments as ``enlarge_affine``."""
    slope, level = _lines(maps, small)
    (gain_slope, offset_slope), (gain_level, offset_level) = slope.chunk(2, 1), level.chunk(2, 1)
    return torch.cat([gain_slope, 1 + gain_level + offset_slope, offset_level, local_mean(small.float())], 1)


def parabola(second: Tensor, first: Tensor, constant: Tensor, nir: Tensor) -> Tensor:
    return torch.addcmul(constant, torch.addcmul(first, second, nir), nir)


def relit(rgb: Tensor, own: Tensor) -> Tensor:
    """``rgb`` with the luma of ``own``, both (b, 3, H, W): the same is added to each channel, so that noise which is in
    ``own`` alone stays grey."""
    weights = rgb.new_tensor([0.2126, 0.7152, 0.0722]).view(1, 3, 1, 1)  # ITU-R BT.709
    return rgb + ((own - rgb) * weights).sum(1, keepdim=True)


def _planes(x: Tensor) -> NDArray[np.float32]:
    """(b, 1, h, w) -> (b, h, w)."""
    return np.ascontiguousarray(x[:, 0].float().numpy())


def _lines(maps: Tensor, small: Tensor) -> tuple[Tensor, Tensor]:
    """Slope and level, (b, C, h, w), of each map as a line in the picture's values around each pixel."""
    maps, small = maps.float(), small.float()
    mean, mean_maps = local_mean(small), local_mean(maps)
    variance = local_mean(small * small) - mean * mean
    slope = (local_mean(small * maps) - mean * mean_maps) / (variance + float(SMOOTH))
    return local_mean(slope), local_mean(mean_maps - slope * mean)


def to_size(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """(b, C, h, w) -> (b, C, *size), bilinear."""
    return x if x.shape[-2:] == size else F.interpolate(x, size, mode="bilinear", align_corners=False)


def local_mean(x: Tensor) -> Tensor:
    """Of the square of ``RADIUS`` around each pixel; borders are replicated."""
    side = 2 * RADIUS + 1
    rows = F.avg_pool2d(F.pad(x, (RADIUS,) * 4, mode="replicate"), (side, 1), 1)
    return F.avg_pool2d(rows, (1, side), 1)
