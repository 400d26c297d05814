"""The training loop: batches in, checkpoints and weights out."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from nircolor import weights
from nircolor.errors import NircolorError
from nircolor.model import Generator, crop_prior
from nircolor.model.colour import rgb_to_cone
from nircolor.training.adversary import Adversary
from nircolor.training.checkpoint import Average, Player, load_checkpoint, save_checkpoint
from nircolor.training.feed import Batch, Feed, Source
from nircolor.training.objective import Objective
from nircolor.training.pairs import find_pairs
from nircolor.training.recipe import OptimConfig, Recipe, steps_of
from nircolor.training.texture import check_unseen, texture_for
from nircolor.training.validation import validate, validation_metrics

Log = Callable[[dict[str, float]], None]

_log = logging.getLogger(__name__)


class Trainer:
    """One run in one folder: ``checkpoint.safetensors`` (to resume), ``weights.safetensors`` (the average, to use),
    ``log.jsonl``, ``recipe.json``, and ``texture.safetensors`` where a texture autoencoder was pretrained for it.

    A step is one update of the critics, if there are any, and ``generator_steps`` updates of the generator, each on a
    batch of its own, of which the critics see the first (ColorMamba, algorithm 1).
    """

    def __init__(self, recipe: Recipe, run: Path, data_root: Path, resume: bool = False) -> None:
        self.recipe, self.run = recipe, run
        torch.manual_seed(recipe.seed)
        self.network = Generator(recipe.model)
        if recipe.start_from:
            self.network.load_state_dict(weights.load(recipe.start_from).state)
        self.adversary = Adversary(recipe.loss, recipe.optim) if recipe.loss.adversarial else None
        self.average = Average(self.network, recipe.optim.ema)
        self.optimiser = _optimiser(self.network, recipe.optim)
        sources = [Source(find_pairs(config, data_root), config.weight, config.turn) for config in recipe.sources]
        self.validation = [(config.folder, find_pairs(config, data_root)) for config in recipe.validation]
        pairs = [pair for source in sources for pair in source.pairs]
        check_unseen(pairs, [pair for _, held_out in self.validation for pair in held_out], recipe)
        self.steps = steps_of(recipe.optim, len(pairs))
        self.feed = Feed(sources, recipe.augment, recipe.optim.batch, recipe.seed)
        self.metrics = validation_metrics(recipe.loss.perceptual_weights if recipe.loss.perceptual else "")
        self.step = load_checkpoint(self._checkpoint, self._players, self.average) if resume else 0
        self._objective: Objective | None = None
        if recipe.optim.precision == "fp16":
            _log.warning("optim.precision fp16: a CPU has no fast path for it; training in bf16 instead")
        run.mkdir(parents=True, exist_ok=True)  # last, so that a wrong call leaves nothing behind
        (run / "recipe.json").write_text(json.dumps(recipe.to_dict(), indent=2), encoding="utf-8")

    @property
    def _checkpoint(self) -> Path:
        return self.run / "checkpoint.safetensors"

    @property
    def _players(self) -> dict[str, Player]:
        players = {"network": Player(self.network, self.optimiser)}
        if self.adversary:
            players["critic"] = Player(self.adversary.critic, self.adversary.optimiser)
        return players

    def train(self, log: Log = lambda record: None) -> None:
        """Run to the last step. Raises NircolorError when a loss is not a number, naming the step and the terms."""
        recipe, clock, each = self.recipe, time.monotonic(), self.recipe.optim.generator_steps
        self.prepare(log)
        batches = self.feed.batches(self.step * each)
        while self.step < self.steps:
            terms = self.update(list(islice(batches, each)))
            self.step += 1
            if self.step % 20 == 0:
                seconds, clock = time.monotonic() - clock, time.monotonic()
                self._log({"step": self.step, "images/s": 20 * each * recipe.optim.batch / seconds, **terms}, log)
            last = self.step == self.steps
            if self.step % recipe.save_every == 0 or last:
                self.save()
            if self.validation and (self.step % recipe.validate_every == 0 or last):
                self._log({"step": self.step, **self.validate()}, log)

    def prepare(self, log: Log = lambda record: None) -> Objective:
        """The objective, for which the texture autoencoder is pretrained first where the recipe wants one."""
        if self._objective is None:
            loss = self.recipe.loss
            textured = loss.feature and (loss.alpha or loss.gamma or loss.ms_ssim)
            texture = texture_for(self.recipe, self.run, self.feed, log) if textured else None
            self._objective = Objective(loss, texture)
        return self._objective

    def update(self, batches: Sequence[Batch]) -> dict[str, float]:
        """One step. Returns every unweighted term of the last batch, the critics' loss and the gradient's norm."""
        objective, terms = self.prepare(), {}
        fraction = learning_rate(self.recipe.optim, self.step, self.steps) / self.recipe.optim.rate
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.optim.rate * fraction
        for index, batch in enumerate(batches):
            rgb, prior = self._forward(batch)
            if self.adversary and not index:
                terms["critic"] = self.adversary.update(_images(rgb, prior), _truths(batch), fraction)
            total, found = objective(rgb, prior, batch)
            if self.adversary:
                found["adversarial"] = self.adversary.fooled(_images(rgb, prior))
                total = total + self.recipe.loss.adversarial * found["adversarial"]
            terms |= found
            self._check(total, terms)
            terms["gradient"] = self._descend(total)
        self.average.update(self.network, self.step)
        return {name: term.item() for name, term in terms.items()}

    def _forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.optim.precision != "fp32"):
            prior = self.network.prior(batch.view_nir).float()
            rgb = self.network.paint(batch.nir, crop_prior(prior, batch.boxes, *batch.nir.shape[-2:]))
        return rgb.float(), prior

    def _check(self, total: Tensor, terms: dict[str, Tensor]) -> None:
        if not torch.isfinite(total):
            culprits = ", ".join(f"{name} {term.item():.3g}" for name, term in terms.items())
            raise NircolorError(f"step {self.step}: the loss is not a number ({culprits}); resume with a lower rate")

    def _descend(self, total: Tensor) -> Tensor:
        """One step of the generator's optimiser; returns the norm of its gradient before it was clipped."""
        self.optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        most = self.recipe.optim.clip or math.inf
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), most)
        self.optimiser.step()
        return norm

    def save(self) -> None:
        """The checkpoint to resume from, and the averaged weights to use."""
        save_checkpoint(self._checkpoint, self.step, self._players, self.average, self.recipe)
        meta = {"config": self.recipe.model.to_dict(), "recipe": self.recipe.to_dict(), "step": self.step}
        weights.save(self.run / "weights.safetensors", self.average.state, meta)

    def validate(self) -> dict[str, float]:
        """Scores of the averaged weights on the validation pairs, named ``<folder>/<metric>``."""
        network = Generator(self.recipe.model)
        network.load_state_dict(self.average.state)
        scores = {folder: validate(network, pairs, self.metrics) for folder, pairs in self.validation}
        return {f"{folder}/{name}": value for folder, values in scores.items() for name, value in values.items()}

    def _log(self, record: dict[str, float], log: Log) -> None:
        with (self.run / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        log(record)


def learning_rate(config: OptimConfig, step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine from ``rate`` down to ``final_rate`` of it, or ``rate`` throughout."""
    if step < config.warmup:
        return config.rate * (step + 1) / config.warmup
    if config.schedule == "constant":
        return config.rate
    progress = (step - config.warmup) / max(1, steps - config.warmup)
    cosine = (1 + math.cos(math.pi * min(1.0, progress))) / 2
    return config.rate * (config.final_rate + (1 - config.final_rate) * cosine)


def _images(rgb: Tensor, prior: Tensor) -> dict[str, Tensor]:
    """What the critics look at: colours of the tile, HSV (in cone coordinates) of the view."""
    return {"rgb": rgb, "hsv": prior[:, :3]}


def _truths(batch: Batch) -> dict[str, Tensor]:
    return {"rgb": batch.rgb, "hsv": rgb_to_cone(batch.view_rgb)}


def _optimiser(network: Generator, config: OptimConfig) -> torch.optim.AdamW:
    """Weight decay on matrices and kernels alone: biases, norms, tokens and scales are not to shrink."""
    decayed = [p for p in network.parameters() if p.ndim >= 2]
    rest = [p for p in network.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.rate, betas=(config.beta1, config.beta2))
