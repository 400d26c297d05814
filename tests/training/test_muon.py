"""Muon on kernels and matrices, AdamW on the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_run import recipe
from torch import nn

from nircolor.model import PRESETS, Generator
from nircolor.training.muon import Muon, is_matrix, orthogonal
from nircolor.training.recipe import EncoderConfig, OptimConfig
from nircolor.training.schedule import optimiser_of
from nircolor.training.trainer import Trainer

STEPS = 5


def matrix(rows: int, columns: int) -> nn.Linear:
    torch.manual_seed(rows)
    return nn.Linear(columns, rows, bias=False)


def named(network: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return list(network.named_parameters())


def train(network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    torch.manual_seed(1)
    for _ in range(STEPS):
        for parameter in network.parameters():
            parameter.grad = torch.randn_like(parameter)
        optimiser.step()


@pytest.mark.parametrize("shape", [(16, 16), (32, 16), (16, 48)])
def test_on_matrices_it_is_torchs_own(shape: tuple[int, int]) -> None:
    ours, torchs = matrix(*shape), matrix(*shape)
    train(ours, Muon(named(ours), 1e-3, 20.0, decay=0.2))
    train(torchs, torch.optim.Muon(torchs.parameters(), lr=0.02, weight_decay=0.01))
    torch.testing.assert_close(ours.weight, torchs.weight, atol=2e-4, rtol=0)  # bf16 products: other orders of sums


def test_the_rest_is_torchs_adamw() -> None:
    torch.manual_seed(0)
    ours, torchs = nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)  # too few rows for Muon
    torchs.load_state_dict(ours.state_dict())
    config = OptimConfig(rate=1e-2, weight_decay=0.1, beta1=0.8)
    train(torchs, optimiser_of(torchs, config, EncoderConfig()))
    train(ours, Muon(named(ours), 1e-2, 20.0, decay=0.1, betas=(0.8, 0.99)))
    for name, value in torchs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)


def test_a_kernel_is_turned_as_the_matrix_of_its_rows() -> None:
    torch.manual_seed(0)
    kernel, flat = nn.Conv2d(16, 8, 3, bias=False), nn.Linear(16 * 9, 8, bias=False)
    with torch.no_grad():
        flat.weight.copy_(kernel.weight.flatten(1))
    for network in (kernel, flat):
        torch.manual_seed(2)
        grad = torch.randn(8, 16 * 9)
        network.weight.grad = grad.view_as(network.weight)
        Muon(named(network), 1e-3, 20.0, decay=0.0).step()
    torch.testing.assert_close(kernel.weight.flatten(1), flat.weight)


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (3, 24, 10)])
def test_singular_values_end_near_1(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape) * 100).float())
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_what_is_a_matrix() -> None:
    parameters = dict(Generator(PRESETS["lite"]).named_parameters())
    matrices = {name for name, parameter in parameters.items() if is_matrix(name, parameter)}
    scan = "prior_branch.pyramid.levels.3.1.mamba.scan."
    assert {f"{scan}into.weight", f"{scan}step_weight", "rgb_branch.fusion.join.weight"} <= matrices
    others = ("A_log", "D", "step_bias", "token")
    assert not {f"{scan}{name}" for name in others} & matrices
    assert not {name for name in matrices if ".depthwise" in name or "head." in name or "norm" in name}
    assert sum(parameters[name].numel() for name in matrices) > 0.9 * sum(p.numel() for p in parameters.values())


@pytest.mark.usefixtures("tiny_preset")
def test_a_resumed_run_goes_on_with_its_momenta(data: Path, tmp_path: Path) -> None:
    made = recipe(4, matrix_rate=20.0)
    whole = Trainer(made, tmp_path / "whole", data)
    whole.train()
    stopped = Trainer(made, tmp_path / "parts", data)
    stopped.run.mkdir()
    for step in range(2):
        stopped.update([stopped.loader.make(step)])
    stopped.save()
    resumed = Trainer(made, tmp_path / "parts", data, resume=True)
    resumed.train()
    for name, value in whole.network.state_dict().items():
        torch.testing.assert_close(resumed.network.state_dict()[name], value, atol=1e-6, rtol=1e-5, msg=name)
