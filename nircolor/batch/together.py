"""Small pictures of one size go through the network together: one large step costs less than many small ones.

``Colorizer.colorize`` is the reference: results agree but for the order of additions in the network, which on some
devices depends on how many pictures there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nircolor.colorizer import Colorizer, reduce_area
from nircolor.device import PRECISIONS, is_out_of_memory
from nircolor.image.quantize import SCALES, round_to
from nircolor.image.tone import equalize
from nircolor.model import crop_prior


def can_share(engine: Colorizer, shape: tuple[int, ...]) -> bool:
    """Whether a picture of (H, W) is one tile, and so small that G_A looks at it as closely as it can."""
    whole = engine.reduction_of(shape) == engine.network.config.reduction
    return whole and max(shape[:2]) <= engine.tiling_of(shape).tile


def colorize_together(engine: Colorizer, pictures: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """Colorize pictures that are all (H, W) of one type, as ``Colorizer.colorize`` does each.

    Where they do not fit into memory together they go one by one.
    """
    if len(pictures) == 1 or not can_share(engine, pictures[0].shape):
        return [engine.colorize(nir) for nir in pictures]
    try:
        return _together(engine, pictures)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    return [engine.colorize(nir) for nir in pictures]


def _together(engine: Colorizer, pictures: list[NDArray[Any]]) -> list[NDArray[Any]]:
    network, dtype = engine.network, PRECISIONS[engine.info.precision]
    if network.config.equalize:
        pictures = [equalize(nir) for nir in pictures]
    device = torch.device(engine.info.device)
    with torch.inference_mode(), torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        x = _stack(pictures, device)  # (b, 1, H, W)
        reduction = engine.reduction_of(pictures[0].shape)
        rgb = network.paint(x, _priors(engine, pictures, x, reduction), reduction)  # (b, 3, H, W)
    rows = rgb.float().clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
    return [round_to(one, nir.dtype) for one, nir in zip(rows, pictures, strict=True)]


def _priors(engine: Colorizer, pictures: list[NDArray[Any]], x: Tensor, reduction: float) -> Tensor:
    """(b, P, h, w): each picture's own colour decision, at the size at which G_A works."""
    if engine.prior == "tile":
        return engine.network.prior(x).float()
    config = engine.network.config
    whole = engine.network.prior(_stack([reduce_area(nir, config.prior_size) for nir in pictures], x.device)).float()
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0]] * len(pictures))
    return crop_prior(whole, boxes, *(max(1, round(side / reduction)) for side in x.shape[-2:]))


def _stack(pictures: list[NDArray[Any]], device: torch.device) -> Tensor:
    scale = np.float32(1 / SCALES[pictures[0].dtype])
    return torch.from_numpy(np.stack(pictures).astype(np.float32) * scale)[:, None].to(device)
