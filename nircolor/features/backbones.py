"""The three networks that LPIPS v0.1 looks through: layers and taps of torchvision's ``features``, written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Conv:
    """A convolution and the ReLU behind it, which torchvision counts as one more layer."""

    stride: int = 1
    padding: int = 1


@dataclass(frozen=True)
class Pool:
    side: int = 2
    ceil: bool = False


@dataclass(frozen=True)
class Fire:
    """SqueezeNet: a 1x1 convolution, then a 1x1 and a 3x3 one side by side, each with its ReLU."""


@dataclass(frozen=True)
class Backbone:
    """``layers`` maps numbers in ``features`` to what they are; ``taps`` are the numbers after which LPIPS looks.
    ``smallest`` is the shortest side, in pixels, of a picture that reaches the last tap."""

    name: str
    layers: Mapping[int, Conv | Pool | Fire]
    taps: tuple[int, ...]
    smallest: int

    def features(self, x: Tensor, weights: Mapping[str, Tensor]) -> list[Tensor]:
        """x: (n, 3, H, W), normalised -> the maps of all taps. ``weights`` as in the file, on the device of x."""
        maps = []
        for number, layer in self.layers.items():
            x = _apply(layer, f"features.{number}", x, weights)
            last = number + isinstance(layer, Conv)
            if last in self.taps:
                maps.append(x)
        return maps


def _apply(layer: Conv | Pool | Fire, name: str, x: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
    if isinstance(layer, Pool):
        return F.max_pool2d(x, layer.side, 2, ceil_mode=layer.ceil)
    if isinstance(layer, Conv):
        return F.relu(_convolve(name, x, weights, layer.stride, layer.padding))
    x = F.relu(_convolve(f"{name}.squeeze", x, weights))
    return F.relu(
        torch.cat(
            [_convolve(f"{name}.expand1x1", x, weights), _convolve(f"{name}.expand3x3", x, weights, padding=1)], 1
        )
    )


def _convolve(name: str, x: Tensor, weights: Mapping[str, Tensor], stride: int = 1, padding: int = 0) -> Tensor:
    return F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], stride, padding)


def _stack(blocks: Sequence[int]) -> dict[int, Conv | Pool | Fire]:
    """VGG: blocks of 3x3 convolutions, with a pool between two blocks."""
    layers: dict[int, Conv | Pool | Fire] = {}
    number = 0
    for index, count in enumerate(blocks):
        if index:
            layers[number] = Pool()
            number += 1
        for _ in range(count):
            layers[number] = Conv()
            number += 2
    return layers


_SQUEEZE: dict[int, Conv | Pool | Fire] = {0: Conv(stride=2, padding=0)}
_SQUEEZE |= {n: Pool(3, ceil=True) if n in (2, 5, 8) else Fire() for n in range(2, 13)}
_ALEX: dict[int, Conv | Pool | Fire] = {
    0: Conv(4, 2),
    2: Pool(3),
    3: Conv(1, 2),
    5: Pool(3),
    6: Conv(),
    8: Conv(),
    10: Conv(),
}

BACKBONES = {
    backbone.name: backbone
    for backbone in (
        Backbone("squeeze", _SQUEEZE, (1, 4, 7, 9, 10, 11, 12), smallest=17),
        Backbone("alex", _ALEX, (1, 4, 7, 9, 11), smallest=31),
        Backbone("vgg", _stack((2, 2, 3, 3, 3)), (3, 8, 15, 22, 29), smallest=16),
    )
}
