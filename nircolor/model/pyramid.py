"""A pretrained encoder with a decoder of ours: VSS blocks where the picture is small, maps at a quarter of its size."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.model.config import BranchConfig, ModelConfig
from nircolor.model.efficientnet import LAYOUTS, EfficientNetLite
from nircolor.model.layers import ResBlock, conv3
from nircolor.model.vss import VSSBlock


class Pyramid(nn.Module):
    """U-Net whose encoder has seen a million photographs (``BranchConfig.kind`` says which).

    ``branch.widths`` and ``branch.blocks`` are those of the decoder, at strides 4, 8, 16 and 32. The VSS blocks of a
    level decide on few tokens what the whole picture shows, before their maps are enlarged.
    """

    def __init__(self, branch: BranchConfig, config: ModelConfig, outputs: int) -> None:
        super().__init__()
        widths = branch.widths
        self.encoder = EfficientNetLite(LAYOUTS[branch.kind])
        self.laterals = nn.ModuleList(
            nn.Conv2d(inputs, width, 1) for inputs, width in zip(LAYOUTS[branch.kind].widths, widths, strict=True)
        )
        self.levels = nn.ModuleList(
            nn.Sequential(ResBlock(width, width, config.norm), *(VSSBlock(width, config.vss) for _ in range(blocks)))
            for width, blocks in zip(widths, branch.blocks, strict=True)
        )
        self.ups = nn.ModuleList(nn.Conv2d(widths[i + 1], widths[i], 1) for i in range(len(widths) - 1))
        self.head = conv3(widths[0], outputs)

    def forward(self, picture: Tensor) -> Tensor:
        """(b, 3, H, W) in [0, 1], sides a multiple of 32 -> (b, outputs, H / 4, W / 4)."""
        maps = [lateral(m) for lateral, m in zip(self.laterals, self.encoder(picture), strict=True)]
        x = self.levels[-1](maps.pop())
        for level, up in zip(reversed(self.levels[:-1]), reversed(self.ups), strict=True):
            x = F.interpolate(up(x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = level(x + maps.pop())
        return self.head(x)  # type: ignore[no-any-return]
