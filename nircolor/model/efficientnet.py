"""EfficientNet-Lite encoders (Tan and Le 2019; the Lite variants of 2020): what things are, learned from photographs.

Batch norm is folded into the convolutions, so that an encoder is convolutions and ReLU6 alone. The architecture is
written down here; its ImageNet weights are read from a safetensors file in the layout of the public PyTorch ports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.errors import WeightsError
from nircolor.features.tensors import load_tensors

EPSILON = 1e-3  # of the batch norms that are folded
EXPANSION = 6  # of every block but the first
SEEN = 3  # levels, the last of which, at a stride of 16, tells kinds of surface apart
MOST_BLOCKS = 32
OWN = "prior_branch.pyramid.encoder."  # names of its tensors in a weights file of ours


@dataclass(frozen=True)
class EncoderLayout:
    """Blocks of one variant: kernels and output channels of each, and the blocks that halve the picture.

    ``taps`` are the blocks whose maps leave the encoder, the finest first.
    """

    kernels: tuple[int, ...]
    channels: tuple[int, ...]
    halving: tuple[int, ...]
    taps: tuple[int, ...]
    stem: int = 32
    inputs: int = 3  # channels of a picture; 1: a grey one, which the weights of three are summed for

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of the maps that leave the encoder."""
        return tuple(self.channels[i] for i in self.taps)


LAYOUTS = {
    "efficientnet-lite0": EncoderLayout(
        kernels=(3, 3, 3, 5, 5, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 3),
        channels=(16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112, 192, 192, 192, 192, 320),
        halving=(1, 3, 5, 11),
        taps=(2, 4, 10, 15),
    ),
}
SMALL = EncoderLayout(  # its first 15 blocks on a grey picture: 2.5 of its 3.4 M parameters
    kernels=LAYOUTS["efficientnet-lite0"].kernels[:15],
    channels=LAYOUTS["efficientnet-lite0"].channels[:15],
    halving=LAYOUTS["efficientnet-lite0"].halving,
    taps=(0, 2, 4, 10, 14),
    inputs=1,
)
"""Taps at strides 2, 4, 8, 16 and 32, for ``edge.py``."""


class EfficientNetLite(nn.Module):
    """(b, 3, H, W) in [0, 1], sides a multiple of 32 -> maps at the strides of the layout's taps."""

    def __init__(self, layout: EncoderLayout) -> None:
        super().__init__()
        self.layout = layout
        self.stem = SameConv(layout.inputs, layout.stem, 3, 2)
        inputs = (layout.stem, *layout.channels)
        self.blocks = nn.ModuleList(
            InvertedResidual(inputs[i], width, kernel, 2 if i in layout.halving else 1, EXPANSION if i else 1)
            for i, (width, kernel) in enumerate(zip(layout.channels, layout.kernels, strict=True))
        )

    def forward(self, rgb: Tensor, levels: int = 4) -> list[Tensor]:
        """Finest map first. A near-infrared picture is copied to three channels by the caller."""
        x, taps = F.relu6(self.stem(centred(rgb))), self.layout.taps[:levels]
        maps = []
        for i, block in enumerate(self.blocks[: taps[-1] + 1]):
            x = block(x)
            if i in taps:
                maps.append(x)
        return maps

    def load_pretrained(self, path: str | Path) -> None:
        """Take the ImageNet weights of a file, batch norms folded in, or those that an encoder of ours has learned
        further: of a whole network, G_B's. Raises WeightsError where they do not fit."""
        stored = load_tensors(path, "encoder's")
        try:
            state = _own(stored, len(self.blocks)) or _folded(stored, len(self.blocks))
            if self.layout.inputs == 1:
                state["stem.weight"] = state["stem.weight"].sum(1, keepdim=True)
            self.load_state_dict(state)
        except (LookupError, RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[-1][:200]
            raise WeightsError(f"not the weights of this EfficientNet-Lite ({reason})", path=path) from error


def centred(picture: Tensor) -> Tensor:
    """What the encoders were trained on, of values in [0, 1]."""
    return (picture * 255 - 127) / 128


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME does: at a stride of 2 the odd row and column are bottom and right."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, 0 if stride == 2 else kernel // 2, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] == 2:
            after = self.kernel_size[0] // 2
            x = F.pad(x, (after - 1, after, after - 1, after))
        return super().forward(x)


class InvertedResidual(nn.Module):
    """1x1 to more channels, depthwise, 1x1 back, with a skip where the shapes agree (MobileNetV2)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = nn.Conv2d(inputs, inner, 1) if expansion > 1 else None
        self.depthwise = SameConv(inner, inner, kernel, stride, groups=inner)
        self.project = nn.Conv2d(inner, outputs, 1)
        self.skips = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.skips else y


def _own(stored: Mapping[str, Tensor], blocks: int) -> dict[str, Tensor]:
    """The first ``blocks`` of an encoder of a network of ours; empty where the file holds none."""
    found = {name.removeprefix(OWN): value for name, value in stored.items() if name.startswith(OWN)}
    further = tuple(f"blocks.{i}." for i in range(blocks, MOST_BLOCKS))
    return {name: value for name, value in found.items() if not name.startswith(further)}


def _folded(stored: Mapping[str, Tensor], blocks: int) -> dict[str, Tensor]:
    """The file's tensors under the names used here, each convolution with its batch norm folded in."""
    state = _fold(stored, "_conv_stem", "_bn0", "stem")
    for i in range(blocks):
        here, norms = f"_blocks.{i}.", iter(("_bn0", "_bn1", "_bn2"))
        for name in ("expand", "depthwise", "project"):
            norm = next(norms)
            if f"{here}_{name}_conv.weight" in stored:
                state |= _fold(stored, f"{here}_{name}_conv", here + norm, f"blocks.{i}.{name}")
    return state


def _fold(stored: Mapping[str, Tensor], conv: str, norm: str, name: str) -> dict[str, Tensor]:
    scale = stored[f"{norm}.weight"] / torch.sqrt(stored[f"{norm}.running_var"] + EPSILON)
    bias = stored[f"{norm}.bias"] - stored[f"{norm}.running_mean"] * scale
    return {f"{name}.weight": stored[f"{conv}.weight"] * scale[:, None, None, None], f"{name}.bias": bias}
