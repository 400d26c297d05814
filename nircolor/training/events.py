"""What a run reports beside the events of every verb (``nircolor.events``), and how losses are averaged for it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nircolor.events import Event

if TYPE_CHECKING:
    from nircolor.training.data_loader import DataLoader

Pixels = NDArray[np.uint8]
TRAINING = "training"
"""The stage of the run itself; others are ``texture autoencoder`` and ``validation``."""


@dataclass(frozen=True)
class Launched(Event):
    """This process is the ``rank``-th of ``processes`` that train together. The others than 0 report nothing more."""

    rank: int
    processes: int


@dataclass(frozen=True)
class TrainingReady(Event):
    """Data are found and networks are made. ``pairs``: to train on. ``judged``: to validate on."""

    device: str
    kernel: str
    precision: str
    pairs: int
    judged: int

    def __str__(self) -> str:
        return (
            f"device {self.device}, kernel {self.kernel}, precision {self.precision}, "
            f"{self.pairs} training pairs, {self.judged} validation pairs"
        )


@dataclass(frozen=True)
class Losses(Event):
    """Means over the last steps up to ``step``: every unweighted term, the critics' loss, the gradient's norm."""

    stage: str
    step: int
    steps: int
    values: Mapping[str, float]
    rate: float = 0.0
    """Learning rate of the generator at ``step``."""
    images_per_second: float = 0.0
    """Samples of all processes together."""
    waited: float = 0.0
    """Share of the time, 0 to 1, that the network waited for data."""


@dataclass(frozen=True)
class ValidationPicture:
    """One validation pair: ``nir`` (H, W), ``prediction`` and ``truth`` (H, W, 3), at most 256 pixels a side."""

    id: str
    nir: Pixels
    prediction: Pixels
    truth: Pixels


@dataclass(frozen=True)
class Scores(Event):
    """Of the averaged weights at ``step``, by ``<folder>/<metric>``; pictures of a few pairs, the same each time."""

    step: int
    steps: int
    values: Mapping[str, float]
    best: bool
    """Whether no earlier validation of the run was as good."""
    pictures: tuple[ValidationPicture, ...] = ()


class Meter:
    """Means of the losses, images a second and the share of time waited, since it was last read."""

    def __init__(self, loader: DataLoader) -> None:
        self._loader = loader
        self.restart()

    def restart(self) -> None:
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._steps, self._images = 0, 0
        self._start, self._waited = time.monotonic(), self._loader.waited_seconds

    def add(self, terms: Mapping[str, float], images: int) -> None:
        """One step on so many images, of all processes together."""
        for name, value in terms.items():
            self._sums[name] += value
        self._steps, self._images = self._steps + 1, self._images + images

    def losses(self, stage: str, step: int, steps: int, rate: float) -> Losses:
        seconds = max(1e-9, time.monotonic() - self._start)
        values = {name: total / self._steps for name, total in self._sums.items()}
        waited = min(1.0, (self._loader.waited_seconds - self._waited) / seconds)
        found = Losses(stage, step, steps, values, rate, self._images / seconds, waited)
        self.restart()
        return found
