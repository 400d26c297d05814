"""Branches of several networks of one configuration that decide together, in the place of one.

Where a colour cannot be known, each network guesses in its own way; their mean errs less than any of them. With an
affine head it is the mean of gains and offsets, so that texture stays as sharp as one network's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nircolor.model.config import ModelConfig
from nircolor.model.prior import prior_branch
from nircolor.model.rgb import RGBBranch


class PriorEnsemble(nn.Module):
    """As many G_B as there are members."""

    def __init__(self, config: ModelConfig, members: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(prior_branch(config) for _ in range(members))

    def forward(self, nir: Tensor) -> Tensor:
        """As ``PriorBranch.forward``, with the channels of all priors, one after the other."""
        return torch.cat([member(nir) for member in self.members], 1)


class RGBEnsemble(nn.Module):
    """As many G_A; each reads the prior of its own G_B."""

    def __init__(self, config: ModelConfig, members: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(RGBBranch(config) for _ in range(members))

    def forward(self, nir: Tensor, prior: Tensor) -> Tensor:
        """As ``RGBBranch.forward``: the mean of the members' maps, float32."""
        parts = prior.chunk(len(self.members), 1)
        maps = [member(nir, part).float() for member, part in zip(self.members, parts, strict=True)]
        return torch.stack(maps).mean(0)
