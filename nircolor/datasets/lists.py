"""A split written down: ``split.csv`` with columns id and split, and perhaps scene and kind."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nircolor.datasets.naming import SPLITS, join
from nircolor.datasets.pair import Pair, Problem
from nircolor.errors import InputError
from nircolor.small_file import read_small

NAME = "split.csv"


@dataclass(frozen=True, slots=True)
class ListRow:
    split: str
    scene: str = ""
    kind: str = ""


@dataclass(frozen=True)
class SplitList:
    """The rows of one CSV file by id."""

    path: Path
    rows: Mapping[str, ListRow]
    problems: tuple[Problem, ...] = ()

    def describe(self, pair: Pair) -> Pair:
        """The pair with the scene and the kind that the list gives it."""
        row = self.rows.get(pair.id)
        return replace(pair, scene=row.scene or pair.scene, kind=row.kind or pair.kind) if row else pair

    def unlisted(self, pairs: Sequence[Pair]) -> Iterator[Problem]:
        """Pairs that are in no split."""
        for pair in pairs:
            if pair.id not in self.rows:
                reason = f"{self.path} does not name it, so it is in no split; add a row {pair.id}"
                yield Problem(str(pair.rgb), reason, "unlisted", pair.id)

    def absent(self, root: Path, ids: Collection[str]) -> Iterator[Problem]:
        """Rows without a picture. Where the list lies outside of ``root``, a split that is absent as a whole is taken
        to lie elsewhere.
        """
        here = {row.split for name, row in self.rows.items() if name in ids}
        inside = self.path.parent.resolve() == root.resolve()
        for name, row in self.rows.items():
            if name not in ids and (inside or row.split in here):
                reason = f"{self.path} names it in split {row.split}, but there is no picture of it; add it"
                yield Problem(name, reason, "absent", name)


def canonical(split: str) -> str:
    """``Training`` -> train, ``validation`` -> val, ``testing`` -> test; any other name stays as it is."""
    return SPLITS.get(split.strip().lower(), split.strip())


def find_list(root: Path, given: Path | None, ids: Collection[str]) -> SplitList | None:
    """The list given, else ``split.csv`` in ``root``, else the one beside ``root`` if it names a picture of it."""
    if given is not None:
        return read_list(Path(given))
    if (root / NAME).is_file():
        return read_list(root / NAME)
    beside = root.resolve().parent / NAME
    if not beside.is_file():
        return None
    found = read_list(beside)
    return found if any(name in ids for name in found.rows) else None


def read_list(path: Path) -> SplitList:
    """Raises InputError for a file that cannot be read as CSV with the columns id and split."""
    try:
        text = read_small(path).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), restval="")
        columns = [name.strip().lower() for name in reader.fieldnames or ()]
        if not {"id", "split"} <= set(columns):
            there = ", ".join(columns)[:100] or "none"
            raise InputError(f"a split file needs columns id and split; it has {there}", path=path)
        reader.fieldnames = columns
        return _collect(path, reader)
    except (OSError, ValueError, csv.Error) as error:  # what is no text is a ValueError
        reason, remedy = f"cannot be read as a split file ({error})", "give a CSV with columns id, split"
        raise InputError(reason, path=path, remedy=remedy) from error


def _collect(path: Path, reader: csv.DictReader[str]) -> SplitList:
    rows: dict[str, ListRow] = {}
    problems = []
    for values in reader:
        if not values["id"].strip():
            continue
        name = join((), values["id"].strip())
        row = ListRow(canonical(values["split"]), *((values.get(key) or "").strip() for key in ("scene", "kind")))
        if name in rows:
            reason = f"{path} names it twice (line {reader.line_num}); the first row counts, remove the other"
            problems.append(Problem(name, reason, "doubled", name))
        rows.setdefault(name, row)
    return SplitList(path, rows, tuple(problems))
