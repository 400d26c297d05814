from __future__ import annotations

from math import log

import pytest
import torch
from descent import descend, pictures
from torch import Tensor
from torch.autograd import gradcheck

from nircolor.loss.adversarial import hinge_critic, hinge_generator, vanilla_critic, vanilla_generator
from nircolor.model.critic import Critic

GAMES = {"hinge": (hinge_critic, hinge_generator), "vanilla": (vanilla_critic, vanilla_generator)}


def logits() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    real, fake = 2 * torch.randn(2, 2, 1, 3, 4, generator=generator, dtype=torch.float64)
    return real, fake


def test_each_loss_is_its_formula() -> None:
    real, fake = logits()
    r, f = real.flatten().tolist(), fake.flatten().tolist()
    hinge = sum(max(0, 1 - x) for x in r) / len(r) + sum(max(0, 1 + x) for x in f) / len(f)
    assert hinge_critic(real, fake).item() == pytest.approx(hinge)
    assert hinge_generator(fake).item() == pytest.approx(-sum(f) / len(f))
    d_real, d_fake = torch.sigmoid(real), torch.sigmoid(fake)
    ascended = d_real.log().mean() + (1 - d_fake).log().mean()
    torch.testing.assert_close(vanilla_critic(real, fake), -ascended)
    torch.testing.assert_close(vanilla_generator(fake), (1 - d_fake).log().mean())


def test_an_undecided_critic() -> None:
    zero = torch.zeros(2, 1, 3, 3)
    assert hinge_critic(zero, zero).item() == 2
    assert vanilla_critic(zero, zero).item() == pytest.approx(2 * log(2))


def test_gradients_by_finite_differences() -> None:
    real, fake = (x.clone().requires_grad_() for x in logits())
    for critic, generator in GAMES.values():
        assert gradcheck(critic, (real, fake))
        assert gradcheck(generator, (fake,))


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_sure_critics_give_finite_numbers(size: float) -> None:
    x = torch.full((1, 1, 2, 2), size, requires_grad=True)
    for critic, generator in GAMES.values():
        for loss in (critic(x, x), generator(x)):
            (gradient,) = torch.autograd.grad(loss, x)
            assert loss.isfinite()
            assert gradient.isfinite().all()


def test_hinge_critic_rests_beyond_its_margin() -> None:
    real, fake = torch.full((1, 1, 2, 2), 1.5), torch.full((1, 1, 2, 2), -1.5)
    assert hinge_critic(real, fake).item() == 0


def test_the_vanilla_generator_saturates_as_published() -> None:
    x = torch.tensor([-20.0, 0.0, 20.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(3 * vanilla_generator(x), x)
    assert gradient.tolist() == pytest.approx([0, -0.5, -1], abs=1e-6)


@pytest.mark.parametrize("game", GAMES)
def test_critic_and_generator_each_descend(game: str) -> None:
    torch.manual_seed(0)
    judge, fool = GAMES[game]
    critic, (fake, real) = Critic(width=8), pictures()
    optimiser = torch.optim.Adam(critic.parameters(), 0.01)
    losses = []
    for _ in range(15):
        loss = judge(critic(real, "rgb"), critic(fake, "rgb"))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
    critic.eval().requires_grad_(False)
    first, last = descend(lambda x: fool(critic(x, "rgb")), fake)
    assert last < first - 0.05
