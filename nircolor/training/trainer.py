"""The training loop: batches in, checkpoints and weights out."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from nircolor import weights
from nircolor.errors import WeightsError
from nircolor.events import Observer, Progress, Reporter, nobody
from nircolor.files import atomic_file, clear_leftovers
from nircolor.model.efficientnet import EfficientNetLite
from nircolor.model.networks import Network, network_for
from nircolor.scan import choose as choose_scan
from nircolor.training.checkpoint import (
    Ema,
    Optimised,
    TrainingState,
    differences,
    load_checkpoint,
    save_checkpoint,
)
from nircolor.training.data import find_data
from nircolor.training.data_loader import DataLoader, Shape, TrainingBatch
from nircolor.training.devices import fabric_for
from nircolor.training.events import TRAINING, Meter, Scores
from nircolor.training.objective import Objective
from nircolor.training.recipe import Recipe, check_share, steps_of
from nircolor.training.reverse_training import NirObjective, NirValidation
from nircolor.training.schedule import learning_rate, stage_at, stages_of
from nircolor.training.texture_pretraining import texture_for
from nircolor.training.update import Updater
from nircolor.training.validation import Sets, Validated, Validation

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from nircolor.model.texture import TextureAutoencoder

REPORT_EVERY = 20  # steps


class Trainer:
    """One run in one folder: ``checkpoint.safetensors`` (to resume), ``weights.safetensors`` (the average, to use),
    ``best.safetensors`` (the average at its best validation), ``recipe.json``, ``data.json``, and
    ``texture.safetensors`` where a texture autoencoder was pretrained for it. Nothing is written before ``train``.
    """

    def __init__(
        self,
        recipe: Recipe,
        run: Path,
        data_root: Path,
        *,
        resume: bool = False,
        fabric: Fabric | None = None,
        workers: int = 2,
        reporter: Reporter | None = None,
    ) -> None:
        """``fabric``: what to train on, launched; None: this process, on the CPU. ``workers``: threads that decode.
        ``reporter``: gets warnings, about a changed recipe and about pairs, these from any thread.

        Raises UsageError, InputError or WeightsError for a recipe that cannot be trained on this data or devices.
        """
        self.recipe, self.run, self._reporter = recipe, run, reporter or Reporter()
        self.fabric = fabric or fabric_for(recipe.optim.precision, reporter=self._reporter)
        check_share(recipe, self.fabric.world_size)
        torch.manual_seed(recipe.seed)  # every process begins with the same networks
        network = network_for(recipe.model)
        _load_encoder(network, recipe.encoder.weights)
        if recipe.start_from:
            _start_from(network, recipe.start_from)
        self.updater = Updater(recipe, network, self.fabric)
        self.ema = Ema(network, recipe.optim.ema)
        self.data = find_data(recipe, data_root)
        self.steps = steps_of(recipe.optim, self.data.pairs)
        self.stages = stages_of(recipe, self.steps)
        self.loader = DataLoader(
            self.data.sources,
            recipe.augment,
            recipe.seed,
            recipe.optim.batch,
            equalize=recipe.model.equalize,
            workers=workers,
            share=(self.fabric.global_rank, self.fabric.world_size),
            shape_of=self._shape_of,
            on_warning=self._reporter.warn,
        )
        sets = self.data.validation
        self.validation = self._validation(sets) if sets else None
        self.validate_every = recipe.validate_every or -(-self.data.pairs // recipe.optim.batch)
        self.state = self._resumed() if resume else TrainingState()
        self._objective: Objective | NirObjective | None = None

    def _validation(self, sets: Sets) -> Validation | NirValidation:
        if self.recipe.model.direction == "nir":
            return NirValidation(sets, self.fabric.device)
        return Validation(sets, self.recipe.loss.perceptual_weights, self.fabric.device)

    @property
    def step(self) -> int:
        """Steps done."""
        return self.state.step

    @property
    def network(self) -> Network:
        return self.updater.network

    @property
    def kernel(self) -> str:
        """Name of the selective scan."""
        return choose_scan(self.fabric.device, self.recipe.model.vss.state)

    @property
    def checkpoint(self) -> Path:
        return self.run / "checkpoint.safetensors"

    @property
    def _networks(self) -> dict[str, Optimised]:
        updater = self.updater
        networks = {"network": Optimised(updater.network, updater.optimiser)}
        if updater.adversary:
            networks["critic"] = Optimised(updater.adversary.critic, updater.adversary.optimiser)
        return networks

    def _resumed(self) -> TrainingState:
        state = load_checkpoint(self.checkpoint, self._networks, self.ema, self.recipe)
        before = weights.read_meta(self.checkpoint).get("recipe")
        changes = differences(before, self.recipe.to_dict())
        if changes:
            self._reporter.warn(f"{self.run}: the recipe has changed: {'; '.join(changes)}")
        self.fabric.strategy.precision.load_state_dict(state.scaler)
        return state

    def train(self, observe: Observer = nobody) -> None:
        """Run to the last step. Raises NircolorError when a loss is not a number, naming the step and the culprits."""
        self._begin()
        self.prepare(observe)
        each = self.recipe.optim.generator_steps
        meter = Meter(self.loader)
        self._judge(observe)  # where a resumed run was stopped before it could
        observe(Progress(TRAINING, self.step, self.steps))
        with closing(self.loader.batches(self.step * each)) as batches:
            while self.step < self.steps and not self._exhausted():
                images = each * stage_at(self.stages, self.step).batch
                meter.add(self.update(list(islice(batches, each))), images)
                self._after_step(meter, observe)
                observe(Progress(TRAINING, self.step, self.steps))  # last: it is where a Ctrl-C comes through

    def _after_step(self, meter: Meter, observe: Observer) -> None:
        """What is reported never reaches back over a checkpoint, so that a resumed run reports the same."""
        saved = self.step % self.recipe.save_every == 0 or self._due()
        if saved or self.step % REPORT_EVERY == 0:
            observe(meter.losses(TRAINING, self.step, self.steps, self._rate(self.step - 1)))
        if saved:
            self.save()
            self._judge(observe)
            meter.restart()

    def _due(self) -> bool:
        """Whether to validate: now and then, at the end, and once early, which finds what would fail late."""
        step, every = self.step, self.validate_every
        return step % every == 0 or step == self.steps or step == every // 10

    def _judge(self, observe: Observer) -> None:
        if self.validation and self.state.judged < self.step and self._due():
            self._validate(observe)
            self.save()

    def _exhausted(self) -> bool:
        """Whether it was the best for too long."""
        return 0 < self.recipe.patience <= self.state.stale

    def prepare(
        self, observe: Observer = nobody, texture: TextureAutoencoder | None = None
    ) -> Objective | NirObjective:
        """The objective; the texture autoencoder is pretrained first where the recipe wants one and none is given."""
        if self._objective is None:
            if texture is None and self.recipe.loss.textured:
                texture = texture_for(self.recipe, self.run, self.loader, self.fabric, observe)
            if self.recipe.model.direction == "nir":
                self._objective = NirObjective(self.recipe.loss)
            else:
                self._objective = Objective(self.recipe.loss, texture, self.fabric.device)
        return self._objective

    def update(self, batches: list[TrainingBatch]) -> dict[str, float]:
        """One step on ``generator_steps`` batches: see ``Updater.update``."""
        terms = self.updater.update(self.prepare(), batches, self.step, self._rate(self.step))
        self.ema.update(self.network, self.step)
        self.state.step += 1
        return terms

    def _rate(self, step: int) -> float:
        return learning_rate(self.recipe.optim, step, self.steps)

    def _shape_of(self, number: int) -> Shape:
        """Of the batch of this number."""
        stage = stage_at(self.stages, number // self.recipe.optim.generator_steps)
        return stage.size, stage.batch, stage.weights

    def _begin(self) -> None:
        if self.fabric.is_global_zero:
            self.run.mkdir(parents=True, exist_ok=True)
            for folder in (self.run, self.run / "pictures"):  # what a process that was killed has left
                clear_leftovers(folder)
            data = {"root": str(self.data.root.resolve()), **self.data.about}
            for name, values in (("recipe", self.recipe.to_dict()), ("data", data)):
                with atomic_file(self.run / f"{name}.json", overwrite=True) as stream:
                    stream.write(json.dumps(values, indent=2).encode())
        self.fabric.barrier()

    def save(self) -> None:
        """The checkpoint to resume from, and the averaged weights to use. The first of the processes does it."""
        if self.fabric.is_global_zero:
            self.state.scaler = self.fabric.strategy.precision.state_dict()
            save_checkpoint(self.checkpoint, self.state, self._networks, self.ema, self.recipe)
            self._save_ema("weights", {})

    def _save_ema(self, name: str, scores: dict[str, float]) -> None:
        meta: dict[str, Any] = {"config": self.recipe.model.to_dict(), "recipe": self.recipe.to_dict()}
        meta |= {"step": self.step, "data": self.data.about, **({"metrics": scores} if scores else {})}
        weights.save(self.run / f"{name}.safetensors", self.ema.state, meta)

    def validate(self, observe: Observer = nobody) -> Validated:
        """Measure the averaged weights on the validation pairs."""
        assert self.validation
        network = network_for(self.recipe.model)
        network.load_state_dict(self.ema.state)
        return self.validation.run(network, lambda done, total: observe(Progress("validation", done, total)))

    def _validate(self, observe: Observer) -> None:
        """By the first of the processes, for which the others wait."""
        found = self.validate(observe) if self.fabric.is_global_zero else None
        scores: dict[str, float] = self.fabric.broadcast(found.scores if found else {})
        assert self.validation
        now, state = self.validation.goodness(scores, self.recipe.best_by), self.state
        best = state.best is None or now > state.best
        state.judged, state.stale = self.step, 0 if best else state.stale + 1
        if best:
            state.best, state.best_step = now, self.step
        if found:
            if best:
                self._save_ema("best", scores)
            observe(Scores(self.step, self.steps, scores, best, found.pictures))


def _load_encoder(network: Network, path: str) -> None:
    """Pretrained weights for every encoder that can have some; ``path``: also a name, of weights of ours."""
    for module in network.modules() if path else ():
        if isinstance(module, EfficientNetLite):
            module.load_pretrained(weights.locate(path))


def _start_from(network: Network, name: str) -> None:
    loaded = weights.load(name)
    weights.refuse_checkpoint(loaded.meta, loaded.path)
    try:
        network.load_state_dict(loaded.state)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()[:200]
        raise WeightsError(f"start_from: not weights of the recipe's network ({reason})", path=name) from error
