"""Agent attention (Han et al. 2023), as ColorMamba's VSS block uses it: softmax attention in O(pixels)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.model.layers import PixelLinear, begin, small

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
        attend = attention_to_learn if x.device.type == "cpu" and torch.is_grad_enabled() else attention
        gathered = attend(agents, keys, values, self.gather_bias(height, width))  # its bias is (1, heads, 49, H W)
        hand = self.hand_bias(height, width).transpose(-1, -2)  # (1, heads, H W, 49)
        handed = attend(queries, agents, gathered, hand)
        y = handed.transpose(1, 2).reshape(b, height, width, channels)
        return self.out(y + self.local(v.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))  # type: ignore[no-any-return]

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1, self.heads, x.shape[-1] // self.heads).transpose(1, 2)


def attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(c) + bias) v. q: (b, heads, n, c); k, v: (b, heads, m, c); bias: (1, heads, n, m)."""
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))


def attention_to_learn(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    """``attention`` for training on a CPU, where torch has only plain products for a bias that learns.

    A trained softmax is sharp: most of its weights, and of their gradients, are below the smallest normal float32,
    with which a CPU multiplies ten times slower. Weights under e^-32 of the largest, too small to change a sum in
    float32, are therefore held there, and get no gradient.
    """
    exact = torch.promote_types(q.dtype, torch.float32)
    with torch.autocast(q.device.type, enabled=False):
        logits = (q.to(exact) * q.shape[-1] ** -0.5) @ k.to(exact).transpose(-1, -2) + bias  # (b, heads, n, m)
        weights = (logits - logits.detach().amax(-1, keepdim=True)).clamp_min(-32).softmax(-1)
        gathered: Tensor = weights.to(v.dtype) @ v
    return gathered


class _PositionBias(nn.Module):
    """Bias of (agent, pixel) pairs: a 7 x 7 map, a row and a column for each agent, interpolated to H x W."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        agents = GRID * GRID
        self.grid = begin(small, heads, agents, GRID, GRID)
        self.row = begin(small, heads, agents, GRID, 1)
        self.column = begin(small, heads, agents, 1, GRID)

    def forward(self, height: int, width: int) -> Tensor:
        """-> (1, heads, 49, H W)."""
        parts = (_resize(self.grid, height, width), _resize(self.row, height, 1), _resize(self.column, 1, width))
        return (parts[0] + parts[1] + parts[2]).flatten(-2)[None]


def _resize(bias: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(bias, (height, width), mode="bilinear", align_corners=False)
