"""The small networks with random values that tests colorize with, and their weights in a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from nircolor import weights
from nircolor.model import PRESETS, BranchConfig, Generator, ModelConfig, VSSConfig

SMALL = replace(
    PRESETS["lite"],
    name="tiny",
    rgb=BranchConfig((8, 8), (0, 1), stride=2),
    prior=BranchConfig((8, 8), (0, 1), stride=2),
    vss=VSSConfig(state=2, head=8),
)
"""Of every kind of part one."""

PLAIN = replace(
    PRESETS["lite"],
    name="tiny",
    rgb=replace(PRESETS["lite"].rgb, widths=(8, 8, 8), blocks=(0, 0, 0)),
    prior=replace(PRESETS["lite"].prior, widths=(8, 8, 8, 8), blocks=(0, 0, 0, 0)),
)
"""Without scans: no kernel is loaded, so that a process of its own starts sooner."""


def network(config: ModelConfig = SMALL, seed: int = 0) -> Generator:
    """One that colours what it sees: an untrained head is zero and would only copy its input."""
    torch.manual_seed(seed)
    made = Generator(config).eval()
    torch.nn.init.normal_(made.rgb_branch.head.weight, std=0.1)
    return made


def save(path: Path, made: Generator, **meta: object) -> Path:
    """Its weights in a file; ``meta`` is added to the network's description."""
    weights.save(path, made.state_dict(), {"config": made.config.to_dict(), "license": "CC0-1.0", **meta})
    return path
