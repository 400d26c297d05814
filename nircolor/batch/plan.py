"""What is to be done, decided before anything is: entries in natural order, and what stands in the way."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from nircolor.batch.entry import Entry
from nircolor.batch.manifest import Past
from nircolor.batch.places import Found, Obstacle, Place, Sizes
from nircolor.batch.walk import Item, Naming, Selection, name_outputs, split, walk
from nircolor.errors import OutputExistsError, UsageError
from nircolor.files import natural
from nircolor.image import plan_output

Policy = Literal["refuse", "overwrite", "skip", "resume"]
"""What happens to outputs that are there: an error before any work, made anew, left as they are, or made anew where the
manifest does not say that they are finished."""


@dataclass(frozen=True)
class Plan:
    """``entries`` are to be done, ``skipped`` ones are done already; ``own`` inputs are outputs of others.

    ``left_out``: how many files of which suffix are no pictures, most frequent first.
    """

    entries: tuple[Entry, ...]
    problems: tuple[Obstacle, ...] = ()
    skipped: int = 0
    own: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


def find(
    root: Place,
    target: Place,
    selection: Selection,
    naming: Naming,
    past: Mapping[str, Past],
    format: str | None = None,
    check: Callable[[], None] = lambda: None,
) -> Plan:
    """List ``root`` and name the outputs. ``format``: of the outputs, None: as the inputs. ``check``: called for every
    file, may raise. Raises InputError for the folder, UsageError for names.
    """
    same = root.is_same(target)
    found, problems, left_out = _look(walk(root, selection, None if same else target), check)
    if same and not naming.suffix:
        raise UsageError("OUTDIR is INDIR: outputs would replace their inputs; choose another folder or a `suffix`")
    own = 0
    if same:  # what a batch has made here is no input, though it looks like one
        found, own = _without_own(found, naming, past, format)
    outputs = name_outputs([file.name for file in found], naming, target.ignores_case(), format)
    entries = tuple(Entry(f.name, output, f.bytes, f.changed) for f, output in zip(found, outputs, strict=True))
    return Plan(entries, problems, own=own, left_out=left_out)


def _look(items: Iterable[Item], check: Callable[[], None]) -> tuple[list[Found], tuple[Obstacle, ...], dict[str, int]]:
    found: list[Found] = []
    problems: list[Obstacle] = []
    kinds = Counter[str]()
    for item in items:
        check()
        if isinstance(item, Found):
            found.append(item)
        elif isinstance(item, Obstacle):
            problems.append(item)
        else:
            kinds[item.kind] += 1
    found = list({file.name: file for file in found}.values())  # a list may name one twice
    return sorted(found, key=lambda file: _natural(file.name)), tuple(problems), dict(kinds.most_common())


def _natural(name: str) -> list[tuple[tuple[str | int, ...], str]]:
    return [natural(part) for part in name.split(os.sep)]  # noqa: PTH206 - once for each of many names


def _without_own(
    found: list[Found], naming: Naming, past: Mapping[str, Past], format: str | None
) -> tuple[list[Found], int]:
    made = set(past)
    for file in found:
        made.update(name_outputs([file.name], naming, ignore_case=False, format=format))
    kept = [file for file in found if file.name not in made]
    return kept, len(found) - len(kept)


def check_formats(plan: Plan, depth: int | None, format: str | None, cog: bool = False) -> None:
    """Raise UsageError when the depth or format asked for does not go with an output's suffix, before any work."""
    for suffix in {split(entry.output)[1] for entry in plan.entries}:
        if suffix and (depth or format or cog):
            plan_output(Path(f"x{suffix}"), depth=depth, format=format, cog=cog)


def settle(plan: Plan, root: Place, there: Sizes, policy: Policy, past: Mapping[str, Past], made_with: str) -> Plan:
    """Decide which entries are left to do. ``past`` and ``made_with`` say what was done, and how, for ``resume``."""
    decided = (_decide(entry, root, there, policy, past.get(entry.output), made_with) for entry in plan.entries)
    left = tuple(entry for entry in decided if entry)
    return replace(plan, entries=left, skipped=len(plan.entries) - len(left))


def _decide(entry: Entry, root: Place, there: Sizes, policy: Policy, past: Past | None, made_with: str) -> Entry | None:
    """The entry as it is to be done, None when there is nothing to do."""
    if policy == "overwrite":
        return replace(entry, replace=True)
    if policy == "resume" and past:
        return _resumed(entry, root, there, past, made_with)
    if policy == "skip" and not entry.replace and there(entry.output) is not None:
        return None
    return entry


def _resumed(entry: Entry, root: Place, there: Sizes, past: Past, made_with: str) -> Entry | None:
    ours = replace(entry, replace=True)
    if there(entry.output) != past.output_bytes or past.sha256 is None or past.made_with != made_with:
        return ours
    try:
        now = (root / entry.source).stamp(entry.bytes, entry.changed)
    except OSError:
        return ours
    return None if now and now == past.stamp else replace(ours, known=past.sha256)


def check_outputs(entries: Sequence[Entry], target: Place, there: Sizes) -> None:
    """Raise OutputExistsError where outputs exist that may not be replaced."""
    taken = [e for e in entries if not e.replace and there(e.output) is not None]
    if taken:
        more = f" (and {len(taken) - 1} more)" if len(taken) > 1 else ""
        ways = "`policy=overwrite`, `policy=skip` or `policy=resume`"
        raise OutputExistsError(
            f"exists already{more}",
            path=str(target / taken[0].output),
            remedy=f"add {ways}, or choose another output folder",
        )
