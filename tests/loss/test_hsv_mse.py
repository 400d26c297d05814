from __future__ import annotations

from math import pi, sin

import pytest
import torch
from descent import descend, pictures
from torch import Tensor
from torch.autograd import gradcheck

from nircolor.loss.hsv import hsv_mse
from nircolor.model.colour import hsv_to_cone, rgb_to_cone


def cone(degrees: float, saturation: float = 0.8) -> Tensor:
    return hsv_to_cone(torch.tensor([degrees / 360, saturation, 0.9]).view(1, 3, 1, 1))


def test_hue_does_not_break_at_red() -> None:
    near, far = hsv_mse(cone(359), cone(1)).item(), hsv_mse(cone(180), cone(1)).item()
    assert near == pytest.approx((2 * 0.8 * sin(pi / 180)) ** 2 / 3, rel=1e-3)
    assert near == pytest.approx(hsv_mse(cone(89), cone(91)).item(), rel=1e-3)
    assert far > 1000 * near


def test_hue_of_a_grey_pixel_does_not_matter() -> None:
    assert hsv_mse(cone(10, 0), cone(200, 0)).item() == 0


def test_it_is_its_formula_on_the_first_three_channels() -> None:
    prior, target = torch.rand(2, 5, 3, 4, dtype=torch.float64), torch.rand(2, 3, 3, 4, dtype=torch.float64)
    expected = sum((prior[:, :3] - target).flatten().square().tolist()) / target.numel()
    assert hsv_mse(prior, target).item() == pytest.approx(expected)
    assert gradcheck(lambda p: hsv_mse(p, target), prior.requires_grad_())


def test_it_leads_a_prior_to_its_target() -> None:
    a, b = (rgb_to_cone(x) for x in pictures())
    first, last = descend(lambda x: hsv_mse(x, b), a)
    assert last < 0.7 * first
