"""A pretrained encoder in training: what stays, what learns, and how fast."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from small_network import SMALL

from nircolor.model import BranchConfig, Generator
from nircolor.training.recipe import EncoderConfig, OptimConfig
from nircolor.training.schedule import is_pretrained, optimiser_of

ENCODED = replace(SMALL, prior=BranchConfig((8, 8, 8, 8), (0, 0, 0, 1), kind="efficientnet-lite0", stride=4))


def network() -> Generator:
    torch.manual_seed(0)
    return Generator(ENCODED)


@pytest.mark.parametrize("matrix_rate", [0.0, 6.0])
def test_first_blocks_and_depthwise_kernels_stay_and_the_rest_has_its_own_rate(matrix_rate: float) -> None:
    net = network()
    optimiser = optimiser_of(net, OptimConfig(matrix_rate=matrix_rate), EncoderConfig(rate=0.3, frozen=3))
    of = {id(p): group for group in optimiser.param_groups for p in group["params"]}
    shares = {name: of[id(p)].get("share", 1.0) if id(p) in of else 0.0 for name, p in net.named_parameters()}
    trunk = "prior_branch.pyramid.encoder."
    assert shares[f"{trunk}stem.weight"] == shares[f"{trunk}blocks.2.project.weight"] == 0
    assert {share for name, share in shares.items() if ".depthwise." in name and trunk in name} == {0.0}
    assert shares[f"{trunk}blocks.3.project.weight"] == shares[f"{trunk}blocks.15.expand.weight"] == 0.3
    assert {share for name, share in shares.items() if not is_pretrained(name)} == {1.0}
    assert all(p.requires_grad == (shares[name] > 0) for name, p in net.named_parameters())


def test_nothing_is_left_out_where_no_encoder_is_pretrained() -> None:
    plain = Generator(SMALL)
    optimiser = optimiser_of(plain, OptimConfig(), EncoderConfig())
    assert sum(len(group["params"]) for group in optimiser.param_groups) == len(list(plain.parameters()))
