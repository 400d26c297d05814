"""A network for small machines: convolutions and ReLU6 alone, one branch, whole numbers of 8 bits when it is exported.

It looks at a picture of about ``SIDE`` squared pixels once, and says for each 2 x 2 of them how colours depend on the
near-infrared value there. What is left to do at full size is a parabola for each pixel. Its structure is written once
(``walk``), in steps that torch takes here, and ONNX operators in ``twin/edge.py``.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from nircolor.ends import DARK, known, ramp
from nircolor.model.config import ModelConfig
from nircolor.model.efficientnet import SMALL, EfficientNetLite, InvertedResidual, centred
from nircolor.model.eight_bits import NUDGE, PICTURE, rounded, rounded_weight, span
from nircolor.model.generator import Generator
from nircolor.model.guided import coefficients, parabola, relit, to_size
from nircolor.model.layers import conv3

SIDE = 256  # squared, the pixels that it looks at, of a large picture
SHARE = 7 / 8  # of the sides of a small one: nearly as good, and a quarter less work
MULTIPLE = 32  # of the sides of what it looks at
REMEMBERED = 0.98  # of a range of numbers, from one step of training to the next
X = TypeVar("X")


class Steps(Protocol[X]):
    """What a network of ``walk`` is made of. What ``conv`` and ``add`` make has a range of numbers of its own, in their
    order."""

    def given(self, nir: X) -> X:
        """What it begins with."""

    def conv(self, x: X, layer: nn.Conv2d, bounded: bool) -> X:
        """``bounded``: by ReLU6."""

    def add(self, x: X, y: X) -> X: ...

    def twice(self, x: X) -> X:
        """Twice as high and wide, each number four times."""


def walk(steps: Steps[X], network: EdgePyramid, nir: X) -> X:
    """A centred near-infrared picture (b, 1, h, w) -> (b, C, h / 2, w / 2): what ``head`` makes maps of."""
    encoder = network.encoder
    x, maps = steps.conv(steps.given(nir), encoder.stem, True), []
    for i, block in enumerate(encoder.blocks):
        assert isinstance(block, InvertedResidual)
        y = x if block.expand is None else steps.conv(x, block.expand, True)
        y = steps.conv(steps.conv(y, block.depthwise, True), block.project, False)
        x = steps.add(x, y) if block.skips else y
        if i in encoder.layout.taps:
            maps.append(x)
    x = steps.conv(maps.pop(), network.laterals[-1], True)  # type: ignore[arg-type]
    for level in reversed(range(len(network.levels))):
        if level < len(network.ups):
            up = steps.twice(steps.conv(x, network.ups[level], False))  # type: ignore[arg-type]
            x = steps.add(up, steps.conv(maps.pop(), network.laterals[level], False))  # type: ignore[arg-type]
        for conv in network.levels[level].children():
            x = steps.conv(x, conv, True)  # type: ignore[arg-type]
    return x


class EdgePyramid(nn.Module):
    """An encoder that has seen a million photographs, and a decoder of 3 x 3 convolutions on the way back up.

    ``branch.widths`` and ``branch.blocks`` are those of the decoder, at strides 2, 4, 8, 16 and 32.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths = config.prior.widths
        self.encoder = EfficientNetLite(SMALL)
        self.laterals = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(SMALL.widths, widths, strict=True))
        self.ups = nn.ModuleList(nn.Conv2d(widths[i + 1], widths[i], 1) for i in range(len(widths) - 1))
        self.levels = nn.ModuleList(
            nn.Sequential(*(conv3(width, width) for _ in range(blocks)))
            for width, blocks in zip(widths, config.prior.blocks, strict=True)
        )
        self.head = nn.Conv2d(widths[0], 6, 1)
        nn.init.zeros_(self.head.weight)  # start as the grey copy
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]


class EdgeBranch(nn.Module):
    """Near-infrared -> the maps of an affine head: three gains, three offsets.

    ``ranges`` (n, 2): the least and the largest number after each step of ``walk``, as training has seen them. They
    become the ranges of 8 bits. ``eight_bits``: whether numbers and weights are rounded as the ONNX file has them.
    """

    ranges: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.pyramid, self.eight_bits = EdgePyramid(config), False
        self.register_buffer("ranges", torch.zeros(_count(self.pyramid), 2))

    def forward(self, nir: Tensor) -> Tensor:
        """(b, 1, h, w) in [0, 1], sides a multiple of 32 -> (b, 6, h / 2, w / 2)."""
        steps = _EightBits(self.ranges, self.training) if self.eight_bits else _Floats(self.ranges, self.training)
        return self.pyramid.head(walk(steps, self.pyramid, centred(nir)))  # type: ignore[no-any-return]


class Edge(Generator):
    """NIR to RGB for any H x W from 1 x 1 up, in the place of a ``Generator``: it has one branch.

    Its prior is all that is decided: (b, 9, h, w), for red, green and blue the second, first and constant coefficients
    of a parabola in the near-infrared value, whose value is how far a colour is from grey. ``paint`` has a tile's.
    """

    prior_branch: EdgeBranch

    def __init__(self, config: ModelConfig) -> None:
        nn.Module.__init__(self)
        self.config = config
        self.prior_branch = EdgeBranch(config)
        self.rgb_branch = nn.Identity()  # type: ignore[assignment]
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def prior(self, nir: Tensor) -> Tensor:
        """(b, 1, H, W) in [0, 1] -> (b, 9, h, w)."""
        seen = F.interpolate(nir, look_shape(*nir.shape[-2:]), mode="bilinear", antialias=True)
        maps = self.prior_branch(seen.contiguous(memory_format=torch.channels_last))
        parts = coefficients(maps, F.avg_pool2d(seen, 2))
        away = torch.cat([parts[:, :3], parts[:, 3:6] - 1, parts[:, 6:9]], 1)
        made: Tensor = away * ramp(parts[:, 9:] / DARK)
        return made

    def paint(self, nir: Tensor, prior: Tensor, reduction: float = 1.0, light: Tensor | None = None) -> Tensor:
        """As ``Generator.paint``; there is nothing for ``reduction`` to reduce."""
        second, first, constant = to_size(prior, nir.shape[-2:]).chunk(3, 1)

        def seen(x: Tensor) -> Tensor:
            return x + parabola(second, first, constant, x.float()) * known(x)  # type: ignore[no-any-return]

        return seen(nir) if light is None else relit(seen(nir), seen(light))

    def prior_size(self, height: int, width: int, reduction: float) -> tuple[int, int]:
        """Of the tile itself."""
        return height, width


def look_shape(height: int, width: int) -> tuple[int, int]:
    """Of what is looked at, of a picture: with nearly its ratio, at most about ``SIDE`` squared pixels."""
    scale = min(SHARE, SIDE / (height * width) ** 0.5) / MULTIPLE
    return max(1, round(height * scale)) * MULTIPLE, max(1, round(width * scale)) * MULTIPLE


class _Floats:
    """Steps as torch takes them; in training ``ranges`` follow the numbers."""

    def __init__(self, ranges: Tensor, training: bool) -> None:
        self._ranges, self._training, self._number = ranges, training, 0

    def given(self, nir: Tensor) -> Tensor:
        return nir

    def conv(self, x: Tensor, layer: nn.Conv2d, bounded: bool) -> Tensor:
        y = layer(x)
        return self._seen(F.relu6(y) if bounded else y, bounded)

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        return self._seen(x + y, False)

    def twice(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2.0, mode="nearest")

    def _seen(self, x: Tensor, bounded: bool) -> Tensor:
        if self._training:
            self._watch(x, self._ranges[self._number])
        self._number += 1
        return x

    @torch.no_grad()
    def _watch(self, x: Tensor, known: Tensor) -> None:
        now = torch.stack(torch.aminmax(x[:1].detach())).float()  # of one sample: it takes its time
        known.copy_(now if not known.any() else known.lerp(now, 1 - REMEMBERED))


class _EightBits(_Floats):
    """The same with all that is lost by 8 bits."""

    def given(self, nir: Tensor) -> Tensor:
        return rounded(nir + NUDGE, *PICTURE)

    def conv(self, x: Tensor, layer: nn.Conv2d, bounded: bool) -> Tensor:
        weight = {"weight": rounded_weight(layer.weight, layer.groups)}
        y = functional_call(layer, {**dict(layer.named_parameters()), **weight}, (x,))
        return self._seen(F.relu6(y) if bounded else y, bounded)

    def _seen(self, x: Tensor, bounded: bool) -> Tensor:
        x, (low, high) = super()._seen(x, bounded), self._ranges[self._number - 1].tolist()
        return rounded(x.float(), *span(low, high, bounded))


class _Counted:
    """Steps that are not taken."""

    def __init__(self) -> None:
        self.number = 0

    def given(self, nir: None) -> None:
        pass

    def conv(self, x: None, layer: nn.Conv2d, bounded: bool) -> None:
        self.number += 1

    def add(self, x: None, y: None) -> None:
        self.number += 1

    def twice(self, x: None) -> None:
        pass


def _count(network: EdgePyramid) -> int:
    steps = _Counted()
    walk(steps, network, None)
    return steps.number
