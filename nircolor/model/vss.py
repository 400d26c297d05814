"""The Visual State Space Block (ColorMamba section 3.5, eq. 5 and 6)."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.bounds import AT_LEAST_1
from nircolor.model.agent import AgentAttention
from nircolor.model.layers import PixelLinear
from nircolor.model.ssm import SelectiveScan2D


@dataclass(frozen=True)
class VSSConfig:
    """Sizes and switches of a VSS block; the switches are the rows of ColorMamba's Table 2."""

    state: int = field(default=16, metadata=AT_LEAST_1)  # N
    expand: int = field(default=2, metadata=AT_LEAST_1)  # inner width over outer width
    mlp: int = field(default=2, metadata=AT_LEAST_1)  # hidden width of the MLP over outer width
    head: int = field(default=32, metadata=AT_LEAST_1)  # channels per attention head
    mamba: bool = True
    attention: bool = True
    padding: bool = True


class VSSBlock(nn.Module):
    """X3 = Linear(X1 * X2) + s X;  X4 = MLP(Agent(Conv(LN(X3))));  out = X4 + s' X3."""

    def __init__(self, channels: int, config: VSSConfig) -> None:
        super().__init__()
        inner = config.expand * channels
        self.mamba = _Mamba(channels, inner, config) if config.mamba else None
        self.scale1, self.scale2 = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.ones(channels))
        self.norm2 = nn.LayerNorm(channels)
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1)
        heads = max(1, channels // config.head)
        self.agent = AgentAttention(channels, heads) if config.attention else nn.Identity()
        self.mlp = nn.Sequential(
            PixelLinear(channels, config.mlp * channels), nn.GELU(), PixelLinear(config.mlp * channels, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(b, C, H, W) -> (b, C, H, W)."""
        x = x.permute(0, 2, 3, 1)  # (b, H, W, C)
        if self.mamba is not None:
            x = self.mamba(x) + self.scale1.to(x.dtype) * x
        y = self.conv(self.norm2(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return (self.mlp(self.agent(y)) + self.scale2.to(x.dtype) * x).permute(0, 3, 1, 2)  # type: ignore[no-any-return]


class _Mamba(nn.Module):
    """Eq. 5 without its skip: the gated product of a scanned and a plain projection."""

    def __init__(self, channels: int, inner: int, config: VSSConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.into = PixelLinear(channels, 2 * inner, bias=False)  # both projections of eq. 5 in one product
        self.depthwise = nn.Conv2d(inner, inner, 3, 1, 1, groups=inner)
        self.scan = SelectiveScan2D(inner, config.state, config.padding)
        self.norm_scan = nn.LayerNorm(inner)
        self.out = PixelLinear(inner, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        scanned, gate = self.into(self.norm1(x)).chunk(2, -1)  # (b, H, W, inner) each
        scanned = F.silu(self.depthwise(scanned.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)
        return self.out(self.norm_scan(self.scan(scanned)) * F.silu(gate))  # type: ignore[no-any-return]
