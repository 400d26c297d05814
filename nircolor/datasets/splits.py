"""Which pair is in which split: a list, else the folders, else a seeded draw. Never a scene in two of them.

None of the four benchmarks publishes the split of HAQAGen's Table 1, only its counts; what it says of the rest is
"80/10/10 train/val/test without scene overlap" (section 4), which is the draw.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nircolor.datasets.lists import SplitList, canonical
from nircolor.datasets.naming import SPLITS
from nircolor.datasets.pair import Pair, Problem

Progress = Callable[[int, int], None] | None

DRAWN = ("train", "val", "test")


@dataclass(frozen=True)
class Splits:
    """``of`` gives the split of an id, empty for none, of incomplete pairs too where it is known. ``origin`` is a
    phrase for reports.
    """

    origin: str
    of: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The splits there are, train, val and test first."""
        found = {name for name in self.of.values() if name}
        return (*(name for name in DRAWN if name in found), *sorted(found.difference(DRAWN)))


def from_list(found: SplitList) -> Splits:
    return Splits(f"listed in {found.path}", {name: row.split for name, row in found.rows.items()})


def from_folders(root: Path, folders: Mapping[str, str]) -> Splits | None:
    """The split that the folders inside of ``root`` name, or the name of ``root`` itself; None where neither does."""
    if any(folders.values()):
        return Splits("the folders of the data set", folders)
    own = SPLITS.get(canonical(root.resolve().name))
    return Splits(f"the name of the folder, {root.resolve().name}", dict.fromkeys(folders, own)) if own else None


def outside(splits: Splits, pairs: Sequence[Pair]) -> Iterator[Problem]:
    """Pairs in none of the split folders, where there are some."""
    for pair in pairs:
        if not splits.of.get(pair.id):
            reason = f"in none of the folders of {', '.join(splits.names)}, so in no split; move it into one"
            yield Problem(str(pair.rgb), reason, "unlisted", pair.id)


def draw(pairs: Sequence[Pair], seed: int, on_progress: Progress = None) -> tuple[Splits, tuple[Pair, ...]]:
    """80/10/10 of the scenes that the pictures show, found by matching them; also the pairs with these scenes."""
    from nircolor.datasets.leaks import group_scenes  # reads every picture: only where there is no other way

    scenes = group_scenes(pairs, on_progress=on_progress)
    first: dict[str, str] = {}  # scenes may be numbered: the first id in one is a name that lasts
    for name in sorted(scenes):
        first.setdefault(scenes[name], name)
    split_of = divide(set(first.values()), seed)
    origin = f"drawn by scene, 80/10/10 of {len(first)} scenes, seed {seed}"
    splits = Splits(origin, {pair.id: split_of[first[scenes[pair.id]]] for pair in pairs})
    return splits, tuple(replace(pair, scene=scenes[pair.id]) for pair in pairs)


def divide(scenes: set[str], seed: int) -> dict[str, str]:
    """Scene -> split: a tenth each (at least one, where there are three scenes) for val and test, the rest for train.

    The order is that of a hash of seed and name: it depends on nothing else, and a scene more moves few others.
    """
    ordered = sorted(
        scenes, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode(errors="surrogateescape")).digest()
    )
    tenth = max(1, round(len(ordered) / 10)) if len(ordered) >= 3 else 0
    names = ["val"] * tenth + ["test"] * tenth
    return {scene: names[index] if index < len(names) else "train" for index, scene in enumerate(ordered)}
