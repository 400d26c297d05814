"""A training run written down: every choice in frozen dataclasses, read from a TOML file."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from nircolor.errors import InputError, UsageError
from nircolor.model import PRESETS, ModelConfig
from nircolor.training.augment import AugmentConfig

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")


@dataclass(frozen=True)
class SourceConfig:
    """One folder of pairs, below the data root, in any layout that ``datasets.open_dataset`` knows."""

    folder: str
    split_file: str = ""
    split: str = ""
    weight: float = 1.0
    turn: bool = False


@dataclass(frozen=True)
class LossConfig:
    """Weights of the terms; ``perceptual_weights`` is a file of LPIPS-squeeze weights, empty to train without."""

    pixel: float = 1.0
    blurred: float = 0.5
    angular: float = 1.0
    prior: float = 0.5
    perceptual: float = 0.0
    perceptual_share: float = 1.0  # of the batch that the perceptual term looks at: it costs as much as a network
    perceptual_weights: str = ""


@dataclass(frozen=True)
class OptimConfig:
    """AdamW with a linear warm-up, then a cosine down to a hundredth of ``rate``."""

    steps: int = 10000
    batch: int = 8
    rate: float = 5e-4
    warmup: int = 200
    weight_decay: float = 0.02
    beta1: float = 0.9
    beta2: float = 0.99
    clip: float = 1.0
    ema: float = 0.998
    precision: str = "bf16"  # of matrix products and convolutions; parameters and losses stay float32


@dataclass(frozen=True)
class Recipe:
    preset: str
    sources: tuple[SourceConfig, ...]
    validation: tuple[SourceConfig, ...] = ()
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    seed: int = 0
    save_every: int = 200
    validate_every: int = 1000
    start_from: str = ""  # weights to begin with: a name, a path or an hf:// reference

    @property
    def model(self) -> ModelConfig:
        return PRESETS[self.preset]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def load_recipe(path: Path) -> Recipe:
    """Read a recipe. Raises InputError for an unreadable file, UsageError for unknown keys or presets."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: not a recipe that can be read ({error})") from error
    return parse_recipe(values, str(path))


def parse_recipe(values: dict[str, Any], origin: str = "recipe") -> Recipe:
    """Build a recipe from the tables of a TOML file."""
    parts: dict[str, Any] = dict(values)
    for key in ("sources", "validation"):
        parts[key] = tuple(_build(SourceConfig, item, f"{origin}: {key}") for item in parts.get(key, []))
    for key, kind in (("augment", AugmentConfig), ("loss", LossConfig), ("optim", OptimConfig)):
        parts[key] = _build(kind, parts.get(key, {}), f"{origin}: {key}")
    recipe = _build(Recipe, parts, origin)
    if recipe.preset not in PRESETS:
        raise UsageError(f"{origin}: unknown preset {recipe.preset!r}; there are {', '.join(PRESETS)}")
    if not recipe.sources:
        raise UsageError(f"{origin}: no [[sources]] to train on")
    return recipe


def _build(kind: type[T], values: dict[str, Any], origin: str) -> T:
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - known)
    if unknown:
        raise UsageError(f"{origin}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")
    try:
        return kind(**values)
    except TypeError as error:
        raise UsageError(f"{origin}: {error}") from error
