"""The objectives of both papers, term by term and whole, on a network small enough to follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from nircolor.loss.histogram import cdf_loss
from nircolor.loss.texture import consistency_loss, texture_loss
from nircolor.model.colour import rgb_to_cone
from nircolor.model.texture import AutoencoderConfig, TextureAutoencoder
from nircolor.training.data_loader import TrainingBatch
from nircolor.training.objective import Objective, as_image
from nircolor.training.recipe import LossConfig

NOTHING = LossConfig(pixel=0, blurred=0, angular=0, prior=0)
HAQAGEN = replace(NOTHING, mse=15, feature=15, delta=0, feature_on_hsv=True)
COLORMAMBA = replace(NOTHING, mse=100, feature=100, beta=0, delta=0, ms_ssim=1)


@pytest.fixture
def batch() -> TrainingBatch:
    torch.manual_seed(0)
    nir, rgb = torch.rand(2, 1, 32, 32), torch.rand(2, 3, 32, 32)
    return TrainingBatch(nir, rgb, nir, rgb, torch.tensor([[0.0, 0, 1, 1]] * 2))


@pytest.fixture
def texture() -> TextureAutoencoder:
    torch.manual_seed(1)
    return TextureAutoencoder(AutoencoderConfig(8, 8)).eval().requires_grad_(False)


@pytest.fixture
def guess(batch: TrainingBatch) -> tuple[Tensor, Tensor]:
    """A wrong picture, and a wrong prior with two features beside the cone."""
    torch.manual_seed(2)
    rgb = (batch.rgb + 0.3 * torch.randn_like(batch.rgb)).requires_grad_()
    prior = torch.cat([rgb_to_cone(batch.view_rgb) + 0.2, torch.rand(2, 2, 32, 32)], 1).requires_grad_()
    return rgb, prior


def test_haqagen_is_equation_4(batch: TrainingBatch, texture: TextureAutoencoder, guess: tuple[Tensor, Tensor]) -> None:
    rgb, prior = guess
    cone = rgb_to_cone(batch.view_rgb)
    expected = 15 * (F.mse_loss(rgb, batch.rgb) + F.mse_loss(prior[:, :3], cone))
    for a, b in ((rgb, batch.rgb), (as_image(prior), as_image(cone))):
        expected = expected + 15 * (texture_loss(texture.encode(a), texture.encode(b)) + 1.5 * cdf_loss(a, b))
    total, terms = Objective(HAQAGEN, texture)(rgb, prior, batch)
    torch.testing.assert_close(total, expected)
    assert set(terms) == {"mse", "texture", "cdf"}


def test_colormamba_is_equation_10(
    batch: TrainingBatch, texture: TextureAutoencoder, guess: tuple[Tensor, Tensor]
) -> None:
    rgb, prior = guess
    mse = F.mse_loss(rgb, batch.rgb) + F.mse_loss(prior[:, :3], rgb_to_cone(batch.view_rgb))
    feature = consistency_loss(texture.encode(rgb), texture.encode(batch.rgb), rgb, batch.rgb)
    total, terms = Objective(COLORMAMBA, texture)(rgb, prior, batch)
    torch.testing.assert_close(total, 100 * mse + 100 * feature)
    assert set(terms) == {"mse", "texture"}


def test_the_truth_costs_nothing(batch: TrainingBatch, texture: TextureAutoencoder) -> None:
    for config in (HAQAGEN, COLORMAMBA):
        total, _ = Objective(config, texture)(batch.rgb, rgb_to_cone(batch.view_rgb), batch)
        assert total.item() == pytest.approx(0, abs=1e-3)


def test_terms_that_weigh_nothing_are_not_computed(batch: TrainingBatch, guess: tuple[Tensor, Tensor]) -> None:
    _, terms = Objective(replace(NOTHING, angular=1), None)(*guess, batch)
    assert set(terms) == {"angular"}
    _, terms = Objective(LossConfig(), None)(*guess, batch)
    assert set(terms) == {"pixel", "blurred", "angular", "prior"}


@pytest.mark.parametrize(
    "config",
    [
        replace(NOTHING, mse=1),
        replace(NOTHING, feature=1, delta=0, beta=0),
        replace(NOTHING, feature=1, delta=0, alpha=0, gamma=0),
        replace(NOTHING, feature=1, delta=0, beta=0, ms_ssim=1),
        HAQAGEN,
        COLORMAMBA,
    ],
    ids=["mse", "texture", "cdf", "consistency", "haqagen", "colormamba"],
)
def test_each_term_alone_and_all_together_go_down(
    config: LossConfig, batch: TrainingBatch, texture: TextureAutoencoder, guess: tuple[Tensor, Tensor]
) -> None:
    objective = Objective(config, texture if config.alpha or config.gamma else None)
    optimiser = torch.optim.Adam(guess, 0.02)
    first = objective(*guess, batch)[0].item()
    for _ in range(30):
        optimiser.zero_grad()
        objective(*guess, batch)[0].backward()
        optimiser.step()
    assert objective(*guess, batch)[0].item() < 0.7 * first


def test_vgg_is_part_of_it_and_is_named_for_what_it_is(
    shared: Path, batch: TrainingBatch, texture: TextureAutoencoder, guess: tuple[Tensor, Tensor]
) -> None:
    weights = shared / "perceptual" / "vgg19_distilled16x_relu5_1.safetensors"
    objective = Objective(replace(HAQAGEN, delta=0.2, vgg_weights=str(weights)), texture)
    assert objective.vgg is not None
    assert objective.vgg.name.startswith("distilled VGG-19")
    total, terms = objective(*guess, batch)
    without, _ = Objective(HAQAGEN, texture)(*guess, batch)
    torch.testing.assert_close(total, without + 15 * 0.2 * terms["vgg"])
