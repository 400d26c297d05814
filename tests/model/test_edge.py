"""The network for small machines: one branch, whose prior is all that is decided."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from nircolor.errors import WeightsError
from nircolor.model import PRESETS, crop_prior
from nircolor.model.edge import MULTIPLE, SIDE, Edge, look_shape
from nircolor.model.eight_bits import DEPTHWISE, LEVELS, PLAIN, rounded, rounded_weight, span, weight_scales
from nircolor.model.networks import network_for

SMALL = replace(PRESETS["edge"], prior=replace(PRESETS["edge"].prior, widths=(4, 4, 4, 4, 4)))


def network() -> Edge:
    """One that colours what it sees, and knows the ranges of its numbers."""
    torch.manual_seed(0)
    made = network_for(SMALL)
    assert isinstance(made, Edge)
    torch.nn.init.normal_(made.prior_branch.pyramid.head.weight, std=0.3)
    with torch.no_grad():
        made.train()(torch.rand(1, 1, 64, 96))
    return made.eval()


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (17, 33), (64, 48)])
def test_any_size(size: tuple[int, int]) -> None:
    with torch.no_grad():
        rgb, prior = network()(torch.rand(2, 1, *size))
    assert rgb.shape == (2, 3, *size)
    assert prior.shape == (2, 9, *(side // 2 for side in look_shape(*size)))
    assert torch.isfinite(rgb).all()


@pytest.mark.parametrize("size", [(1, 1), (224, 224), (3000, 4000), (1, 5000), (700, 90)])
def test_it_looks_at_a_bounded_number_of_pixels(size: tuple[int, int]) -> None:
    height, width = look_shape(*size)
    assert height % MULTIPLE == width % MULTIPLE == 0
    if min(size) > MULTIPLE:
        assert height * width < 1.3 * SIDE**2
        assert 0.8 < (height / width) / (size[0] / size[1]) < 1.25


def test_the_untrained_network_copies_grey() -> None:
    nir = torch.rand(1, 1, 40, 50)
    with torch.no_grad():
        rgb, _ = Edge(SMALL).eval()(nir)
    torch.testing.assert_close(rgb, nir.expand(-1, 3, -1, -1), atol=1e-6, rtol=0)


def test_the_ends_are_neutral() -> None:
    with torch.no_grad():
        for value in (0.0, 1.0):
            rgb, _ = network()(torch.full((1, 1, 40, 40), value))
            torch.testing.assert_close(rgb, torch.full_like(rgb, value))
        dark = torch.full((1, 1, 40, 40), 2 / 255)
        assert (network()(dark)[0] - dark).abs().max() < 0.01


def test_tiles_are_parts_of_the_whole() -> None:
    made, nir = network(), torch.rand(1, 1, 60, 80)
    with torch.no_grad():
        prior = made.prior(nir)
        whole = made.paint(nir, prior)
        box = torch.tensor([[0.5, 0.25, 1.0, 1.0]])
        tile = made.paint(nir[..., 30:, 20:], crop_prior(prior, box, *made.prior_size(30, 60, 2.0)))
    torch.testing.assert_close(tile, whole[..., 30:, 20:], atol=1e-5, rtol=0)


def test_light_brings_its_luma_and_no_colour() -> None:
    made, nir = network(), torch.full((1, 1, 40, 40), 0.5)
    light = nir + torch.rand_like(nir) * 0.1
    with torch.no_grad():
        prior = made.prior(nir)
        plain, lit = made.paint(nir, prior), made.paint(nir, prior, light=light)
    change = lit - plain
    torch.testing.assert_close(change, change.mean(1, keepdim=True).expand_as(change), atol=1e-4, rtol=0)
    assert change.std() > 0.01


@pytest.mark.parametrize("eight_bits", [False, True])
def test_all_of_it_learns(eight_bits: bool) -> None:
    made = network().train()
    made.prior_branch.eight_bits = eight_bits
    made(torch.rand(2, 1, 64, 64))[0].square().mean().backward()
    idle = [name for name, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle


def test_ranges_follow_training_and_stay_afterwards() -> None:
    made = network()
    before = made.prior_branch.ranges.clone()
    assert (before[:, 1] >= before[:, 0]).all()
    assert before.any()
    with torch.no_grad():
        made(torch.rand(1, 1, 64, 64))
        assert torch.equal(made.prior_branch.ranges, before)
        made.train()(torch.rand(1, 1, 64, 64))
    assert not torch.equal(made.prior_branch.ranges, before)


def test_eight_bits_are_near_to_floats() -> None:
    made, nir = network(), torch.rand(1, 1, 64, 96)
    with torch.no_grad():
        exact = made(nir)[0]
        made.prior_branch.eight_bits = True
        near = made(nir)[0]
    assert 0 < (exact - near).abs().mean() < 0.02


def test_numbers_are_rounded_to_levels_and_cut_off_at_the_range() -> None:
    scale, zero = span(-1.0, 3.0, False)
    x = rounded(torch.tensor([-9.0, -0.5, 0.0, 1.234, 9.0]), scale, zero)
    torch.testing.assert_close(x, torch.tensor([-1.0, -0.5, 0.0, 1.234, 3.0]), atol=scale, rtol=0)
    assert x[2] == 0  # what convolutions are padded with
    assert span(-1.0, 9.0, True) == (6 / LEVELS, 0)


@pytest.mark.parametrize(("groups", "most"), [(1, PLAIN), (8, DEPTHWISE)])
def test_weights_have_a_scale_for_each_channel(groups: int, most: int) -> None:
    weight = torch.randn(8, 8 // groups, 3, 3) * torch.logspace(-4, 1, 8)[:, None, None, None]
    scales, found = weight_scales(weight, groups)
    assert found == most
    steps: Tensor = rounded_weight(weight, groups) / scales[:, None, None, None]
    assert steps.abs().max() <= most + 1e-3
    torch.testing.assert_close(steps, steps.round(), atol=1e-3, rtol=0)


def test_its_encoder_goes_on_from_that_of_lite() -> None:
    from nircolor.weights import load, locate

    made, lite = network(), load("lite").state
    made.prior_branch.pyramid.encoder.load_pretrained(locate("lite"))
    state, theirs = made.state_dict(), "prior_branch.pyramid.encoder."
    stem = lite[f"{theirs}stem.weight"].float().sum(1, keepdim=True)
    torch.testing.assert_close(state[f"{theirs}stem.weight"], stem)
    assert torch.equal(state[f"{theirs}blocks.14.project.weight"], lite[f"{theirs}blocks.14.project.weight"].float())


def test_weights_of_another_kind_are_refused(tmp_path: object) -> None:
    from pathlib import Path

    from safetensors.torch import save_file

    path = Path(str(tmp_path)) / "x.safetensors"
    save_file({"prior_branch.pyramid.encoder.stem.weight": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match="not the weights of this EfficientNet-Lite"):
        network().prior_branch.pyramid.encoder.load_pretrained(path)
