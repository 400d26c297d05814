"""The matches of a leak check as a CSV file."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

from nircolor.datasets.leaks.report import Evidence, LeakReport, Match
from nircolor.files import atomic_file
from nircolor.written import csv_text

COLUMNS = ("test_id", "test", "train_id", "train", "kind", *(field.name for field in fields(Evidence)))


def write_csv(path: Path, report: LeakReport, overwrite: bool) -> None:
    """One row a match, columns ``COLUMNS``, UTF-8; ``test`` and ``train`` are the paths of the colour pictures.

    What was not measured is empty. A name that a spreadsheet would take for a formula gets an apostrophe in front.
    Raises ``OutputExistsError`` and ``OutputError``.
    """
    with atomic_file(path, overwrite) as stream:
        stream.write(csv_text([COLUMNS, *map(_row, report.matches)]).encode())


def _row(match: Match) -> list[str]:
    names = (match.test.id, str(match.test.rgb), match.train.id, str(match.train.rgb))
    return [*names, match.kind, *map(_number, asdict(match.evidence).values())]


def _number(value: float | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int) else f"{value:.4f}"
