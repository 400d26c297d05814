"""What a run will take, found out by a few of its steps: for ``estimate_training``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import torch
from torch import nn

from nircolor.model import Generator
from nircolor.model.texture import TextureAutoencoder
from nircolor.training.schedule import Stage
from nircolor.training.texture_pretraining import seconds_per_step
from nircolor.training.trainer import Trainer

TIMED = 3  # steps, after one that warms up


@dataclass(frozen=True)
class StageEstimate:
    """Of steps on views of one size."""

    size: int
    steps: int
    images_per_step: int
    seconds_per_step: float

    @property
    def images_per_second(self) -> float:
        return self.images_per_step / self.seconds_per_step


@dataclass(frozen=True)
class Estimate:
    """Parameters by network; what each stage takes; seconds of the whole run, without validation; peak memory in
    bytes."""

    parameters: dict[str, int]
    stages: tuple[StageEstimate, ...]
    texture_seconds: float
    memory: int
    """Of the GPU where there is one, of this process elsewhere."""

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    @property
    def seconds(self) -> float:
        return self.texture_seconds + sum(stage.steps * stage.seconds_per_step for stage in self.stages)

    def to_json(self) -> dict[str, Any]:
        """What the dry run of ``nircolor train`` prints as JSON."""
        return {**asdict(self), "steps": self.steps, "seconds": self.seconds}

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        sizes = ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in self.parameters.items())
        yield f"parameters  {sizes}"
        for stage in self.stages:
            size = f"{stage.size} x {stage.size} pixels each"
            yield f"steps       {stage.steps} of {stage.images_per_step} images, {size}"
            yield f"speed       {stage.images_per_second:.2f} images/s, {stage.seconds_per_step:.2f} s a step"
        if self.texture_seconds:
            yield f"first       {_duration(self.texture_seconds)} for the texture autoencoder"
        yield f"time        {_duration(self.seconds)} in all, validation not counted"
        yield f"memory      {self.memory / 1e9:.1f} GB so far" if self.memory else "memory      unknown"


def _duration(seconds: float) -> str:
    minutes, hours = round(seconds / 60), round(seconds / 3600, 1)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{hours} h"


def estimate(trainer: Trainer) -> Estimate:
    """Time ``TIMED`` steps of each stage of a fresh trainer; its networks are of no use afterwards. Writes nothing."""
    recipe = trainer.recipe
    texture = TextureAutoencoder(recipe.texture.model) if recipe.loss.textured else None
    pretrained = recipe.loss.textured and not recipe.loss.texture_weights
    device = trainer.fabric.device
    texture_seconds = recipe.texture.steps * seconds_per_step(recipe, trainer.loader, device) if pretrained else 0.0
    trainer.prepare(texture=texture.eval().requires_grad_(False) if texture else None)
    stages = tuple(_estimate_stage(trainer, stage) for stage in trainer.stages)
    return Estimate(_parameters(trainer), stages, texture_seconds, peak_memory(device))


def _estimate_stage(trainer: Trainer, stage: Stage) -> StageEstimate:
    each = trainer.recipe.optim.generator_steps
    with closing(trainer.loader.batches(stage.start * each)) as batches:
        seconds = [_timed(lambda: trainer.update(list(islice(batches, each)))) for _ in range(TIMED + 1)]
    return StageEstimate(stage.size, stage.steps, each * stage.batch, sum(seconds[1:]) / TIMED)


def _parameters(trainer: Trainer) -> dict[str, int]:
    network, adversary = trainer.network, trainer.updater.adversary
    parts: dict[str, nn.Module] = {"network": network}
    if isinstance(network, Generator):
        parts = {"G_A": network.rgb_branch, "G_B": network.prior_branch}
    if adversary:
        parts["critics"] = adversary.critic
    counts = {name: sum(p.numel() for p in part.parameters()) for name, part in parts.items()}
    return {name: count for name, count in counts.items() if count}  # an ``Edge`` has no G_A


def _timed(work: Callable[[], object]) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start


def peak_memory(device: torch.device) -> int:
    """Bytes: the most that tensors held on a GPU; the most that this process held of the main memory elsewhere, 0 where
    the system does not say (Windows)."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
