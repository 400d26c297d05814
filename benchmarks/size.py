"""Parameters and multiply-adds of the presets for one 256 x 256 patch, as docs/architecture.md states them.

    python benchmarks/size.py

Products and convolutions are counted by torch; the scan, which torch cannot see into, as three multiply-adds for each
of its pixels x directions x channels x states (decay, drive, output).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nircolor.model import PRESETS, ModelConfig
from nircolor.model.networks import network_for
from nircolor.model.ssm import SelectiveScan2D


def multiply_adds(network: nn.Module, *inputs: torch.Tensor) -> float:
    """Multiply-adds of one forward pass, in thousand millions."""
    scans = 0

    def count(module: Any, args: tuple[torch.Tensor, ...], out: torch.Tensor) -> None:
        nonlocal scans
        frame = 2 if module.token is not None else 0
        _, height, width, channels = args[0].shape
        scans += 3 * 4 * (height + frame) * (width + frame) * channels * module.state

    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, SelectiveScan2D)]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(*inputs)
    for hook in hooks:
        hook.remove()
    return (counter.get_total_flops() / 2 + scans) / 1e9


def row(config: ModelConfig) -> str:
    network: Any = network_for(config).eval()
    nir = torch.rand(1, 1, 256, 256)
    with torch.no_grad():
        prior = network.prior(nir)
    cells = [config.name]
    branches = [(network.prior_branch, (nir,)), (network.rgb_branch, (nir, prior))]
    for branch, inputs in branches[: 1 if config.name == "edge" else 2]:  # it has no G_A
        millions = sum(p.numel() for p in branch.parameters()) / 1e6
        cells += [f"{millions:.2f} M", f"{multiply_adds(branch, *inputs):.1f} G"]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    print("| preset | G_B parameters | G_B multiply-adds | G_A parameters | G_A multiply-adds |\n|---|---|---|---|---|")
    for preset in (p for p in PRESETS.values() if p.direction == "rgb"):
        print(row(preset))
