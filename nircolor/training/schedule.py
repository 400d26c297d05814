"""The optimiser of the generator, and its learning rate from step to step."""

from __future__ import annotations

import math

import torch
from torch import nn

from nircolor.training.muon import Muon
from nircolor.training.recipe import OptimConfig


def learning_rate(config: OptimConfig, step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine from ``rate`` down to ``final_rate`` of it, or ``rate`` throughout."""
    if step < config.warmup:
        return config.rate * (step + 1) / config.warmup
    if config.schedule == "constant":
        return config.rate
    progress = (step - config.warmup) / max(1, steps - config.warmup)
    cosine = (1 + math.cos(math.pi * min(1.0, progress))) / 2
    return config.rate * (config.final_rate + (1 - config.final_rate) * cosine)


def optimiser_of(network: nn.Module, config: OptimConfig) -> torch.optim.Optimizer:
    """Weight decay on matrices and kernels alone: biases, norms, tokens and scales are not to shrink."""
    if config.matrix_rate:
        betas = (config.beta1, config.beta2)
        return Muon(network, config.rate, config.matrix_rate, config.weight_decay, betas=betas)
    decayed = [p for p in network.parameters() if p.ndim >= 2]
    rest = [p for p in network.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.rate, betas=(config.beta1, config.beta2))
