"""How weights are adapted: numbers of the user's, and the recipe that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nircolor.bounds import AT_LEAST_1, DECAY, POSITIVE, faults
from nircolor.errors import UsageError
from nircolor.model import ModelConfig
from nircolor.training.augment import AugmentConfig
from nircolor.training.recipe import EncoderConfig, LossConfig, OptimConfig, Recipe
from nircolor.training.recipe_file import changes_of
from nircolor.values import build

_ALL_BLOCKS = 1000  # more than any encoder has
_AUGMENT = AugmentConfig(
    min_view=0.5, stretch=0.2, max_zoom=2.0, gamma=0.15, gain=0.15, contrast=0.1, noise=0.02, blur=0.5
)
_LOSS = LossConfig(pixel=1.0, blurred=0.5, angular=0.8, prior=0.5)
_ENCODER = EncoderConfig(frozen=_ALL_BLOCKS)  # what things are it knows; which colours they have is learned


@dataclass(frozen=True)
class AdaptConfig:
    """The defaults are for 5 to 500 pairs and a laptop.

    minutes: for all trainings together; where they would take longer, they become shorter. Reading the pairs comes on
    top. steps: of one training, at most. checks: how often in it left-out scenes are asked. rate: of AdamW, constant
    after a warm-up. size: of the views, in pixels a side. keep: share of samples that are rendered scenes, ``rendered``
    of them, in the colours that the weights had.
    """

    minutes: float = field(default=15.0, metadata=POSITIVE)
    steps: int = field(default=80, metadata=AT_LEAST_1)
    checks: int = field(default=2, metadata=AT_LEAST_1)
    rate: float = field(default=7e-4, metadata=POSITIVE)
    batch: int = field(default=8, metadata=AT_LEAST_1)
    size: int = field(default=96, metadata=AT_LEAST_1)
    keep: float = field(default=0.5, metadata=DECAY)
    rendered: int = field(default=16, metadata=AT_LEAST_1)
    seed: int = 0

    @classmethod
    def changed(cls, changes: Sequence[str]) -> AdaptConfig:
        """The defaults with texts such as ``steps=100``. Raises UsageError for a key or value that cannot be."""

        def refuse(key: str, value: object, reason: str) -> UsageError:
            return UsageError(f"{key} = {value}: {reason}", option="changes")

        return build(cls, changes_of(changes), "", refuse)

    def check(self) -> None:
        """Raises UsageError, naming the first value that is out of its range."""
        for key, value, reason in faults(self):
            raise UsageError(reason, option=key, value=value)

    @property
    def every(self) -> int:
        """Steps from one check to the next."""
        return max(1, self.steps // self.checks)

    def recipe(self, model: ModelConfig, precision: str) -> Recipe:
        """Without sources: the pairs are in memory."""
        optim = OptimConfig(
            steps=self.steps,
            batch=self.batch,
            rate=self.rate,
            schedule="constant",
            warmup=min(10, self.steps),
            ema=0.97,
            precision=precision,  # type: ignore[arg-type]
        )
        augment = replace(_AUGMENT, size=self.size)
        return Recipe(model.name, model, (), loss=_LOSS, augment=augment, encoder=_ENCODER, optim=optim, seed=self.seed)
