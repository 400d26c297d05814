"""Small parts that every network here is built from. Feature maps are (b, C, H, W), kept in channels-last memory."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.model.channel_norm import channel_norm


def begin(values: Callable[[Tensor], Tensor], *shape: int) -> nn.Parameter:
    """A parameter of ``shape`` that begins as what ``values`` makes of an empty one: whatever has to be computed.

    Nothing is computed on the ``meta`` device, where weights files are checked: to find out the shape of a sum there
    torch imports its compiler, which takes half as long as torch itself.
    """
    empty = torch.empty(shape)
    return nn.Parameter(empty if empty.is_meta else values(empty))


def small(empty: Tensor) -> Tensor:
    """Normally distributed, with a deviation of 0.02."""
    return empty.normal_() * 0.02


def pad_to_multiple(x: Tensor, multiple: int, least: int = 1) -> Tensor:
    """Pad bottom and right to a multiple, and to ``least``: reflect as far as the picture reaches, then replicate."""
    for axis in (-2, -1):
        need = max(least - x.shape[axis], -x.shape[axis] % multiple)
        for mode, amount in (("reflect", min(need, x.shape[axis] - 1)), ("replicate", need)):
            step = min(amount, need)
            if step > 0:
                x = F.pad(x, (0, step, 0, 0) if axis == -1 else (0, 0, 0, step), mode=mode)
                need -= step
    return x


def laplacian(nir: Tensor) -> Tensor:
    """Edges of a (b, 1, H, W) picture: 8 at the centre, -1 around, borders replicated (ColorMamba eq. 4)."""
    kernel = nir.new_full((1, 1, 3, 3), -1.0)
    kernel[0, 0, 1, 1] = 8.0
    return F.conv2d(F.pad(nir, (1, 1, 1, 1), mode="replicate"), kernel)


class ChannelNorm(nn.Module):
    """Normalises each pixel over its channels: no statistics of a tile, so its colour does not depend on its cut."""

    def __init__(self, channels: int, affine: bool = True) -> None:
        super().__init__()
        self.channels = channels
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None

    def forward(self, x: Tensor, modulation: Tensor | None = None, silu: bool = False) -> Tensor:
        """(b, C, H, W), of which ``modulation`` (b, 2 C, H, W) says gamma - 1 and beta of each pixel; SiLU if asked."""
        if modulation is not None:
            return channel_norm(x, modulation, 1.0, silu)
        return channel_norm(x, self._modulation(x), 0.0, silu)

    def _modulation(self, x: Tensor) -> Tensor:
        """(1, 2 C, 1, 1): scale, then shift."""
        if self.weight is None or self.bias is None:
            return torch.stack([x.new_ones(self.channels), x.new_zeros(self.channels)]).view(1, -1, 1, 1)
        return torch.cat([self.weight, self.bias]).view(1, -1, 1, 1)


class PixelLinear(nn.Linear):
    """``nn.Linear`` on maps (b, H, W, C), computed as a 1 x 1 convolution: the same product, but by oneDNN.

    On AMD CPUs torch's float32 ``linear`` goes through a slower library; see docs/architecture.md for numbers.
    """

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.weight[:, :, None, None]
        return F.conv2d(x.permute(0, 3, 1, 2), kernel, self.bias).permute(0, 2, 3, 1)


def norm(kind: str, channels: int, affine: bool = True) -> nn.Module:
    """``instance`` (the papers' networks) or ``channel`` (ours).

    Instance norm is a group norm of single channels; torch's own instance norm copies channels-last maps twice.
    """
    if kind == "instance":
        return nn.GroupNorm(channels, channels, affine=affine)
    return ChannelNorm(channels, affine)


def norm_silu(layer: nn.Module, x: Tensor) -> Tensor:
    """SiLU of a norm; in one call where the norm can."""
    return layer(x, silu=True) if isinstance(layer, ChannelNorm) else F.silu(layer(x))


def conv3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1)


class ResBlock(nn.Module):
    """norm, SiLU, 3x3 convolution, twice, with a skip (1x1 where the width changes)."""

    def __init__(self, inputs: int, outputs: int, norm_kind: str) -> None:
        super().__init__()
        self.norm1, self.conv1 = norm(norm_kind, inputs), conv3(inputs, outputs)
        self.norm2, self.conv2 = norm(norm_kind, outputs), conv3(outputs, outputs)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(norm_silu(self.norm1, x))
        y = self.conv2(norm_silu(self.norm2, y))
        return self.skip(x) + y  # type: ignore[no-any-return]


class SeparableBlock(nn.Module):
    """5x5 depthwise convolution, norm, 1x1 convolutions with SiLU between, and a skip (HAQAGen's compact CNN)."""

    def __init__(self, inputs: int, outputs: int, norm_kind: str, expand: int = 2) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 5, 1, 2, groups=inputs)
        self.norm = norm(norm_kind, inputs)
        self.widen, self.narrow = nn.Conv2d(inputs, expand * outputs, 1), nn.Conv2d(expand * outputs, outputs, 1)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.narrow(F.silu(self.widen(self.norm(self.depthwise(x)))))
        return self.skip(x) + y  # type: ignore[no-any-return]
