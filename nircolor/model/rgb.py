"""G_A, the RGB reconstruction branch (ColorMamba section 3.3; HAQAGen section 3.1): U-Net, SPADE decoder, fusion."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.model.config import ModelConfig
from nircolor.model.crisscross import CrissCrossAttention
from nircolor.model.layers import ResBlock, conv3, laplacian
from nircolor.model.prior import Encoder, Up
from nircolor.model.spade import SpadeResBlock


class RGBBranch(nn.Module):
    """NIR and the colour prior -> RGB.

    Encoder levels with VSS blocks; a SPADE residual block conditioned on the prior in every decoder stage, the
    bottleneck included; then the fusion of NIR texture with the prior.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths, prior = config.rgb.widths, 3 + config.prior_features
        self.config = config
        self.stem = conv3(2, widths[0], config.rgb.stride)
        self.encoder = Encoder(config.rgb, config)
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.ups = nn.ModuleList(Up(coarse, fine) for coarse, fine in pairs)
        self.decoder = nn.ModuleList(self._stage(width, prior) for width in widths[::-1])
        width = config.fusion_width
        self.criss_cross = CrissCrossAttention(widths[config.criss_cross - 1] if config.criss_cross else width)
        self.widen = Up(widths[0], width) if config.rgb.stride == 2 else nn.Conv2d(widths[0], width, 1)
        self.fusion = Fusion(width, prior, config)
        self.head = conv3(width, 3 if config.head == "sigmoid" else 6)
        if config.head == "affine":  # start as the grey copy
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def _stage(self, width: int, prior: int) -> nn.Module:
        config = self.config
        if not config.spade:
            return ResBlock(width, width, config.norm)
        return SpadeResBlock(width, width, prior, config.spade_hidden, config.norm)

    def forward(self, nir: Tensor, prior: Tensor) -> Tensor:
        """nir: (b, 1, H, W); prior: (b, P, H, W); sides a multiple of ``config.multiple`` -> (b, 3 or 6, H, W).

        What comes out are the maps of the head; ``colours`` makes RGB of them.
        """
        texture = torch.cat([nir, laplacian(nir)], 1)
        *maps, x = self.encoder(self.stem(texture))
        prior, *priors = (p.to(x.dtype) for p in (prior, *_pyramid(prior, self.config)))  # once for all that read it
        x = self._decode(0, x, priors)
        for i, up in enumerate(self.ups, 1):
            x = self._decode(i, up(x) + maps.pop(), priors)
        x = self.fusion(self.widen(x), texture, prior)
        if self.config.criss_cross == 0:
            x = self.criss_cross(x)
        return self.head(x)  # type: ignore[no-any-return]

    def _decode(self, stage: int, x: Tensor, priors: list[Tensor]) -> Tensor:
        """One decoder stage; stage 0 is the coarsest, so level = last - stage."""
        level = len(priors) - 1 - stage
        block = self.decoder[stage]
        x = block(x, priors[level]) if self.config.spade else block(x)
        return self.criss_cross(x) if level == self.config.criss_cross - 1 else x


def colours(head: str, maps: Tensor, nir: Tensor) -> Tensor:
    """RGB of the maps of a head. The affine one keeps NIR texture by construction: rgb = nir (1 + gain) + offset, not
    clamped."""
    if head == "sigmoid":
        return torch.sigmoid(maps)
    gain, offset = maps.chunk(2, 1)
    return nir * (1 + gain) + offset


class Fusion(nn.Module):
    """Laplacian texture, modulated by the prior through SPADE, joins the decoded features (ColorMamba section 3.2)."""

    def __init__(self, width: int, prior: int, config: ModelConfig) -> None:
        super().__init__()
        self.texture = conv3(2, width)
        self.modulate = SpadeResBlock(width, width, prior, config.spade_hidden, config.norm) if config.spade else None
        self.join = nn.Conv2d(2 * width, width, 1)

    def forward(self, x: Tensor, texture: Tensor, prior: Tensor) -> Tensor:
        """x: (b, C, H, W); texture: (b, 2, H, W), NIR and its edges; prior: (b, P, H, W) -> (b, C, H, W)."""
        texture = self.texture(texture)
        if self.modulate is not None:
            texture = self.modulate(texture, prior)
        return F.silu(self.join(torch.cat([x, texture], 1)))


def _pyramid(prior: Tensor, config: ModelConfig) -> list[Tensor]:
    """The prior at the size of every level of G_A, finest first."""
    stride, levels = config.rgb.stride, len(config.rgb.widths)
    maps = [F.avg_pool2d(prior, stride) if stride > 1 else prior]
    for _ in range(levels - 1):
        maps.append(F.avg_pool2d(maps[-1], 2))
    return maps
