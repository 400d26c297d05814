from __future__ import annotations

import pytest
import torch
from descent import descend, pictures
from torch import Tensor
from torch.autograd import gradcheck
from torch.autograd.graph import saved_tensors_hooks

from nircolor.loss.histogram import cdf_loss, soft_cdf, soft_cdf_plain

TAU = 0.02


def values(*shape: int, seed: int = 0, beyond: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64) * (1 + 2 * beyond) - beyond


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 17, 9), (1, 3, 1, 40)])
@pytest.mark.parametrize(("bins", "temperature"), [(64, 0.02), (16, 0.1), (256, 0.004)])
def test_table_equals_the_plain_formula_and_so_does_its_gradient(
    shape: tuple[int, ...], bins: int, temperature: float
) -> None:
    x = values(*shape, beyond=0.5).requires_grad_()
    fast, plain = soft_cdf(x, bins, temperature), soft_cdf_plain(x, bins, temperature)
    assert (fast - plain).abs().max() < 2e-7
    weights = torch.randn(fast.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found, expected = (torch.autograd.grad((cdf * weights).sum(), x)[0] for cdf in (fast, plain))
    largest = 0.25 / temperature / x[0, 0].numel()  # slope of one sigmoid, for one pixel
    assert (found - expected).abs().max() < 1e-4 * largest * weights.abs().max()


def test_it_is_the_papers_sum_but_for_the_mass_below_zero() -> None:
    """h_b = mean k(x - c_b), with the mass of the logistic kernel in the bin for k; H_b = h_1 + ... + h_b."""
    x, bins = values(1, 3, 20, 20), 64
    edges = torch.arange(bins + 1, dtype=torch.float64) / bins
    mass = torch.sigmoid((edges - x.flatten(2)[..., None]) / TAU).diff(dim=-1)
    spilled = torch.sigmoid(-x / TAU).flatten(2).mean(2, keepdim=True)
    torch.testing.assert_close(mass.mean(2).cumsum(-1) + spilled, soft_cdf(x), rtol=0, atol=2e-7)
    z = (x.flatten(2)[..., None] - edges[1:] + 0.5 / bins) / TAU
    density = torch.sigmoid(z) * torch.sigmoid(-z) / TAU / bins  # at the centres
    assert (density.cumsum(-1) - mass.cumsum(-1)).abs().max() < 0.005


def test_gradient_by_finite_differences() -> None:
    x, y = values(1, 2, 4, 5), values(1, 2, 4, 5, seed=1)
    assert gradcheck(soft_cdf, x.requires_grad_(), fast_mode=True)
    assert gradcheck(soft_cdf_plain, x, fast_mode=True)
    assert gradcheck(lambda p: cdf_loss(p, y, bins=8, temperature=0.1), x)


def test_layout_and_precision_do_not_matter() -> None:
    x = values(2, 3, 8, 6).float().to(memory_format=torch.channels_last).requires_grad_()
    cdf = soft_cdf(x)
    assert cdf.dtype == torch.float32
    torch.testing.assert_close(cdf, soft_cdf_plain(x), rtol=0, atol=1e-6)
    found, expected = (torch.autograd.grad(f(x).square().sum(), x)[0] for f in (soft_cdf, soft_cdf_plain))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_a_megapixel_of_one_value_is_counted_exactly() -> None:
    x = torch.full((1, 1, 1024, 1024), 0.3337)
    torch.testing.assert_close(soft_cdf(x), soft_cdf_plain(x[..., :1, :1]), rtol=0, atol=1e-6)


@pytest.mark.parametrize("bins", [64, 256])
def test_only_the_picture_is_kept_for_the_backward_pass(bins: int) -> None:
    kept = 0

    def count(tensor: Tensor) -> Tensor:
        nonlocal kept
        kept += tensor.numel() * tensor.element_size()
        return tensor

    x, y = torch.rand(2, 3, 64, 64, requires_grad=True), torch.rand(2, 3, 64, 64)
    with saved_tensors_hooks(count, lambda tensor: tensor):
        loss = cdf_loss(x, y, bins)
    assert kept < 1.2 * x.numel() * x.element_size()
    loss.backward()
    assert x.grad is not None


def test_it_is_the_earth_movers_distance_channel_by_channel() -> None:
    x = 0.3 + 0.3 * values(2, 3, 30, 30)
    assert cdf_loss(x, x).item() == 0
    assert cdf_loss(x + 0.1, x).item() == pytest.approx(0.1, abs=1e-3)
    one = x.clone()
    one[0, 1] += 0.12
    assert cdf_loss(one, x).item() == pytest.approx(0.12 / 6, abs=1e-3)
    shuffled = x.flatten(2)[..., torch.randperm(900)].view(x.shape)
    assert cdf_loss(shuffled, x).item() < 1e-12, "where the colours are does not matter"
    assert cdf_loss(x[..., ::2], x[..., ::2].repeat(1, 1, 2, 1)).item() < 1e-12, "nor how many pixels there are"


def test_what_is_not_a_number_stays_that() -> None:
    x = values(1, 3, 4, 4)
    x[0, 0, 0, 0] = torch.nan
    assert cdf_loss(x, values(1, 3, 4, 4)).isnan()


def test_it_leads_a_picture_to_the_colours_of_another() -> None:
    a, b = pictures()
    first, last = descend(lambda x: cdf_loss(x, b), a)
    assert last < 0.5 * first
