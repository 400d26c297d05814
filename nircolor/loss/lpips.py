"""LPIPS v0.1 on SqueezeNet 1.1 (Zhang et al. 2018), from a safetensors file of its weights: a metric and a loss."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from nircolor.errors import WeightsError

TAPS = (1, 4, 7, 9, 10, 11, 12)
POOLS = (2, 5, 8)  # 3x3 max-pools with stride 2; 0 is the first convolution, 1 its ReLU, the rest are fire modules
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


class LpipsSqueeze(nn.Module):
    """Perceptual distance of image pairs, always named ``lpips-squeeze``: numbers of other backbones are not
    comparable.

    The file holds torchvision's ``squeezenet1_1().features`` as ``features.*`` and the heads as ``lin0..lin6.weight``.
    Raises WeightsError when the file is missing or is not that.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        try:
            self._weights = load_file(str(path))
            self._weights[f"features.{TAPS[-1]}.expand3x3.bias"], self._weights["lin6.weight"]
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise WeightsError(f"{path}: not the LPIPS-squeeze weights that were expected ({error})") from error
        except Exception as error:  # safetensors has an error class of its own, derived from Exception alone
            raise WeightsError(f"{path}: not a safetensors file ({error})") from error

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """a, b: (n, 3, H, W) in [0, 1], H and W at least 31 -> (n,) distances, 0 for equal images."""
        total = a.new_zeros(len(a), dtype=torch.float32)
        features = self._features(torch.cat([a, b]))
        for i, feature in enumerate(features):
            x, y = (_unit(part) for part in feature.float().chunk(2))
            head = self._weights[f"lin{i}.weight"].to(x.device)
            total = total + F.conv2d((x - y).square(), head).mean((1, 2, 3))
        return total

    def _features(self, x: Tensor) -> list[Tensor]:
        shift, scale = (x.new_tensor(v).view(1, 3, 1, 1) for v in (SHIFT, SCALE))
        x = ((x * 2 - 1 - shift) / scale).contiguous(memory_format=torch.channels_last)
        x = F.relu(F.conv2d(x, *self._layer("features.0", x), stride=2))
        taps = [x]
        for i in range(2, TAPS[-1] + 1):
            x = F.max_pool2d(x, 3, 2, ceil_mode=True) if i in POOLS else self._fire(f"features.{i}", x)
            if i in TAPS:
                taps.append(x)
        return taps

    def _fire(self, name: str, x: Tensor) -> Tensor:
        x = F.relu(F.conv2d(x, *self._layer(f"{name}.squeeze", x)))
        one = F.conv2d(x, *self._layer(f"{name}.expand1x1", x))
        three = F.conv2d(x, *self._layer(f"{name}.expand3x3", x), padding=1)
        return F.relu(torch.cat([one, three], 1))

    def _layer(self, name: str, like: Tensor) -> tuple[Tensor, Tensor]:
        return self._weights[f"{name}.weight"].to(like.device), self._weights[f"{name}.bias"].to(like.device)


def _unit(x: Tensor) -> Tensor:
    return x / (x.square().sum(1, keepdim=True).clamp_min(1e-20).sqrt() + 1e-10)
