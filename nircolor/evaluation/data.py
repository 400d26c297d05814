"""Which pairs are measured, and which were trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nircolor.datasets import Dataset, Pair, open_dataset
from nircolor.events import Reporter


@dataclass(frozen=True)
class Data:
    """Which pairs are measured, and which were trained on."""

    root: Path
    split: str
    layout: str
    split_file: Path | None
    seed: int
    train: tuple[str, ...]

    def open(self, reporter: Reporter) -> Dataset:
        """Reported in one line. Raises InputError where there are no pairs."""
        dataset = open_dataset(
            self.root,
            layout=self.layout,
            split=self.split,
            split_file=self.split_file,
            seed=self.seed,
            on_progress=reporter.stage("finding scenes"),
        )
        reporter.note(_line(dataset))
        return dataset

    def training(self, reporter: Reporter) -> list[Pair]:
        """The pairs that were trained on; what is wrong with the rest of their folders is only worth a warning."""
        pairs: list[Pair] = []
        for text in self.train:
            root, at, split = text.rpartition("@")
            if not at or Path(text).exists():  # an "@" in the name of a folder
                root, split = text, "all"
            dataset = open_dataset(Path(root), split=split)
            reporter.note(_line(dataset))
            for problem in dataset.problems:
                reporter.warn(f"`train`: {problem}")
            pairs += dataset.pairs
        return pairs


def _line(dataset: Dataset) -> str:
    count = len(dataset.pairs)
    pairs = f"{count} pair{'' if count == 1 else 's'}, layout {dataset.layout}"
    split = "" if dataset.split == "all" else f", split {dataset.split} ({dataset.split_origin})"
    return f"{dataset.root}: {pairs}{split}"
