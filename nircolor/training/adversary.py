"""The critics, their optimiser, and the game between them and the generator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nircolor.loss import adversarial
from nircolor.model.critic import Critic
from nircolor.training.devices import mean_gradients, stepper
from nircolor.training.recipe import LossConfig, OptimConfig

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Images = Mapping[str, Tensor]
"""By colour space: ``rgb`` (b, 3, s, s), and ``hsv`` in cone coordinates."""

GAMES = {
    "hinge": (adversarial.hinge_critic, adversarial.hinge_generator),  # HAQAGen eq. 2
    "vanilla": (adversarial.vanilla_critic, adversarial.vanilla_generator),  # ColorMamba eq. 9
}


class Adversary:
    """D_RGB and D_HSV (HAQAGen) or D_RGB alone (ColorMamba), trained against the generator."""

    def __init__(self, config: LossConfig, optim: OptimConfig, fabric: Fabric) -> None:
        self.fabric, self.spaces = fabric, config.critic_spaces
        self.critic = Critic(self.spaces).to(fabric.device)
        self._judge, self._fool = GAMES[config.gan]
        betas = (optim.beta1, optim.beta2)
        self.rate = config.critic_rate or optim.rate
        self.optimiser = torch.optim.AdamW(self.critic.parameters(), self.rate, betas, weight_decay=0.0)
        self._stepper = stepper(fabric, self.optimiser)

    def update(self, fakes: Sequence[Images], reals: Sequence[Images], fraction: float) -> Tensor:
        """One step of the critics on detached pictures, part by part of a batch, at this fraction of their rate.
        Returns their loss, mean over the parts."""
        self.critic.requires_grad_(True)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * fraction
        self.optimiser.zero_grad()
        losses = [self._accuse(fake, real, 1 / len(fakes)) for fake, real in zip(fakes, reals, strict=True)]
        mean_gradients(self.fabric, self.critic)
        self._stepper.step()
        return torch.stack(losses).sum()

    def _accuse(self, fakes: Images, reals: Images, share: float) -> Tensor:
        losses = [self._judge(self._logits(reals, space), self._logits(fakes, space)) for space in self.spaces]
        loss = share * torch.stack(losses).sum()
        self.fabric.backward(loss)
        return loss.detach()

    def fooled(self, fakes: Images) -> Tensor:
        """The generator's adversarial loss; no gradient reaches the critics."""
        self.critic.requires_grad_(False)
        return torch.stack([self._fool(self.critic(fakes[space].float(), space)) for space in self.spaces]).sum()

    def _logits(self, images: Images, space: str) -> Tensor:
        logits: Tensor = self.critic(images[space].detach().float(), space)
        return logits
