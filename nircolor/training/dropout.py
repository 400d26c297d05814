"""Dropout of whole maps (Tompson et al. 2015) in the deep half of both U-Nets, as a matter of training alone.

A few hundred scenes are soon known by heart. With some of the deep maps missing at random, no scene can be told by one
of them. The networks themselves know nothing of it, so that their weights and what they compute stay as they are.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.model import Generator
from nircolor.model.prior import PriorBranch
from nircolor.model.rgb import RGBBranch

DEEP = 2  # coarsest levels, on the way down and on the way up


def add_dropout(network: Generator, share: float) -> None:
    """Let each of the deep maps be zero with probability ``share`` while ``network`` is in training mode, the others
    larger by as much; for networks that are no committee."""
    if not share:
        return

    def drop(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return F.dropout2d(output, share, module.training)

    for level in _deep_levels(network):
        level.register_forward_hook(drop)


def _deep_levels(network: Generator) -> list[nn.Module]:
    levels: list[nn.Module] = []
    for branch in (network.prior_branch, network.rgb_branch):
        assert isinstance(branch, PriorBranch | RGBBranch)
        levels += [*branch.encoder.levels[-DEEP:], *branch.decoder[:DEEP]]  # up comes the coarsest first
    return levels


def seed_dropout(seed: int, step: int, rank: int) -> None:
    """What is dropped depends on the step, not on those before, so that a resumed run goes on as it would have; and on
    the process, which has samples of its own."""
    torch.manual_seed(hash((seed, step, rank)))
