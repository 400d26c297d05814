"""One step of training: an update of the critics, and those of the generator."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from nircolor.errors import NircolorError
from nircolor.model import Generator, crop_prior
from nircolor.model.colour import rgb_to_cone
from nircolor.model.networks import Network
from nircolor.training.adversary import Adversary
from nircolor.training.data_loader import TrainingBatch, moved, parts_of
from nircolor.training.devices import mean_gradients, stepper
from nircolor.training.objective import Objective
from nircolor.training.recipe import Recipe
from nircolor.training.reverse_training import NirObjective
from nircolor.training.schedule import optimiser_of

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Pictures = tuple[Tensor, Tensor]
"""RGB of the tiles, and the prior of the views."""


class Updater:
    """The networks that learn, their optimisers, and how a batch changes them.

    A step is one update of the critics, if there are any, and ``generator_steps`` updates of the generator, each on a
    batch of its own, of which the critics see the first (ColorMamba, algorithm 1). A batch may be worked on in
    ``accumulate`` parts, and by many processes; the update is that of the whole batch at once.
    """

    def __init__(self, recipe: Recipe, network: Network, fabric: Fabric) -> None:
        self.recipe, self.fabric = recipe, fabric
        self.network = network.to(fabric.device)
        self.optimiser = optimiser_of(network, recipe.optim, recipe.encoder)
        self.adversary = Adversary(recipe.loss, recipe.optim, fabric) if recipe.loss.adversarial else None
        self._stepper = stepper(fabric, self.optimiser)

    def update(
        self, objective: Objective | NirObjective, batches: Sequence[TrainingBatch], step: int, rate: float
    ) -> dict[str, float]:
        """One step at this learning rate. Returns every unweighted term, the critics' loss and the gradient's norm: of
        the last batch, means over its parts and processes.

        Raises NircolorError when one of them is not a number, naming ``step`` and the culprits.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group.get("share", 1.0)
        terms: dict[str, Tensor] = {}
        for index, batch in enumerate(batches):
            parts = parts_of(moved(batch, self.fabric.device), self.recipe.optim.accumulate)
            made = self._forward(parts[0]) if len(parts) == 1 else None  # parts are painted when their turn comes
            if self.adversary and not index:
                terms["critic"] = self._criticise(parts, made, rate / self.recipe.optim.rate)
            terms |= self._learn(objective, parts, made)
            values = self._means(terms)
            _check(values, step)
            terms["gradient"] = self._descend(step)
        return {**values, "gradient": float(terms["gradient"])}

    def _forward(self, batch: TrainingBatch) -> Pictures:
        with self.fabric.autocast():
            if not isinstance(self.network, Generator):
                return self.network(batch.rgb).float(), batch.view_rgb[:, :0]  # the way back has no prior
            prior, reduction = self.network.prior(batch.view_nir).float(), self.recipe.model.reduction
            height, width = batch.nir.shape[-2:]
            size = self.network.prior_size(height, width, reduction)  # of the prior under each tile
            rgb = self.network.paint(batch.nir, crop_prior(prior, batch.boxes, *size), reduction)
        return rgb.float(), prior

    def _criticise(self, parts: Sequence[TrainingBatch], made: Pictures | None, fraction: float) -> Tensor:
        assert self.adversary
        fakes = []
        for part in parts:
            with torch.no_grad():
                fakes.append(_images(*(made or self._forward(part))))
        return self.adversary.update(fakes, [_truths(part) for part in parts], fraction)

    def _learn(
        self, objective: Objective | NirObjective, parts: Sequence[TrainingBatch], made: Pictures | None
    ) -> dict[str, Tensor]:
        """The gradient of the objective on all parts; returns the terms, means over the parts."""
        self.optimiser.zero_grad()
        sums: dict[str, Tensor] = {}
        for part in parts:
            rgb, prior = made or self._forward(part)
            total, found = objective(rgb, prior, part)
            if self.adversary:
                found["adversarial"] = self.adversary.fooled(_images(rgb, prior))
                total = total + self.recipe.loss.adversarial * found["adversarial"]
            self.fabric.backward(total / len(parts))
            for name, term in {**found, "loss": total}.items():
                sums[name] = sums.get(name, 0) + term.detach() / len(parts)
        mean_gradients(self.fabric, self.network)
        return sums

    def _means(self, terms: Mapping[str, Tensor]) -> dict[str, float]:
        """Over the processes, in one message, so that all of them stop together for a loss that is not a number."""
        vector = torch.stack([term.detach().float() for term in terms.values()])
        return dict(zip(terms, self.fabric.all_reduce(vector, reduce_op="mean").tolist(), strict=True))  # type: ignore[union-attr]

    def _descend(self, step: int) -> Tensor:
        """One step of the generator's optimiser; returns the norm of its gradient before it was clipped."""
        most = self.recipe.optim.clip or math.inf
        norm = self.fabric.clip_gradients(self.network, self._stepper, max_norm=most, error_if_nonfinite=False)
        assert norm is not None
        scaled = self.recipe.optim.precision == "fp16"  # whose scaler leaves such a step out, and scales less
        if not scaled and not torch.isfinite(norm):
            raise NircolorError(f"step {step}: the gradient of {_culprit(self.network)} is not a number; {REMEDY}")
        self._stepper.step()
        return norm


REMEDY = "resume with a lower optim.rate, or optim.precision=fp32"


def _check(values: Mapping[str, float], step: int) -> None:
    culprits = [name for name, value in values.items() if not math.isfinite(value)]
    if culprits:
        named = ", ".join(name for name in culprits if name != "loss") or "loss"
        rest = ", ".join(f"{name} {value:.3g}" for name, value in values.items())
        raise NircolorError(f"step {step}: {named} is not a number ({rest}); {REMEDY}")


def _culprit(network: nn.Module) -> str:
    """The first parameter whose gradient is not finite."""
    named = ((name, parameter.grad) for name, parameter in network.named_parameters())
    return next((name for name, grad in named if grad is not None and not torch.isfinite(grad).all()), "the network")


def _images(rgb: Tensor, prior: Tensor) -> dict[str, Tensor]:
    """What the critics look at: colours of the tile, HSV (in cone coordinates) of the view."""
    return {"rgb": rgb, "hsv": prior[:, :3]}


def _truths(batch: TrainingBatch) -> dict[str, Tensor]:
    return {"rgb": batch.rgb, "hsv": rgb_to_cone(batch.view_rgb)}
