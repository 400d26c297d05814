"""The pairs that a recipe trains and is judged on, found below the data root and described."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nircolor.datasets import Pair
from nircolor.errors import UsageError
from nircolor.training.data_loader import PairSource, TrainingPair
from nircolor.training.made import find_photographs
from nircolor.training.pairs import RenderedPair, find_pairs
from nircolor.training.recipe import Recipe, SourceConfig

HELD_OUT = ("val", "test")


@dataclass(frozen=True)
class Data:
    """``sources`` in the order of the recipe; ``validation`` by name: the folder, and the split where two share it."""

    root: Path
    sources: tuple[PairSource, ...]
    validation: dict[str, Sequence[Pair]]
    about: dict[str, Any]
    """For people, and for the metadata of weights."""

    @property
    def pairs(self) -> int:
        """Of all training sources."""
        return sum(len(source.pairs) for source in self.sources)


def find_data(recipe: Recipe, root: Path) -> Data:
    """Raises InputError for a set that is empty or faulty, UsageError where training pairs are held out or judged."""
    sources = tuple(PairSource(_pairs(config, root), config.weight, config.turn) for config in recipe.sources)
    if recipe.rendered.scenes:
        sources += (_rendered(recipe),)
    names = _names(recipe.validation)
    sets = {name: find_pairs(config, root) for name, config in zip(names, recipe.validation, strict=True)}
    training = [pair for source in sources for pair in source.pairs if isinstance(pair, Pair)]
    check_unseen(training, [pair for pairs in sets.values() for pair in pairs], recipe)
    rows = [
        _row(config.folder, config.split, source.pairs) for config, source in zip(recipe.sources, sources, strict=False)
    ]
    if recipe.rendered.scenes:
        rows.append(_row("rendered scenes", "", sources[-1].pairs))
    judged = [
        _row(config.folder, config.split, sets[name]) for name, config in zip(names, recipe.validation, strict=True)
    ]
    return Data(root, sources, dict(sets), {"sources": rows, "validation": judged})


def _pairs(config: SourceConfig, root: Path) -> Sequence[TrainingPair]:
    if config.kind == "rgb":
        return find_photographs(root / config.folder, config.nir_from)
    return find_pairs(config, root)


def _names(configs: Sequence[SourceConfig]) -> list[str]:
    often = Counter(config.folder for config in configs)
    return [config.folder if often[config.folder] == 1 else f"{config.folder}:{config.split}" for config in configs]


def _rendered(recipe: Recipe) -> PairSource:
    config = recipe.rendered
    return PairSource([RenderedPair(seed, config.side) for seed in range(config.scenes)], config.weight)


def _row(folder: str, split: str, pairs: Sequence[TrainingPair]) -> dict[str, Any]:
    return {"folder": folder, "split": split, "pairs": len(pairs), "scenes": len({pair.scene for pair in pairs})}


def check_unseen(training: Iterable[Pair], held_out: Iterable[Pair], recipe: Recipe) -> None:
    """Refuse to train anything on pictures that are there to judge it. Raises UsageError, naming the first."""
    for source in recipe.sources:
        if source.split in HELD_OUT:
            raise UsageError(f"sources: {source.folder}: split {source.split!r} is held out; train on another")
    judged = {pair.rgb.resolve() for pair in held_out}
    for pair in training:
        if pair.rgb.resolve() in judged:
            raise UsageError("is a validation picture, and in the training sources too", path=pair.rgb)
