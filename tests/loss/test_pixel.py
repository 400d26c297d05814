from __future__ import annotations

import pytest
import torch

from nircolor.loss.pixel import angular_loss, blurred_loss, cone_loss, pixel_loss
from nircolor.model.colour import hsv_to_cone


def images(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    a, b = torch.rand(2, 2, 3, 20, 18, generator=generator, dtype=torch.float64).unbind(0)
    return a, b


@pytest.mark.parametrize("loss", [pixel_loss, blurred_loss, angular_loss, cone_loss])
def test_zero_for_equal_positive_otherwise_and_differentiable(loss) -> None:  # type: ignore[no-untyped-def]
    a, b = images()
    assert loss(a, a).item() == pytest.approx(0, abs=1e-12)
    assert loss(a, b) > 0.01
    small = a[:1, :, :4, :4].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, b[:1, :, :4, :4]), small)


def test_pixel_loss_is_its_formula() -> None:
    a, b = images()
    expected = (a - b).abs().sum() / a.numel() + 2 * ((a - b) ** 2).sum() / a.numel()
    torch.testing.assert_close(pixel_loss(a, b), expected)


def test_blurred_loss_ignores_texture() -> None:
    a, _ = images()
    texture = torch.ones_like(a)
    texture[..., ::2, :] = -1
    assert blurred_loss(a[..., :16, :16], (a + 0.1 * texture)[..., :16, :16]) < 1e-12
    torch.testing.assert_close(blurred_loss(a, a + 0.1), torch.tensor(0.1, dtype=torch.float64))


def test_angular_loss_ignores_exposure_of_bright_colours_and_sees_hue() -> None:
    colour = torch.tensor([0.9, 0.5, 0.3]).view(1, 3, 1, 1)
    assert angular_loss(colour, colour * 0.8) < 0.01
    assert angular_loss(colour, colour.flip(1)) > 0.05
    black = torch.zeros(1, 3, 2, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(angular_loss(black, torch.zeros(1, 3, 2, 2)), black)
    assert torch.isfinite(gradient).all()


def test_cone_loss_does_not_break_at_red() -> None:
    def cone(hue: float) -> torch.Tensor:
        return hsv_to_cone(torch.tensor([hue, 0.8, 0.9]).view(1, 3, 1, 1))

    across, far = cone_loss(cone(0.995), cone(0.005)), cone_loss(cone(0.5), cone(0.005))
    assert across < 0.03 < 0.3 < far


def test_angular_loss_is_the_angle_where_it_is_small() -> None:
    grey = torch.full((1, 3, 1, 1), 0.5)
    turned = grey.clone()
    turned[0, 0] += 0.1
    a, b = grey.flatten() + 0.02, turned.flatten() + 0.02
    radians = torch.acos(a @ b / a.norm() / b.norm())
    assert float(angular_loss(turned, grey)) == pytest.approx(float(radians), rel=0.2)
    assert float(angular_loss(grey, grey)) == pytest.approx(0, abs=1e-3)
