from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nircolor.ends import DARK, neutral_ends
from nircolor.model import PRESETS, BranchConfig, Generator, ModelConfig, VSSConfig, crop_prior
from nircolor.model.spade import SpadeResBlock

SMALL = {
    "lite": replace(
        PRESETS["lite"],
        rgb=BranchConfig((8, 8, 8), (0, 0, 1), stride=2),
        prior=BranchConfig((8, 8, 8, 8), (0, 0, 0, 1), stride=2),
        vss=VSSConfig(state=2, head=8),
    ),
    "haqagen": replace(
        PRESETS["haqagen"],
        rgb=BranchConfig((8, 8, 8, 8, 8), (0, 1, 1, 1, 0)),
        prior=BranchConfig((8, 8, 8, 8), (1, 1, 1, 1), kind="separable"),
        vss=VSSConfig(state=2, head=8),
        fusion_width=8,
        spade_hidden=8,
    ),
}
SMALL["pretrained"] = replace(
    SMALL["lite"], prior=BranchConfig((8, 8, 8, 8), (0, 0, 1, 1), kind="efficientnet-lite0", stride=4)
)
SMALL["colormamba"] = replace(SMALL["haqagen"], prior=BranchConfig((8, 8, 8), (0, 1, 1)), prior_features=4)


def generator(name: str) -> Generator:
    torch.manual_seed(0)
    return Generator(SMALL[name]).eval()


@pytest.mark.parametrize("name", list(SMALL))
@pytest.mark.parametrize("size", [(1, 1), (1, 50), (17, 33), (64, 48)])
def test_any_size(name: str, size: tuple[int, int]) -> None:
    with torch.no_grad():
        rgb, prior = generator(name)(torch.rand(2, 1, *size))
    assert rgb.shape == (2, 3, *size)
    assert prior.shape == (2, 3 + SMALL[name].prior_features, *size)
    assert torch.isfinite(rgb).all()


@pytest.mark.parametrize("name", ["colormamba", "haqagen", "lite"])
def test_every_decoder_stage_is_conditioned_on_the_prior(name: str) -> None:
    network = Generator(PRESETS[name])
    stages = list(network.rgb_branch.decoder)
    assert len(stages) == len(PRESETS[name].rgb.widths)
    assert all(isinstance(stage, SpadeResBlock) for stage in stages)
    plain = Generator(replace(SMALL["haqagen"], spade=False))
    assert not any(isinstance(module, SpadeResBlock) for module in plain.modules())


@pytest.mark.parametrize("name", list(SMALL))
def test_every_parameter_learns(name: str) -> None:
    network = generator(name)
    with torch.no_grad():  # gates and heads that start at zero hide what lies behind them
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    rgb, prior = network(torch.rand(1, 1, 96, 96))
    (rgb.square().sum() + prior.square().sum()).backward()
    silent = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # A bias before an instance norm, and one shared by all keys of a softmax, cannot change anything.
    assert not [n for n in silent if not n.endswith("bias")]


def test_lite_starts_as_the_grey_copy() -> None:
    nir = torch.rand(1, 1, 20, 30)
    rgb, _ = generator("lite")(nir)
    torch.testing.assert_close(rgb, nir.expand(-1, 3, -1, -1))


@pytest.mark.parametrize("name", list(SMALL))
def test_the_ends_of_the_range_are_neutral_whatever_the_weights(name: str) -> None:
    network = generator(name)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        nir = torch.rand(1, 1, 40, 40)
        nir[..., :8, :], nir[..., -8:, :] = 0, 1
        rgb, _ = network(nir)
    assert (rgb[..., :8, :] == 0).all()
    assert (rgb[..., -8:, :] == 1).all()
    assert (rgb[..., 8:-8, :] - nir[..., 8:-8, :]).abs().max() > 0.05


def test_the_guard_of_the_ends_leaves_the_rest_alone_and_has_a_gradient() -> None:
    nir = torch.linspace(0, 1, 256, dtype=torch.float64).view(1, 1, 1, -1)
    rgb = torch.rand(1, 3, 1, 256, dtype=torch.float64, requires_grad=True)
    light = torch.full_like(nir, 0.5)
    guarded = neutral_ends(rgb, nir, light)
    torch.testing.assert_close(guarded[..., 4:253], rgb[..., 4:253])
    assert torch.autograd.gradcheck(lambda x: neutral_ends(x, nir, light), (rgb,))


@pytest.mark.parametrize("name", list(SMALL))
def test_the_noise_of_a_dark_picture_is_not_coloured(name: str) -> None:
    network = generator(name)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        nir = 0.03 * torch.rand(1, 1, 48, 48)
        rgb, _ = network(nir)
        whole, _ = network(nir + DARK)
    chroma, colourful = (x.amax(1) - x.amin(1) for x in (rgb, whole))
    assert chroma.mean() < 0.35 * colourful.mean()


def test_prior_and_paint_are_the_halves_of_forward() -> None:
    network, nir = generator("haqagen"), torch.rand(1, 1, 33, 40)
    with torch.no_grad():
        prior = network.prior(nir)
        rgb, same = network(nir)
        assert torch.equal(prior, same)
        assert torch.equal(network.paint(nir, prior), rgb)


@pytest.mark.parametrize("name", list(PRESETS))
def test_config_survives_json(name: str) -> None:
    import json

    assert ModelConfig.from_dict(json.loads(json.dumps(PRESETS[name].to_dict()))) == PRESETS[name]


def test_published_sizes() -> None:
    """HAQAGen states a prior branch of about 4 M parameters; ColorMamba's published network has about 100 M."""
    millions = {name: sum(p.numel() for p in Generator(config).prior_branch.parameters()) / 1e6
                for name, config in PRESETS.items()}  # fmt: skip
    assert 3.3 < millions["haqagen"] < 4.7
    total = sum(p.numel() for p in Generator(PRESETS["colormamba"]).parameters()) / 1e6
    assert 80 < total < 120


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 20), st.integers(0, 20))
def test_prior_of_the_whole_picture_at_its_own_size_is_cut_exactly(h: int, w: int, top: int, left: int) -> None:
    prior = torch.rand(1, 2, 20 + h, 20 + w)
    box = torch.tensor([[top / (20 + h), left / (20 + w), (top + h) / (20 + h), (left + w) / (20 + w)]])
    expected = prior[..., top : top + h, left : left + w]
    torch.testing.assert_close(crop_prior(prior, box, h, w), expected, atol=1e-4, rtol=0)


def test_neighbouring_tiles_get_a_continuous_prior() -> None:
    prior = torch.rand(1, 3, 9, 13)
    whole = crop_prior(prior, torch.tensor([[0.0, 0.0, 1.0, 1.0]]), 64, 96)
    boxes = torch.tensor([[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0]])
    parts = crop_prior(prior, boxes, 32, 48)
    torch.testing.assert_close(parts[0], whole[0, :, :32, :48], atol=1e-5, rtol=0)
    torch.testing.assert_close(parts[1], whole[0, :, 32:, 48:], atol=1e-5, rtol=0)
