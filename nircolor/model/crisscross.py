"""Criss-cross attention (Huang et al. 2019): each pixel attends to its row and its column."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CrissCrossAttention(nn.Module):
    """Row plus column attention with a learned gate that starts at zero, so that it begins as the identity.

    The pixel itself lies in both its row and its column; it is counted once, in the row.
    """

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        inner = max(1, channels // reduction)
        self.query, self.key = nn.Conv2d(channels, inner, 1), nn.Conv2d(channels, inner, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gate = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(b, C, H, W) -> (b, C, H, W)."""
        q, k, v = (layer(x).permute(0, 2, 3, 1) for layer in (self.query, self.key, self.value))  # (b, H, W, c)
        in_row = q @ k.transpose(-1, -2)  # (b, H, W, W)
        in_column = q.transpose(1, 2) @ k.permute(0, 2, 3, 1)  # (b, W, H, H)
        itself = torch.eye(x.shape[2], dtype=torch.bool, device=x.device)
        in_column = in_column.masked_fill(itself, float("-inf")).transpose(1, 2)  # (b, H, W, H)
        weights = torch.cat([in_row, in_column], -1).softmax(-1)
        row, column = weights[..., : x.shape[3]], weights[..., x.shape[3] :]
        gathered = row @ v + (column.transpose(1, 2) @ v.transpose(1, 2)).transpose(1, 2)  # (b, H, W, C)
        out: Tensor = x + self.gate.to(gathered.dtype) * gathered.permute(0, 3, 1, 2)
        return out
