"""What changes from step to step: size and number of views, and the learning rate; and the optimiser that it is for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from nircolor.training.muon import Muon
from nircolor.training.recipe import EncoderConfig, OptimConfig, Recipe


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


@dataclass(frozen=True)
class Stage:
    """A part of a run, from step ``start`` up to step ``end``: batches of ``batch`` views, ``size`` pixels a side."""

    start: int
    end: int
    size: int
    batch: int
    weights: tuple[float, ...] = ()
    """Of the sources; none: their own."""

    @property
    def steps(self) -> int:
        return self.end - self.start


def stages_of(recipe: Recipe, steps: int) -> tuple[Stage, ...]:
    """The parts of a run of so many steps, first to last: the recipe's stages, then its own sizes. Those too short for
    a step are left out."""
    stages, start, share = [], 0, 0.0
    for stage in recipe.stages:
        share += stage.share
        end = round(share * steps)
        stages.append(Stage(start, end, stage.size, stage.batch, stage.weights))
        start = end
    stages.append(Stage(start, steps, recipe.augment.size, recipe.optim.batch))
    return tuple(stage for stage in stages if stage.steps) or (Stage(0, 0, recipe.augment.size, recipe.optim.batch),)


def stage_at(stages: tuple[Stage, ...], step: int) -> Stage:
    """The stage of a step, counted from 0; past the end, the last one."""
    return next((stage for stage in stages if step < stage.end), stages[-1])
