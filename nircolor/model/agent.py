"""Agent attention (Han et al. 2023), as ColorMamba's VSS block uses it: softmax attention in O(pixels)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.model.layers import PixelLinear

GRID = 7  # 7 x 7 = 49 agent tokens


class AgentAttention(nn.Module):
    """49 agent tokens, pooled from the queries, gather from all pixels and then hand back to all pixels.

    Position biases are stored on a 7 x 7 grid plus rows and columns, and interpolate to any H x W. A depthwise
    convolution of the values restores the detail that 49 tokens cannot carry.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = PixelLinear(channels, 3 * channels, bias=False)
        self.out = PixelLinear(channels, channels)
        self.local = nn.Conv2d(channels, channels, 3, 1, 1, groups=channels)
        self.gather_bias, self.hand_bias = _PositionBias(heads), _PositionBias(heads)

    def forward(self, x: Tensor) -> Tensor:
        """(b, H, W, C) -> (b, H, W, C)."""
        b, height, width, channels = x.shape
        q, k, v = self.qkv(x).chunk(3, -1)
        pooled = F.adaptive_avg_pool2d(q.permute(0, 3, 1, 2), GRID).permute(0, 2, 3, 1)  # (b, 7, 7, C)
        agents, queries, keys, values = (self._split(y) for y in (pooled, q, k, v))  # (b, heads, tokens, C/heads)
        gather = self.gather_bias(height, width).to(x.dtype)  # (1, heads, 49, H W)
        gathered = F.scaled_dot_product_attention(agents, keys, values, attn_mask=gather)
        hand = self.hand_bias(height, width).transpose(-1, -2).to(x.dtype)  # (1, heads, H W, 49)
        handed = F.scaled_dot_product_attention(queries, agents, gathered, attn_mask=hand)
        y = handed.transpose(1, 2).reshape(b, height, width, channels)
        return self.out(y + self.local(v.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))  # type: ignore[no-any-return]

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1, self.heads, x.shape[-1] // self.heads).transpose(1, 2)


class _PositionBias(nn.Module):
    """Bias of (agent, pixel) pairs: a 7 x 7 map, a row and a column for each agent, interpolated to H x W."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        agents = GRID * GRID
        self.grid = nn.Parameter(torch.randn(heads, agents, GRID, GRID) * 0.02)
        self.row = nn.Parameter(torch.randn(heads, agents, GRID, 1) * 0.02)
        self.column = nn.Parameter(torch.randn(heads, agents, 1, GRID) * 0.02)

    def forward(self, height: int, width: int) -> Tensor:
        """-> (1, heads, 49, H W)."""
        parts = (_resize(self.grid, height, width), _resize(self.row, height, 1), _resize(self.column, 1, width))
        return (parts[0] + parts[1] + parts[2]).flatten(-2)[None]


def _resize(bias: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(bias, (height, width), mode="bilinear", align_corners=False)
