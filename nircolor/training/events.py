"""What a run tells whoever watches it: the command line, the run folder, a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Progress:
    """So much of a stage (``training``, ``texture autoencoder``, ``validation``) is done, of so much. Told often."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class Losses:
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
class Scores:
    """Of the averaged weights at ``step``, by ``<folder>/<metric>``; pictures of a few pairs, the same each time."""

    step: int
    steps: int
    values: Mapping[str, float]
    best: bool
    """Whether no earlier validation of the run was as good."""
    pictures: tuple[ValidationPicture, ...] = ()


Event = Progress | Losses | Scores
Observer = Callable[[Event], None]


def nobody(event: Event) -> None:
    """The observer of a run that nobody watches."""
