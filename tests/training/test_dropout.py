"""Dropout of deep maps: random in training, absent from the network that it trained."""

from __future__ import annotations

import pytest
import torch
from tiny_run import TINY
from torch import Tensor

from nircolor.model import PRESETS, Generator
from nircolor.training.dropout import add_dropout, seed_dropout

NIR = torch.rand(2, 1, 24, 24, generator=torch.Generator().manual_seed(1))


def network(share: float) -> Generator:
    torch.manual_seed(0)
    made = Generator(TINY)
    torch.nn.init.normal_(made.rgb_branch.head.weight)  # which begins as the grey copy
    add_dropout(made, share)
    return made


def both(made: Generator, step: int = 0) -> Tensor:
    seed_dropout(7, step, rank=0)
    with torch.no_grad():
        rgb, prior = made(NIR)
    return torch.cat([rgb, prior], 1)


def test_out_of_training_nothing_is_dropped_and_nothing_is_added_to_the_weights() -> None:
    plain, dropping = network(0).eval(), network(0.5).eval()
    torch.testing.assert_close(both(dropping), both(plain), rtol=0, atol=0)
    assert list(dropping.state_dict()) == list(plain.state_dict())


def test_in_training_both_branches_drop_and_the_step_decides_what() -> None:
    made, plain = network(0.5), both(network(0))
    third = both(made, 3)
    assert (third - plain).abs().amax((0, 2, 3)).gt(1e-4).all()
    assert not torch.equal(both(made, 4), third)
    torch.testing.assert_close(both(made, 3), third, rtol=0, atol=0)  # whatever was drawn in between


@pytest.mark.parametrize("preset", ["lite", "haqagen"])
def test_whole_maps_are_dropped_as_often_as_said_and_the_rest_makes_up_for_it(preset: str) -> None:
    made = Generator(PRESETS[preset])
    level = made.prior_branch.encoder.levels[-1]
    before: list[Tensor] = []
    level.register_forward_hook(lambda module, inputs, output: before.append(output.detach()))
    add_dropout(made, 0.25)
    after: list[Tensor] = []
    level.register_forward_hook(lambda module, inputs, output: after.append(output.detach()))
    with torch.no_grad():
        made.prior(torch.rand(8, 1, 32, 32))
    ratio = after[0] / before[0]
    gone = (ratio == 0).flatten(2)
    assert torch.equal(gone.any(-1), gone.all(-1))
    assert gone.all(-1).float().mean() == pytest.approx(0.25, abs=0.06)
    torch.testing.assert_close(ratio[ratio > 0], torch.full_like(ratio[ratio > 0], 1 / 0.75), rtol=1e-4, atol=0)
