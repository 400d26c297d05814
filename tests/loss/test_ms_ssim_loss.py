from __future__ import annotations

import pytest
import torch
from descent import descend, pictures
from torch.autograd import gradcheck

from nircolor.evaluation import ms_ssim as reference
from nircolor.loss.ms_ssim import ms_ssim

SIZES = [(1, 1), (1, 9), (2, 3), (5, 10), (10, 10), (11, 12), (22, 23), (31, 97), (47, 44), (90, 88), (177, 190)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("noise", [0.05, 0.5, -1.0])
def test_equal_to_the_metric(size: tuple[int, int], noise: float) -> None:
    """Near, far, and (noise -1) the negative of a picture, whose structure correlates negatively."""
    generator = torch.Generator().manual_seed(sum(size))
    a = torch.rand(2, 3, *size, generator=generator)
    other = torch.rand(a.shape, generator=generator)
    b = 1 - a if noise < 0 else ((1 - noise) * a + noise * other)
    expected = [
        reference.ms_ssim(x.permute(1, 2, 0).numpy(), y.permute(1, 2, 0).numpy()) for x, y in zip(a, b, strict=True)
    ]
    assert ms_ssim(a, b).tolist() == pytest.approx(expected, abs=1e-5)
    assert ms_ssim(a.double(), b.double()).tolist() == pytest.approx(expected, abs=1e-5)


def test_equal_pictures_score_one_whatever_the_channels() -> None:
    a = torch.rand(3, 5, 30, 40)
    torch.testing.assert_close(ms_ssim(a, a), torch.ones(3))


@pytest.mark.parametrize("size", [(3, 4), (12, 11), (23, 22)])
def test_gradient_by_finite_differences(size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    a = torch.rand(1, 2, *size, generator=generator, dtype=torch.float64)
    b = 0.7 * a + 0.3 * torch.rand(a.shape, generator=generator, dtype=torch.float64)
    assert gradcheck(ms_ssim, (a.requires_grad_(), b.requires_grad_()), fast_mode=size[0] > 10)


def test_a_negative_has_a_finite_gradient() -> None:
    a = torch.rand(1, 3, 32, 32, requires_grad=True)
    (gradient,) = torch.autograd.grad(ms_ssim(a, 1 - a.detach()).sum(), a)
    assert torch.isfinite(gradient).all()


def test_autocast_does_not_make_it_coarse() -> None:
    a, b = pictures()
    with torch.autocast("cpu", torch.bfloat16):
        found = ms_ssim(a, b)
    assert torch.equal(found, ms_ssim(a, b))


def test_it_leads_a_picture_to_the_structure_of_another() -> None:
    a, b = pictures()
    start = 0.6 * a + 0.4 * b  # where structures do not correlate at all there is no gradient to follow
    first, last = descend(lambda x: 1 - ms_ssim(x, b).mean(), start)
    assert last < 0.7 * first
