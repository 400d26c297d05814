"""SPADE (Park et al. 2019) conditioned on the colour prior, and the residual block built from it (HAQAGen eq. 1)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.model.layers import ChannelNorm, conv3, norm


class Spade(nn.Module):
    """Normalise without learned scale, then scale and shift each pixel by what the prior says: gamma(p) * F + beta(p).

    The published form of eq. 1 multiplies by gamma alone; gamma is written 1 + gamma' here, so that an untrained block
    is neutral. The shared part of gamma and beta is one 3 x 3 convolution of the prior.
    """

    def __init__(self, channels: int, prior: int, hidden: int, norm_kind: str) -> None:
        super().__init__()
        self.norm = norm(norm_kind, channels, affine=False)
        self.shared = conv3(prior, hidden)
        self.modulation = nn.Conv2d(hidden, 2 * channels, 1)

    def forward(self, x: Tensor, prior: Tensor, silu: bool = False) -> Tensor:
        """x: (b, C, H, W); prior: (b, P, H, W), already at the size of x. SiLU follows if asked."""
        modulation = self.modulation(F.silu(self.shared(prior)))
        if isinstance(self.norm, ChannelNorm):
            return self.norm(x, modulation, silu)  # type: ignore[no-any-return]
        gamma, beta = modulation.chunk(2, 1)
        y = self.norm(x) * (1 + gamma) + beta
        return F.silu(y) if silu else y


class SpadeResBlock(nn.Module):
    """SPADE, SiLU, 3x3 convolution, twice, with a skip: the SRB of both papers."""

    def __init__(self, inputs: int, outputs: int, prior: int, hidden: int, norm_kind: str) -> None:
        super().__init__()
        self.spade1, self.conv1 = Spade(inputs, prior, hidden, norm_kind), conv3(inputs, outputs)
        self.spade2, self.conv2 = Spade(outputs, prior, hidden, norm_kind), conv3(outputs, outputs)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor, prior: Tensor) -> Tensor:
        y = self.conv1(self.spade1(x, prior, silu=True))
        y = self.conv2(self.spade2(y, prior, silu=True))
        return self.skip(x) + y  # type: ignore[no-any-return]
