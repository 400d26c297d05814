"""The matches of a leak check as a CSV file."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields
from pathlib import Path

from nircolor.datasets.leaks.report import Evidence, LeakReport, Match
from nircolor.image.atomic import atomic_file
from nircolor.image.source import display_name

COLUMNS = ("test_id", "test", "train_id", "train", "kind", *(field.name for field in fields(Evidence)))


def write_csv(path: Path, report: LeakReport, overwrite: bool) -> None:
    """One row a match, columns ``COLUMNS``, UTF-8; ``test`` and ``train`` are the paths of the colour pictures.

    What was not measured is empty. A name that a spreadsheet would take for a formula gets an apostrophe in front.
    Raises ``OutputExistsError`` and ``OutputError``.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_row(match) for match in report.matches)
    with atomic_file(path, overwrite) as stream:
        stream.write(text.getvalue().encode("utf-8"))


def _row(match: Match) -> list[str]:
    names = (match.test.id, display_name(match.test.rgb), match.train.id, display_name(match.train.rgb))
    numbers = asdict(match.evidence).values()
    return [*(_harmless(name) for name in names), match.kind, *(_number(value) for value in numbers)]


def _number(value: float | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def _harmless(name: str) -> str:
    # OWASP, "CSV injection"; an id may hold anything a file name can
    printable = name if name.isprintable() else ascii(name)
    return f"'{printable}" if printable.startswith(("=", "+", "-", "@")) else printable
