"""What a data set is made of: pairs of pictures of one view, and whatever is wrong with the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ProblemKind = Literal["", "unpaired", "doubled", "stray", "unreadable", "absent", "unlisted"]


@dataclass(frozen=True)
class Pair:
    """One view in near-infrared and in colour.

    ``id`` is unique within its data set. ``scene`` groups pairs that show the same place: a split never divides one.
    ``nir`` is None where a folder holds colour pictures alone (the truth of predictions made elsewhere).
    ``kind`` is the data set's own word for what is seen (natural, built, forest ...), empty where it has none.
    """

    id: str
    nir: Path | None
    rgb: Path
    scene: str
    kind: str = ""


@dataclass(frozen=True)
class Problem:
    """Something that could not be used: the file or pair concerned, the reason, the remedy.

    ``kind`` lets a report group them: ``unpaired`` (no partner), ``doubled`` (two pictures for one place), ``stray``
    (no part of any pair), ``unreadable``, ``absent`` (asked for by a list, not there), ``unlisted`` (there, but in no
    split). ``pair`` is the id concerned, empty where it is about no pair.
    """

    name: str
    reason: str
    kind: ProblemKind = ""
    pair: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True)
class Dataset:
    """Pairs sorted by id, of one split, and the files that make no pair.

    ``split_origin`` says where the split comes from: a CSV file, official folders, or a seeded draw by scene.
    """

    layout: str
    root: Path
    split: str
    split_origin: str
    pairs: tuple[Pair, ...]
    problems: tuple[Problem, ...] = ()
