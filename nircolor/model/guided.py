"""Enlarging colour maps along the edges of the picture they belong to: the fast guided filter (He and Sun 2015).

Enlarged bilinearly, the gains and offsets of a small picture smear over every edge of the large one, as a coloured
fringe. Here each neighbourhood of the small maps is fitted as a line in its near-infrared values; the lines are
enlarged, and applied to the large picture, whose edges the maps then follow.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nircolor.ends import neutral_ends

RADIUS = 2  # pixels of the small picture
SMOOTH = 1e-3  # variance of near-infrared values below which a neighbourhood counts as flat
BAND = 64  # rows of the large picture that a thread enlarges at once


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


def enlarge_affine(
    maps: Tensor, small: Tensor, nir: Tensor, light: Tensor | None = None, kernel: str = "auto"
) -> Tensor:
    """RGB of an affine head's maps, enlarged: nir (1 + gain) + offset, where gain and offset are lines in nir, with
    neutral ends (``ends.py``).

    Multiplied out it is a parabola in nir for each colour channel, whose nine coefficients are made at the small size:
    equal to ``enlarge``, but for rounding, in half of its passes over the full size.

    Args as ``enlarge``, with maps (b, 6, h, w): three gains, then three offsets. light: (b, 1, H, W), see ``relit``.
    kernel: ``numba``, on a CPU, without gradients; ``reference``; ``auto``: numba where it can.

    Returns RGB (b, 3, H, W), not clamped.
    """
    if kernel == "reference" or (kernel == "auto" and (maps.device.type != "cpu" or torch.is_grad_enabled())):
        return enlarge_affine_reference(maps, small, nir, light)
    rgb = torch.empty((len(nir), *nir.shape[-2:], 3))
    maps, small, nir = (x.detach().float().contiguous() for x in (maps, small, nir))
    lights = [None] * len(nir) if light is None else list(light.detach().float().contiguous()[:, 0])
    for one in zip(maps, small[:, 0], nir[:, 0], lights, rgb, strict=True):
        _enlarge_one(*one)
    return rgb.permute(0, 3, 1, 2)


def enlarge_affine_reference(maps: Tensor, small: Tensor, nir: Tensor, light: Tensor | None = None) -> Tensor:
    """``enlarge_affine`` in plain torch, on any device, differentiable."""
    slope, level = _lines(maps, small)
    (gain_slope, offset_slope), (gain_level, offset_level) = slope.chunk(2, 1), level.chunk(2, 1)
    parts = [gain_slope, 1 + gain_level + offset_slope, offset_level, local_mean(small.float())]
    second, first, constant, mean = torch.split(_full(torch.cat(parts, 1), nir), [3, 3, 3, 1], 1)

    def seen(x: Tensor) -> Tensor:
        made: Tensor = neutral_ends(torch.addcmul(constant, torch.addcmul(first, second, x), x), x, mean)
        return made

    rgb = seen(nir.float())
    return rgb if light is None else relit(rgb, seen(light.float()))


def relit(rgb: Tensor, own: Tensor) -> Tensor:
    """``rgb`` with the luma of ``own``, both (b, 3, H, W): the same is added to each channel, so that noise which is in
    ``own`` alone stays grey."""
    weights = rgb.new_tensor([0.2126, 0.7152, 0.0722]).view(1, 3, 1, 1)  # ITU-R BT.709
    return rgb + ((own - rgb) * weights).sum(1, keepdim=True)


def _enlarge_one(maps: Tensor, small: Tensor, nir: Tensor, light: Tensor | None, rgb: Tensor) -> None:
    """One picture, by the kernels: maps (6, h, w), small (h, w), nir and light (H, W) -> rgb (H, W, 3)."""
    from nircolor.model import guided_kernels as kernels
    from nircolor.scan import pool

    flat = small.numpy()
    around, variance = np.empty_like(flat), np.empty_like(flat)
    kernels.box_mean(flat, RADIUS, around)
    kernels.box_mean(flat * flat, RADIUS, variance)
    variance += np.float32(SMOOTH) - around * around
    slope, level = np.empty(maps.shape, np.float32), np.empty(maps.shape, np.float32)

    def fit(channels: list[int]) -> None:
        for c in channels:
            kernels.fit(maps[c].numpy(), flat, around, variance, RADIUS, slope[c], level[c])

    pool.run(fit, range(6))
    parts = np.concatenate([slope[:3], 1 + level[:3] + slope[3:], level[3:], around[None]])
    source, other = nir.numpy(), np.empty((0, 0), np.float32) if light is None else light.numpy()

    def enlarge(bands: list[int]) -> None:
        for top in bands:
            kernels.rows_of(parts, source, other, top, min(top + BAND, len(source)), rgb.numpy())

    pool.run(enlarge, range(0, len(source), BAND))


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
