"""nircolor/model/reverse.py: near-infrared from colour, any size, the luma before it has learned anything."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from nircolor.model import PRESETS, BranchConfig
from nircolor.model.networks import network_for
from nircolor.model.reverse import LUMA, NirFromRgb

SMALL = replace(
    PRESETS["nir-from-rgb"], prior=replace(PRESETS["nir-from-rgb"].prior, widths=(8, 8, 8, 8), blocks=(0, 0, 0, 0))
)


def network() -> NirFromRgb:
    torch.manual_seed(0)
    return NirFromRgb(SMALL).eval()


@pytest.mark.parametrize("size", [(1, 1), (3, 70), (33, 17), (64, 64)])
def test_any_size_and_the_luma_before_training(size: tuple[int, int]) -> None:
    rgb = torch.rand(2, 3, *size)
    with torch.no_grad():
        nir = network()(rgb)
    luma = (rgb * torch.tensor(LUMA).view(3, 1, 1)).sum(1, keepdim=True)
    torch.testing.assert_close(nir, luma, atol=1e-5, rtol=1e-5)


def test_it_learns_to_turn_a_channel_up() -> None:
    net, rgb = network(), torch.rand(1, 3, 64, 64)
    target = 0.8 * rgb[:, 1:2]
    optimiser = torch.optim.Adam(net.pyramid.head.parameters(), 1e-2)
    losses = []
    for _ in range(30):
        loss = (net(rgb) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_the_direction_decides_which_network_it_is() -> None:
    assert isinstance(network_for(SMALL), NirFromRgb)
    forward = replace(PRESETS["lite"], rgb=BranchConfig((8, 8), (0, 0)), prior=BranchConfig((8, 8), (0, 0)))
    assert not isinstance(network_for(replace(forward, criss_cross=0)), NirFromRgb)
