"""The 2-D selective state-space module: learnable padding, four scans, crop (ColorMamba section 3.1, figure 3 e-f)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from nircolor.model.layers import PixelLinear, begin, small
from nircolor.scan import cross_scan


class SelectiveScan2D(nn.Module):
    """2D-SSM with learnable padding tokens.

    A scan that jumps from the end of one row to the start of the next treats two far-apart pixels as neighbours. The
    map is therefore framed by one learnable token, so that every such jump passes through two of them; the frame is
    cropped after the scan. With ``padding=False`` the jump stays, as in plain Mamba (the ablation of Table 2).
    """

    def __init__(self, channels: int, state: int, padding: bool = True) -> None:
        super().__init__()
        self.rank, self.state = max(1, channels // 16), state
        self.token = begin(small, channels) if padding else None
        self.into = PixelLinear(channels, 4 * (self.rank + 2 * state), bias=False)
        self.step_weight = begin(lambda x: x.uniform_(-1, 1) * self.rank**-0.5, 4, channels, self.rank)
        self.step_bias = begin(_step_bias, 4, channels)
        self.A_log = begin(lambda x: x.copy_(torch.log(torch.arange(1.0, state + 1))), 4, channels, state)
        self.D = nn.Parameter(torch.ones(4, channels))

    def forward(self, x: Tensor) -> Tensor:
        """(b, H, W, d) -> (b, H, W, d)."""
        if self.token is None:
            return self._scan(x)
        b, height, width, d = x.shape
        framed = self.token.to(x.dtype).expand(b, height + 2, width + 2, d).clone()
        framed[:, 1:-1, 1:-1] = x
        return self._scan(framed)[:, 1:-1, 1:-1]

    def _scan(self, x: Tensor) -> Tensor:
        projected = self.into(x).unflatten(-1, (4, -1))  # (b, H, W, 4, r + 2 N)
        rank, B, C = projected.split([self.rank, self.state, self.state], -1)
        # Directions first: four small products whose rows come out as the scan reads them.
        steps = rank.movedim(3, 1).flatten(2, 3) @ self.step_weight.transpose(1, 2)  # (b, 4, H W, d)
        steps = steps.unflatten(2, x.shape[1:3])  # (b, 4, H, W, d)
        return cross_scan(x, steps, self.step_bias, -torch.exp(self.A_log.float()), B, C, self.D)


def _step_bias(empty: Tensor) -> Tensor:
    """Bias whose softplus is log-uniform in [1e-3, 1e-1]: Mamba's initialisation of the step."""
    step = torch.exp(empty.uniform_() * math.log(100) + math.log(1e-3))
    return step + torch.log(-torch.expm1(-step))
