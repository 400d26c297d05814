"""The optimiser of the generator, and its learning rate from step to step."""

from __future__ import annotations

import math

import torch
from torch import nn

from nircolor.training.muon import Muon
from nircolor.training.recipe import EncoderConfig, OptimConfig


def learning_rate(config: OptimConfig, step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine from ``rate`` down to ``final_rate`` of it, or ``rate`` throughout."""
    if step < config.warmup:
        return config.rate * (step + 1) / config.warmup
    if config.schedule == "constant":
        return config.rate
    progress = (step - config.warmup) / max(1, steps - config.warmup)
    cosine = (1 + math.cos(math.pi * min(1.0, progress))) / 2
    return config.rate * (config.final_rate + (1 - config.final_rate) * cosine)


def optimiser_of(network: nn.Module, config: OptimConfig, encoder: EncoderConfig) -> torch.optim.Optimizer:
    """Weight decay on matrices and kernels alone: biases, norms, tokens and scales are not to shrink. A pretrained
    encoder has a rate of its own (``share`` of a group: see ``Updater``)."""
    betas = (config.beta1, config.beta2)
    freeze(network, encoder.frozen)
    named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    trunk = [p for name, p in named if is_pretrained(name)]
    rest = [(name, p) for name, p in named if not is_pretrained(name)]
    if config.matrix_rate:
        return Muon(
            rest, config.rate, config.matrix_rate, config.weight_decay, betas=betas, gentle=(trunk, encoder.rate)
        )
    groups = [
        {"params": [p for _, p in rest if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for _, p in rest if p.ndim < 2], "weight_decay": 0.0},
        {"params": trunk, "weight_decay": 0.0, "share": encoder.rate},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=config.rate, betas=betas)


def is_pretrained(name: str) -> bool:
    """Whether a parameter belongs to an encoder of ``efficientnet.py``."""
    return "pyramid.encoder." in name


def freeze(network: nn.Module, blocks: int) -> None:
    """Leave the stem and the first blocks of pretrained encoders as they are: edges are edges in any light.

    All depthwise kernels stay too: on a CPU their gradient costs a third of a step (docs/experiments.md), and what
    they look for need not change; the 1x1 convolutions, which say what it means, learn.
    """
    fixed = ("stem.", *(f"blocks.{i}." for i in range(blocks)))
    for name, parameter in network.named_parameters():
        _, trunk, rest = name.partition("pyramid.encoder.")
        if trunk and (rest.startswith(fixed) or ".depthwise." in rest):
            parameter.requires_grad_(False)
