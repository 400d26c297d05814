"""LPIPS v0.1 (Zhang et al. 2018), from a safetensors file of its weights: a metric and a loss."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.errors import UsageError, WeightsError
from nircolor.features.backbones import BACKBONES
from nircolor.features.tensors import load_tensors

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


class Lpips(nn.Module):
    """Perceptual distance of image pairs. ``name`` (lpips-squeeze, lpips-alex, lpips-vgg) belongs to every number:
    those of two backbones are not comparable.

    The file holds torchvision's ``features`` of the backbone (squeezenet1_1, alexnet, vgg16) as ``features.*``, and the
    heads as ``lin0.weight``, ``lin1.weight``, ... of shape (1, C, 1, 1).
    Raises UsageError for an unknown backbone, WeightsError when the file is missing or is not that.
    """

    def __init__(self, path: str | Path, backbone: str = "squeeze") -> None:
        super().__init__()
        if backbone not in BACKBONES:
            raise UsageError("unknown", option="lpips", value=backbone, remedy=f"give {', '.join(BACKBONES)}")
        self.backbone, self.name = BACKBONES[backbone], f"lpips-{backbone}"
        self._weights = load_tensors(path, self.name)
        try:
            with torch.no_grad():  # every tensor is looked at once, on a picture of the smallest size
                side = self.backbone.smallest
                self(torch.zeros(1, 3, side, side), torch.ones(1, 3, side, side))
        except (KeyError, RuntimeError) as error:
            raise WeightsError(f"not the {self.name} weights that were expected ({error})", path=path) from error

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """a, b: (n, 3, H, W) in [0, 1], sides at least ``backbone.smallest`` -> (n,), 0 for equal images.

        Mean over pixels of the weighted squared difference of unit feature vectors, summed over the taps.
        """
        self._weights = {name: value.to(a.device) for name, value in self._weights.items()}
        total = a.new_zeros(len(a), dtype=torch.float32)
        for i, (x, y) in enumerate(zip(self._units(a), self._units(b), strict=True)):
            total = total + F.conv2d((x - y).square(), self._weights[f"lin{i}.weight"]).mean((1, 2, 3))
        return total

    def _units(self, x: Tensor) -> list[Tensor]:
        """The unit feature vectors of all taps; apart for each picture, so that a target costs no backward pass."""
        return [_unit(feature.float()) for feature in self.backbone.features(_normalise(x), self._weights)]


def _normalise(x: Tensor) -> Tensor:
    shift, scale = (x.new_tensor(v).view(1, 3, 1, 1) for v in (SHIFT, SCALE))
    return ((x * 2 - 1 - shift) / scale).contiguous(memory_format=torch.channels_last)


def _unit(x: Tensor) -> Tensor:
    return x * (1 / (x.square().sum(1, keepdim=True).clamp_min(1e-20).sqrt() + 1e-10))  # a map times a small map
