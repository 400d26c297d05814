"""The training loop: batches in, checkpoints and weights out."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from nircolor import weights
from nircolor.errors import NircolorError
from nircolor.loss.lpips import Lpips
from nircolor.loss.pixel import angular_loss, blurred_loss, cone_loss, pixel_loss
from nircolor.model import Generator, crop_prior
from nircolor.model.colour import rgb_to_cone
from nircolor.training.checkpoint import Average, load_checkpoint, save_checkpoint
from nircolor.training.feed import Batch, Feed, Source
from nircolor.training.pairs import find_pairs
from nircolor.training.recipe import LossConfig, OptimConfig, Recipe, SourceConfig
from nircolor.training.validation import validate, validation_metrics

Log = Callable[[dict[str, float]], None]


class Objective:
    """The weighted sum of losses of one batch; the terms that a recipe weighs zero are not computed."""

    def __init__(self, config: LossConfig) -> None:
        self.config = config
        self.perceptual = Lpips(config.perceptual_weights) if config.perceptual else None

    def __call__(self, rgb: Tensor, prior: Tensor, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """rgb: (b, 3, s, s) of the tiles; prior: (b, P, s, s) of the views -> total, and each unweighted term."""
        config, rgb = self.config, rgb.float()
        terms = {
            "pixel": pixel_loss(rgb, batch.rgb),
            "blurred": blurred_loss(rgb, batch.rgb),
            "angular": angular_loss(rgb, batch.rgb),
            "prior": cone_loss(prior.float(), rgb_to_cone(batch.view_rgb)),
        }
        if self.perceptual is not None:
            some = math.ceil(config.perceptual_share * len(rgb))
            terms["perceptual"] = self.perceptual(rgb[:some], batch.rgb[:some]).mean()
        total = torch.stack([getattr(config, name) * term for name, term in terms.items()]).sum()
        return total, terms


class Trainer:
    """One run in one folder: ``checkpoint.safetensors`` (to resume), ``weights.safetensors`` (the average, to use),
    ``log.jsonl``, ``recipe.json``."""

    def __init__(self, recipe: Recipe, run: Path, data_root: Path, resume: bool = False) -> None:
        self.recipe, self.run = recipe, run
        torch.manual_seed(recipe.seed)
        self.network = Generator(recipe.model)
        if recipe.start_from:
            self.network.load_state_dict(weights.load(recipe.start_from).state)
        self.objective = Objective(recipe.loss)
        self.average = Average(self.network, recipe.optim.ema)
        self.optimiser = _optimiser(self.network, recipe.optim)
        self.feed = Feed(_sources(recipe.sources, data_root), recipe.augment, recipe.optim.batch, recipe.seed)
        self.metrics = validation_metrics(recipe.loss.perceptual_weights if recipe.loss.perceptual else "")
        self.validation = [(config.folder, find_pairs(config, data_root)) for config in recipe.validation]
        self.step = 0
        if resume:
            self.step = load_checkpoint(self._checkpoint, self.network, self.average, self.optimiser)
        run.mkdir(parents=True, exist_ok=True)  # last, so that a wrong call leaves nothing behind
        (run / "recipe.json").write_text(json.dumps(recipe.to_dict(), indent=2), encoding="utf-8")

    @property
    def _checkpoint(self) -> Path:
        return self.run / "checkpoint.safetensors"

    def train(self, log: Log = lambda record: None) -> None:
        """Run to the last step. Raises NircolorError when a loss is not a number, naming the step and the terms."""
        recipe, clock = self.recipe, time.monotonic()
        for batch in self.feed.batches(self.step):
            if self.step >= recipe.optim.steps:
                break
            terms = self._update(batch)
            self.step += 1
            if self.step % 20 == 0:
                seconds, clock = time.monotonic() - clock, time.monotonic()
                self._log({"step": self.step, "images/s": 20 * recipe.optim.batch / seconds, **terms}, log)
            last = self.step == recipe.optim.steps
            if self.step % recipe.save_every == 0 or last:
                self.save()
            if self.validation and (self.step % recipe.validate_every == 0 or last):
                self._log({"step": self.step, **self.validate()}, log)

    def _update(self, batch: Batch) -> dict[str, float]:
        config = self.recipe.optim
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(config, self.step)
        with torch.autocast("cpu", torch.bfloat16, enabled=config.precision == "bf16"):
            prior = self.network.prior(batch.view_nir)
            rgb = self.network.paint(batch.nir, crop_prior(prior.float(), batch.boxes, *batch.nir.shape[-2:]))
            total, terms = self.objective(rgb, prior, batch)
        if not torch.isfinite(total):
            culprits = ", ".join(f"{name} {term.item():.3g}" for name, term in terms.items())
            raise NircolorError(f"step {self.step}: the loss is not a number ({culprits}); resume with a lower rate")
        self.optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), config.clip)
        self.optimiser.step()
        self.average.update(self.network, self.step)
        return {name: term.item() for name, term in terms.items()} | {"gradient": norm.item()}

    def save(self) -> None:
        """The checkpoint to resume from, and the averaged weights to use."""
        save_checkpoint(self._checkpoint, self.step, self.network, self.average, self.optimiser, self.recipe)
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


def learning_rate(config: OptimConfig, step: int) -> float:
    """Linear warm-up, then half a cosine from ``rate`` to a hundredth of it."""
    if step < config.warmup:
        return config.rate * (step + 1) / config.warmup
    progress = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.rate * (0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, progress))) / 2)


def _optimiser(network: Generator, config: OptimConfig) -> torch.optim.AdamW:
    """Weight decay on matrices and kernels alone: biases, norms, tokens and scales are not to shrink."""
    decayed = [p for p in network.parameters() if p.ndim >= 2]
    rest = [p for p in network.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.rate, betas=(config.beta1, config.beta2))


def _sources(configs: tuple[SourceConfig, ...], root: Path) -> list[Source]:
    return [Source(find_pairs(config, root), config.weight, config.turn) for config in configs]
