from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from descent import descend, pictures
from torch import Tensor
from torch.autograd import gradcheck

from nircolor.loss.ms_ssim import ms_ssim
from nircolor.loss.texture import EPSILON, FLOOR, consistency_loss, cosine_distance, texture_loss
from nircolor.model.texture import TextureAutoencoder


def features(seed: int = 0, size: tuple[int, int] = (6, 5)) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    a, b = torch.randn(2, 2, 4, *size, generator=generator, dtype=torch.float64).unbind(0)
    return a, b


def plain_cosine(a: Tensor, b: Tensor) -> float:
    """Pixel by pixel, with the one more coordinate written out."""
    total = 0.0
    for image in range(2):
        for place in range(30):
            u, v = (torch.cat([x[image].flatten(1)[:, place], x.new_tensor([(FLOOR * 4) ** 0.5])]) for x in (a, b))
            total += (u @ v / (u.norm() * v.norm())).item()
    return 1 - total / 60


def test_texture_loss_is_its_formula() -> None:
    a, b = features()
    p, q = (F.instance_norm(x, eps=EPSILON) for x in (a, b))
    square = sum((p - q).flatten().square().tolist()) / p.numel()
    assert texture_loss(a, b, 1, 0).item() == pytest.approx(square)
    assert texture_loss(a, b, 0, 1).item() == pytest.approx(plain_cosine(p, q))
    assert texture_loss(a, b, 2, 3).item() == pytest.approx(2 * square + 3 * plain_cosine(p, q))


def test_texture_loss_ignores_gain_and_offset_of_a_channel() -> None:
    a, b = features()
    gain, offset = torch.tensor([3.0, 5, 2, 9]).view(4, 1, 1), torch.tensor([1.0, -2, 0, 4]).view(4, 1, 1)
    assert texture_loss(a, a).item() == pytest.approx(0, abs=1e-12)
    assert texture_loss(a * gain + offset, b).item() == pytest.approx(texture_loss(a, b).item(), rel=1e-3)


def test_gradients_by_finite_differences() -> None:
    a, b = features(size=(3, 2))
    a.requires_grad_()
    assert gradcheck(lambda x: texture_loss(x, b, 0.7, 1.3), a)
    x, y = torch.rand(2, 1, 3, 12, 13, dtype=torch.float64)
    assert gradcheck(
        lambda x: consistency_loss(x[..., :3, :3], y[..., :3, :3], x, y), x.requires_grad_(), fast_mode=True
    )


@pytest.mark.parametrize("value", [0.0, 0.7])
def test_flat_maps_have_finite_gradients(value: float) -> None:
    _, b = features()
    flat = torch.full_like(b, value).requires_grad_()
    for loss in (texture_loss(flat, b), cosine_distance(flat, b), cosine_distance(flat, torch.zeros_like(b))):
        (gradient,) = torch.autograd.grad(loss, flat)
        assert gradient.abs().max() < EPSILON**-0.5
    single = b[..., :1, :1].clone().requires_grad_()
    assert texture_loss(single, b[..., 1:2, 1:2]).item() == 0


def test_bfloat16_features_are_compared_in_float32() -> None:
    a, b = (x.bfloat16() for x in features())
    assert texture_loss(a, b).dtype == torch.float32
    torch.testing.assert_close(texture_loss(a, b), texture_loss(a.float(), b.float()))


def test_consistency_loss_is_its_formula() -> None:
    (a, b), (image, truth) = features(), (x[..., :24, :24] for x in pictures())
    square, cosine = F.mse_loss(a, b).item(), plain_cosine(a, b)
    structure = 1 - ms_ssim(image, truth).mean().item()
    found = consistency_loss(a, b, image, truth, alpha=0.5, gamma=2, beta=3)
    assert found.item() == pytest.approx(0.5 * square + 2 * cosine + 3 * structure, rel=1e-5)
    assert consistency_loss(a, a, image, image).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("weights", [(1, 0), (0, 1)])
def test_each_term_leads_a_picture_to_the_textures_of_another(weights: tuple[float, float]) -> None:
    torch.manual_seed(0)
    net, (a, b) = TextureAutoencoder().requires_grad_(False), pictures()
    target = net.encode(b)
    first, last = descend(lambda x: texture_loss(net.encode(x), target, *weights), a)
    assert last < 0.8 * first


def test_consistency_leads_a_picture_to_another() -> None:
    torch.manual_seed(0)
    net, (a, b) = TextureAutoencoder().requires_grad_(False), pictures()
    target = net.encode(b)
    first, last = descend(lambda x: consistency_loss(net.encode(x), target, x, b), a)
    assert last < 0.8 * first
