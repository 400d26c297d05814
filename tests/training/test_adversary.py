"""The game of critics and generator."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nircolor.training.adversary import Adversary
from nircolor.training.devices import fabric_for
from nircolor.training.recipe import LossConfig, OptimConfig


def pictures(seed: int, bright: float) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return {space: torch.rand(2, 3, 40, 40) * 0.3 + bright for space in ("rgb", "hsv")}


def adversary(gan: str, spaces: tuple[str, ...]) -> Adversary:
    torch.manual_seed(0)
    config = LossConfig(adversarial=1, gan=gan, critic_spaces=spaces, critic_rate=1e-3)  # type: ignore[arg-type]
    return Adversary(config, OptimConfig(beta1=0.5, beta2=0.999), fabric_for("fp32"))


@pytest.mark.parametrize(("gan", "spaces"), [("hinge", ("rgb", "hsv")), ("vanilla", ("rgb",))])
def test_critics_learn_to_tell_and_the_generator_feels_it(gan: str, spaces: tuple[str, ...]) -> None:
    game, reals, fakes = adversary(gan, spaces), pictures(1, 0.6), pictures(2, 0.1)
    losses = [game.update([fakes], [reals], 1.0).item() for _ in range(12)]
    assert losses[-1] < 0.8 * losses[0]
    fakes = {space: image.requires_grad_() for space, image in fakes.items()}
    before = game.fooled(fakes)
    before.backward()
    nudged = {space: image - 0.05 * image.grad.sign() for space, image in fakes.items() if image.grad is not None}
    assert set(nudged) == set(spaces)
    assert game.fooled(nudged) < before


def test_a_step_of_either_side_leaves_the_other_alone() -> None:
    game, reals, fakes = adversary("hinge", ("rgb", "hsv")), pictures(1, 0.6), pictures(2, 0.1)
    fakes = {space: image.requires_grad_() for space, image in fakes.items()}
    game.update([fakes], [reals], 1.0)
    assert all(image.grad is None for image in fakes.values())
    game.optimiser.zero_grad()
    game.fooled(fakes).backward()
    assert all(parameter.grad is None for parameter in game.critic.parameters())


def test_the_rate_follows_the_schedule() -> None:
    game = adversary("hinge", ("rgb",))
    game.update([pictures(2, 0.1)], [pictures(1, 0.6)], 0.25)
    assert game.optimiser.param_groups[0]["lr"] == pytest.approx(0.25e-3)
