"""Open a folder as a data set: its layout, its pairs, its split, and by name whatever is wrong with the rest."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from nircolor.datasets.fanvid import FANVID
from nircolor.datasets.folder import FOLDER
from nircolor.datasets.layout import Layout
from nircolor.datasets.listing import Listing, list_pictures
from nircolor.datasets.lists import SplitList, canonical, find_list
from nircolor.datasets.omsiv import OMSIV
from nircolor.datasets.pair import Dataset, Pair, Problem
from nircolor.datasets.pairing import Paired, pair_up
from nircolor.datasets.rgb2nir import RGB2NIR
from nircolor.datasets.splits import DRAWN, Progress, Splits, draw, from_folders, from_list, outside
from nircolor.datasets.vcip2020 import VCIP2020
from nircolor.errors import InputError, UsageError
from nircolor.files import natural

_LAYOUTS = (VCIP2020, FANVID, OMSIV, RGB2NIR, FOLDER)  # in this order: a plain folder recognises everything
LAYOUTS = ("auto", *(layout.name for layout in _LAYOUTS))
ALL = "all"


def open_dataset(
    root: Path,
    *,
    layout: str = "auto",
    split: str = ALL,
    split_file: Path | None = None,
    seed: int = 0,
    on_progress: Progress = None,
) -> Dataset:
    """The pairs below ``root`` that are in ``split``, sorted by id, and the problems that concern it.

    ``layout``: one of :data:`LAYOUTS`; ``auto`` recognises the benchmarks by their folders and names. No picture is
    opened, but for a drawn split.

    ``split``: ``all``, or a name. Where it comes from, the first that is there: ``split_file``; ``split.csv`` in
    ``root``, or beside it; folders (train, val, test, and longer words for them), or the name of ``root``; a draw by
    scene, 80/10/10, from ``seed``, for which the pictures are matched with each other (``on_progress`` is told how far
    that is).

    Raises InputError for a missing folder, for no pair at all, and for a split that is not there (it names those that
    are); UsageError for an unknown layout.
    """
    root, split = Path(root), canonical(split)
    chosen = _layout(layout)
    listing = list_pictures(root)
    chosen = chosen or next(one for one in _LAYOUTS if one.recognises(listing.files) or one is FOLDER)
    paired = pair_up(chosen.read(listing.files))
    _require_pairs(root, chosen, listing, paired)
    found = find_list(root, split_file, paired.folders)
    pairs = tuple(found.describe(pair) for pair in paired.pairs) if found else paired.pairs
    splits, pairs = _splits(root, paired, found, pairs, split, seed, on_progress)
    kept = pairs if split == ALL else tuple(pair for pair in pairs if splits.of.get(pair.id) == split)
    problems = [*listing.problems, *paired.problems, *_split_problems(root, paired, found, splits)]
    _require_split(root, split, splits, kept, paired)
    return Dataset(chosen.name, root, split, splits.origin, _sorted(kept), _concerning(problems, split, splits))


def _layout(name: str) -> Layout | None:
    """The layout called so, None for ``auto``."""
    if name not in LAYOUTS:
        near = difflib.get_close_matches(name.lower(), LAYOUTS, 1)
        hint = f"did you mean {near[0]}?" if near else "choose one of them"
        raise UsageError(f"unknown layout {name!r}; there are {', '.join(LAYOUTS)}: {hint}")
    return next((one for one in _LAYOUTS if one.name == name), None)


def _splits(
    root: Path,
    paired: Paired,
    found: SplitList | None,
    pairs: tuple[Pair, ...],
    split: str,
    seed: int,
    on_progress: Progress,
) -> tuple[Splits, tuple[Pair, ...]]:
    """The splits; also the pairs, whose scenes a draw finds out."""
    splits = from_list(found) if found else from_folders(root, paired.folders)
    if splits:
        return splits, pairs
    if split in DRAWN:
        return draw(pairs, seed, on_progress)
    return Splits("no split: every pair of the folder", {}), pairs


def _split_problems(root: Path, paired: Paired, found: SplitList | None, splits: Splits) -> list[Problem]:
    if found:
        return [*found.problems, *found.unlisted(paired.pairs), *found.absent(root, paired.folders)]
    return list(outside(splits, paired.pairs)) if splits.names else []


def _require_pairs(root: Path, layout: Layout, listing: Listing, paired: Paired) -> None:
    if paired.pairs:
        return
    first = next(iter(sorted(paired.problems, key=lambda problem: problem.kind == "stray")), None)
    if first:
        raise InputError(f"no pair is complete ({first})", path=root, remedy=f"expected: {layout.expects}")
    held = f"{len(listing.files)} pictures, none of a pair" if listing.files else "no picture"
    others = ", ".join(f"{count} {suffix or 'without suffix'}" for suffix, count in listing.others.most_common(3))
    reason = f"no pairs: it holds {held}{f', but {others}' if others else ''}"
    raise InputError(reason, path=root, remedy=f"expected: {layout.expects}")


def _require_split(root: Path, split: str, splits: Splits, kept: Sequence[Pair], paired: Paired) -> None:
    if kept:
        return
    here = {splits.of.get(pair.id, "") for pair in paired.pairs}
    names = [name for name in splits.names if name in here] or (DRAWN if not splits.names else [])
    reason = f"{splits.origin}, but none of its pairs is here" if split in splits.names else splits.origin
    remedy = f"there are {', '.join([*names, ALL])}"
    raise InputError(f"no pair in split {split!r} ({reason})", path=root, remedy=remedy)


def _concerning(problems: Iterable[Problem], split: str, splits: Splits) -> tuple[Problem, ...]:
    """Without the problems of pairs that are known to be in another split."""
    kept = [one for one in problems if split == ALL or splits.of.get(one.pair, "") in ("", split)]
    return tuple(sorted(kept, key=lambda problem: (natural(problem.name), problem.reason)))


def _sorted(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    return tuple(sorted(pairs, key=lambda pair: natural(pair.id)))
