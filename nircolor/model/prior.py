"""G_B, the HSV colour prior branch (ColorMamba section 3.4, eq. 4; HAQAGen section 3.3)."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.model.config import BranchConfig, ModelConfig
from nircolor.model.efficientnet import LAYOUTS, SEEN
from nircolor.model.layers import ResBlock, SeparableBlock, conv3, laplacian
from nircolor.model.pyramid import Pyramid
from nircolor.model.vss import VSSBlock


class ShallowFeatures(nn.Module):
    """Eq. 4: the NIR picture, its HSV expansion, its Laplacian edges and a convolution of them, mixed by a convolution.

    The HSV of a grey picture is (0, 0, nir) whatever the picture, so that of the expansion only the value channel is
    kept and it equals the NIR input: the constant zeros and the copy would only cost time.
    """

    def __init__(self, outputs: int, stride: int) -> None:
        super().__init__()
        self.texture = conv3(1, outputs // 4)
        self.mix = conv3(2 + outputs // 4, outputs, stride)

    def forward(self, nir: Tensor) -> Tensor:
        """(b, 1, H, W) -> (b, outputs, H / stride, W / stride)."""
        edges = laplacian(nir)
        return self.mix(torch.cat([nir, edges, self.texture(edges)], 1))  # type: ignore[no-any-return]


class Level(nn.Sequential):
    """The blocks of one U-Net level: residual and VSS blocks, or separable ones."""

    def __init__(self, inputs: int, width: int, blocks: int, branch: BranchConfig, config: ModelConfig) -> None:
        if branch.kind == "separable":
            sizes = [inputs] + [width] * blocks
            super().__init__(*(SeparableBlock(a, b, config.norm) for a, b in pairwise(sizes)))
        else:
            vss = [VSSBlock(width, config.vss) for _ in range(blocks)]
            super().__init__(ResBlock(inputs, width, config.norm), *vss)


class Encoder(nn.Module):
    """Levels with a strided convolution between; used by both branches."""

    def __init__(self, branch: BranchConfig, config: ModelConfig) -> None:
        super().__init__()
        widths = branch.widths
        self.levels = nn.ModuleList(Level(w, w, n, branch, config) for w, n in zip(widths, branch.blocks, strict=True))
        self.downs = nn.ModuleList(conv3(a, b, 2) for a, b in pairwise(widths))

    def forward(self, x: Tensor) -> list[Tensor]:
        """(b, widths[0], H, W) -> one map a level, finest first."""
        maps = [self.levels[0](x)]
        for down, level in zip(self.downs, list(self.levels)[1:], strict=True):
            maps.append(level(down(maps[-1])))
        return maps


class Up(nn.Module):
    """1x1 convolution at the coarse size (cheaper there), then bilinear enlargement by two."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(self.mix(x), scale_factor=2.0, mode="bilinear", align_corners=False)


class PriorBranch(nn.Module):
    """NIR -> the colour prior: an HSV map in cone coordinates, then ``prior_features`` learned channels."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        branch, widths = config.prior, config.prior.widths
        self.stride = branch.stride
        self.stem = ShallowFeatures(widths[0], branch.stride)
        self.encoder = Encoder(branch, config)
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))  # (coarse, fine), coarsest first
        self.ups = nn.ModuleList(Up(coarse, fine) for coarse, fine in pairs)
        blocks = 1 if branch.kind == "separable" else 0
        self.decoder = nn.ModuleList(Level(fine, fine, blocks, branch, config) for _, fine in pairs)
        self.head = conv3(widths[0], 3 + config.prior_features)

    def forward(self, nir: Tensor) -> Tensor:
        """(b, 1, H, W), sides a multiple of ``config.multiple`` -> (b, 3 + prior_features, H / stride, W / stride).

        The first three channels are (s cos h, s sin h, v), where v is the NIR value plus what was learned.
        """
        stride = self.stride
        *maps, x = self.encoder(self.stem(nir))
        for up, level in zip(self.ups, self.decoder, strict=True):
            x = level(up(x) + maps.pop())
        out: Tensor = self.head(x)
        value = out[:, 2:3] + (F.avg_pool2d(nir, stride) if stride > 1 else nir)
        return torch.cat([out[:, :2], value, out[:, 3:]], 1)


class PretrainedPrior(nn.Module):
    """The same colour prior from a pretrained encoder, which is shown the NIR picture in all three channels."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.pyramid = Pyramid(config.prior, config, 3 + config.prior_features)

    def features(self, nir: Tensor) -> Tensor:
        """(b, 1, H, W) -> (b, C, H / 16, W / 16): what the encoder sees, by which kinds of surface are told apart."""
        return self.pyramid.encoder(nir.expand(-1, 3, -1, -1), SEEN)[-1]  # type: ignore[no-any-return]

    def forward(self, nir: Tensor) -> Tensor:
        """(b, 1, H, W) -> (b, 3 + prior_features, H / 4, W / 4): see ``PriorBranch``."""
        out: Tensor = self.pyramid(nir.expand(-1, 3, -1, -1))
        value = out[:, 2:3] + F.avg_pool2d(nir, 4)
        return torch.cat([out[:, :2], value, out[:, 3:]], 1)


def prior_branch(config: ModelConfig) -> nn.Module:
    """G_B of the kind that the config asks for."""
    return PretrainedPrior(config) if config.prior.kind in LAYOUTS else PriorBranch(config)
