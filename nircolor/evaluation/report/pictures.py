"""Rows regrouped: one entry for each picture, with the rows of all methods, worst first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nircolor.evaluation.results import Results, Row
from nircolor.evaluation.summary import badness


@dataclass(frozen=True)
class Picture:
    """One picture; ``rows`` maps methods to what was measured, without the methods that failed on it."""

    id: str
    rows: Mapping[str, Row]

    @property
    def any(self) -> Row:
        """A row to read scene, kind and size from: they are the same for all methods."""
        return next(iter(self.rows.values()))


def worst_first(results: Results) -> list[Picture]:
    """All pictures, worst first by the first metric of the first method; those it has no value for come last."""
    rows: dict[str, dict[str, Row]] = {}
    for row in results.rows:
        rows.setdefault(row.id, {})[row.method] = row
    pictures = [Picture(id, of) for id, of in rows.items()]
    return sorted(pictures, key=lambda picture: _badness(results, picture), reverse=True)


def _badness(results: Results, picture: Picture) -> float:
    row = picture.rows.get(results.methods[0]) if results.methods else None
    value = badness(results.metrics[0], row) if row and results.metrics else float("-inf")
    return value if value == value else float("-inf")  # not a number: not defined
