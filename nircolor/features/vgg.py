"""The perceptual term of HAQAGen (eq. 3, g): VGG-19 at relu4_2, from a safetensors file or from torchvision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from nircolor.errors import WeightsError
from nircolor.features.tensors import load_tensors

TORCHVISION = "torchvision"
BLOCKS = (2, 2, 4, 2)  # 3x3 convolutions, each with its ReLU, up to relu4_2; a 2x2 max-pool between two blocks
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, which torchvision's VGG-19 was trained with


@dataclass(frozen=True)
class _Layout:
    """A file of weights: the names of its convolutions in order, and the channels of the first block."""

    name: str
    convolutions: tuple[str, ...]
    width: int
    padding: Literal["zeros", "reflect"]
    smallest: int


FULL = _Layout(
    "VGG-19 relu4_2", tuple(f"features.{n}" for n in (0, 2, 5, 7, 10, 12, 14, 16, 19, 21)), 64, "zeros", smallest=8
)
DISTILLED = _Layout(
    "distilled VGG-19 relu4_2",
    tuple(f"conv{n}" for n in (11, 12, 21, 22, 31, 32, 33, 34, 41, 42)),
    16,
    "reflect",
    smallest=16,
)


class Vgg(nn.Module):
    """relu4_2 of one of two networks, frozen; the names of the tensors tell which. ``name`` belongs to every number.

    "VGG-19 relu4_2": torchvision's vgg19, its ``features.*`` (a ``classifier.*`` is ignored); 512 channels.
    "distilled VGG-19 relu4_2": VGG-19 distilled to 1/16 of its weights (Collaborative Distillation, Wang et al. 2020),
    with its colour transform ``conv0``; 128 channels.

    ``path``: a safetensors file, or ``torchvision``, which fetches its own file of the former when it is asked first.
    ``smallest`` is the shortest side, in pixels, that it can look at. Raises WeightsError when the file is missing or
    is neither, or torchvision is not installed.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        state = _from_torchvision() if path == TORCHVISION else load_tensors(path, "VGG-19")
        layout = _recognise(state, path)
        self.name, self.smallest = layout.name, layout.smallest
        self.layers = nn.Sequential(nn.Conv2d(3, 3, 1), *_layers(layout))
        names = ("conv0", *layout.convolutions)
        convolutions = (layer for layer in self.layers if isinstance(layer, nn.Conv2d))
        try:
            for name, convolution in zip(names, convolutions, strict=True):
                convolution.load_state_dict({key: state[f"{name}.{key}"] for key in ("weight", "bias")})
        except (KeyError, RuntimeError) as error:
            raise WeightsError(f"not the {self.name} weights that were expected ({error})", path=path) from error
        self.eval().requires_grad_(False)

    def features(self, x: Tensor) -> Tensor:
        """(n, 3, H, W), sRGB in [0, 1] -> relu4_2, (n, 512 or 128, H // 8, W // 8)."""
        return self.layers(x.contiguous(memory_format=torch.channels_last))  # type: ignore[no-any-return]

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """a, b: (n, 3, H, W), sRGB in [0, 1], sides at least ``smallest`` -> (n,), 0 for equal images.

        Mean over channels and pixels of the squared difference of relu4_2. The paper's norm may be the sum.
        """
        difference = self.features(a).float() - self.features(b).float()  # one by one: b needs no gradient, nor memory
        return difference.square().mean((1, 2, 3))


def _from_torchvision() -> dict[str, Tensor]:
    """ImageNet's VGG-19 of the user's own torchvision."""
    try:
        from torchvision.models import VGG19_Weights, vgg19

        state: dict[str, Tensor] = vgg19(weights=VGG19_Weights.IMAGENET1K_V1).state_dict()
        return state
    except (ImportError, OSError, RuntimeError) as error:  # not there, no network, not made for this torch
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(
            f"vgg_weights = {TORCHVISION}: torchvision gives none ({reason}); name a safetensors file instead"
        ) from error


def _recognise(state: dict[str, Tensor], path: str | Path) -> _Layout:
    """Adds the colour transform to ``state`` where the file has none: (x - mean) / std as a matrix."""
    if _has(state, FULL):
        mean, std = torch.tensor(MEAN), torch.tensor(STD)
        state |= {"conv0.weight": torch.diag(1 / std)[:, :, None, None], "conv0.bias": -mean / std}
        return FULL
    if _has(state, DISTILLED):
        return DISTILLED
    reason = "neither torchvision's VGG-19 (features.0 to features.21) nor the distilled one (conv0 to conv42)"
    raise WeightsError(reason, path=path)


def _has(state: Mapping[str, Tensor], layout: _Layout) -> bool:
    return all(f"{name}.weight" in state for name in layout.convolutions)


def _layers(layout: _Layout) -> Iterator[nn.Module]:
    channels = 3
    for index, count in enumerate(BLOCKS):
        if index:
            yield nn.MaxPool2d(2, 2)
        for _ in range(count):
            width = layout.width << index
            yield nn.Conv2d(channels, width, 3, 1, 1, padding_mode=layout.padding)
            yield nn.ReLU()
            channels = width
