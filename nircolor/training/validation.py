"""Quick scores during training, on pictures reduced to half a thousand pixels; final ones are measured at full size."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from nircolor.datasets import Pair
from nircolor.evaluation.metrics import angular_error, psnr
from nircolor.loss.lpips import Lpips
from nircolor.model import Generator
from nircolor.training.pairs import load_pair

LONG_SIDE = 512
PRIOR_SIZE = 224  # the prior sees at most this many pixels squared


@torch.no_grad()
def validate(network: Generator, pairs: Sequence[Pair], perceptual: Lpips | None) -> dict[str, float]:
    """Mean PSNR, angular error and, where its weights are given, LPIPS-squeeze of what an 8-bit file would hold."""
    rows = []
    network.eval()
    for pair in pairs:
        nir, rgb = (_reduce(image) for image in load_pair(pair))
        x = torch.from_numpy(nir.astype(np.float32) / 255)[None, None]
        with torch.autocast("cpu", torch.bfloat16):
            prediction = network.paint(x, _whole_prior(network, x))[0].float()
        saved = (prediction.clamp(0, 1) * 255).round() / 255
        truth = torch.from_numpy(rgb.astype(np.float32) / 255).permute(2, 0, 1)
        a, b = saved.permute(1, 2, 0).numpy(), truth.permute(1, 2, 0).numpy()
        row = {"psnr": psnr(a, b), "angle": angular_error(a, b)}
        if perceptual is not None:
            row["lpips-squeeze"] = perceptual(saved[None], truth[None]).item()
        rows.append(row)
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _reduce(image: np.ndarray) -> np.ndarray:
    scale = LONG_SIDE / max(image.shape[:2])
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image


def _whole_prior(network: Generator, nir: torch.Tensor) -> torch.Tensor:
    height, width = nir.shape[-2:]
    scale = min(1.0, PRIOR_SIZE / (height * width) ** 0.5)
    small = F.interpolate(nir, (max(1, round(height * scale)), max(1, round(width * scale))), mode="area")
    prior = network.prior(small).float()
    return F.interpolate(prior, (height, width), mode="bilinear", align_corners=False)
