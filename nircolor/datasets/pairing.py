"""Pictures into pairs; whatever has no partner, or one too many, is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nircolor.datasets.layout import LayoutEntry
from nircolor.datasets.naming import Side
from nircolor.datasets.pair import Pair, Problem

_OTHER: dict[Side, Side] = {"nir": "rgb", "rgb": "nir"}
_STRAY = "no name or folder says whether it is near-infrared or colour; name it <id>_nir or <id>_rgb, or move it away"

Sides = dict[Side, list[LayoutEntry]]


@dataclass(frozen=True)
class Paired:
    """Pairs, each its own scene until somebody knows better; ``folders`` is the split that the folders of an id name
    (empty where they don't), of incomplete pairs too.
    """

    pairs: tuple[Pair, ...]
    folders: Mapping[str, str]
    problems: tuple[Problem, ...]


def pair_up(entries: Sequence[LayoutEntry]) -> Paired:
    """Group entries by split and id. An id that is there in two splits is called ``<split>/<id>``.

    Without any near-infrared picture each colour picture is a pair with ``nir=None``.
    """
    groups = _groups(entries)
    colour_alone = not any(entry.role == "nir" for entry in entries)
    pairs: list[Pair] = []
    problems = [Problem(str(e.file.path), _STRAY, "stray") for e in entries if e.role == "stray"]
    for name, sides in groups.items():
        wrong = [*_doubled(name, sides), *([] if colour_alone else _unpaired(name, sides))]
        problems += wrong
        if not wrong:
            nir = None if colour_alone else sides["nir"][0].file.path
            rgb = sides["rgb"][0]
            pairs.append(Pair(name, nir, rgb.file.path, scene=name, kind=rgb.kind))
    return Paired(tuple(pairs), {name: _any(sides).split for name, sides in groups.items()}, tuple(problems))


def _groups(entries: Sequence[LayoutEntry]) -> dict[str, Sides]:
    by_key: dict[tuple[str, str], Sides] = {}
    for entry in entries:
        if entry.role == "nir" or entry.role == "rgb":
            sides = by_key.setdefault((entry.split, entry.id), {"nir": [], "rgb": []})
            sides[entry.role].append(entry)
    seen: dict[str, int] = {}
    for _, name in by_key:
        seen[name] = seen.get(name, 0) + 1
    return {f"{split}/{name}" if split and seen[name] > 1 else name: sides for (split, name), sides in by_key.items()}


def _any(sides: Sides) -> LayoutEntry:
    return (sides["nir"] or sides["rgb"])[0]


def _doubled(name: str, sides: Sides) -> Iterator[Problem]:
    for side, entries in sides.items():
        for entry in entries[1:]:
            reason = f"a second {side} picture of {name}, beside {entries[0].file.path}; keep one of them"
            yield Problem(str(entry.file.path), reason, "doubled", name)


def _unpaired(name: str, sides: Sides) -> Iterator[Problem]:
    for side, entries in sides.items():
        if not sides[_OTHER[side]]:
            for entry in entries[:1]:
                reason = f"its {_OTHER[side]} partner is missing; add it, or move this one away"
                yield Problem(str(entry.file.path), reason, "unpaired", name)
