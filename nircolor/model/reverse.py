"""The way back: from a colour photograph to the near-infrared picture of the same view.

It is the easier direction (leaves are bright, water and sky are dark), and what it makes lets any colour photograph
teach the other one. HAQAGen names such self-supervision as future work (section 6).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.model.config import ModelConfig
from nircolor.model.guided import enlarge
from nircolor.model.layers import pad_to_multiple
from nircolor.model.pyramid import Pyramid

LUMA = (0.299, 0.587, 0.114)


class NirFromRgb(nn.Module):
    """RGB to NIR for any H x W from 1 x 1 up; the untrained network gives the luma.

    A pyramid on a pretrained encoder says for every place how much of each channel reaches the infrared; those
    weights are enlarged along the picture's edges and meet the picture at full size, so that its texture stays.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.pyramid = Pyramid(config.prior, config, 4)
        nn.init.zeros_(self.pyramid.head.weight)
        nn.init.zeros_(self.pyramid.head.bias)  # type: ignore[arg-type]
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, rgb: Tensor) -> Tensor:
        """(b, 3, H, W) sRGB in [0, 1] -> (b, 1, H, W), not clamped."""
        size = tuple(-(-side // 4) for side in rgb.shape[-2:])
        padded = pad_to_multiple(rgb, self.config.multiple, self.config.least)
        maps = self.pyramid(padded.contiguous(memory_format=torch.channels_last))[..., : size[0], : size[1]].float()
        luma = (rgb * rgb.new_tensor(LUMA).view(3, 1, 1)).sum(1, keepdim=True)
        small = F.interpolate(luma, size, mode="area")
        maps = enlarge(maps, small, luma)
        weights = maps[:, :3] + maps.new_tensor(LUMA).view(3, 1, 1)
        return (weights * rgb).sum(1, keepdim=True) + maps[:, 3:]
