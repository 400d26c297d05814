"""Results regrouped for the page: means of methods over groups of pictures, and pictures with the rows of all methods.

``summary.html.j2``, ``worst.html.j2`` and ``numbers.html.j2`` show them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from nircolor.evaluation.metric import Metric
from nircolor.evaluation.results import Results
from nircolor.evaluation.summary import ALL, UNSEEN, Summary, SummaryRow, badness, best
from nircolor.pages.text import number, script_number
from nircolor.written import visible


@dataclass(frozen=True)
class PictureLine:
    """One picture; ``rows`` maps methods to what was measured, without the methods that failed on it."""

    id: str
    rows: Mapping[str, SummaryRow]

    @property
    def any(self) -> SummaryRow:
        """A row to read scene, kind and size from: they are the same for all methods."""
        return next(iter(self.rows.values()))

    @property
    def fragment(self) -> str:
        """The address, on the page, of this picture opened large."""
        return f"open={quote(visible(self.id), safe='')}"

    def values(self, results: Results) -> str:
        """All numbers, method by method, as the script reads them."""
        rows = [self.rows.get(method) for method in results.methods]
        return json.dumps(
            [[script_number(row.values.get(m.key) if row else None) for m in results.metrics] for row in rows]
        )


def worst_first(results: Results) -> list[PictureLine]:
    """All pictures, worst first by the first metric of the first method; those it has no value for come last."""
    rows: dict[str, dict[str, SummaryRow]] = {}
    for row in results.rows:
        rows.setdefault(row.id, {})[row.method] = row
    pictures = [PictureLine(id, of) for id, of in rows.items()]
    return sorted(pictures, key=lambda picture: _badness(results, picture), reverse=True)


def _badness(results: Results, picture: PictureLine) -> float:
    row = picture.rows.get(results.methods[0]) if results.methods else None
    value = badness(results.metrics[0], row) if row and results.metrics else float("-inf")
    return value if value == value else float("-inf")  # not a number: not defined


@dataclass(frozen=True)
class Cell:
    """Mean and median of one method, as text. ``best``: no mean of the column is better."""

    mean: str
    median: str
    best: bool


@dataclass(frozen=True)
class Line:
    """One method on one group; ``values`` by the keys of the metrics."""

    method: str
    count: int
    values: Mapping[str, Cell]


@dataclass(frozen=True)
class Group:
    """Some of the pictures; ``rows`` has one for each method."""

    name: str
    rows: Sequence[Line]


def tables(results: Results) -> dict[str, Any]:
    """``overall``: all pictures and, after a leak check, unseen scenes; ``kinds``: where there are several of them."""
    groups: dict[str, list[Summary]] = {}
    for summary in results.summaries():
        groups.setdefault(summary.group, []).append(summary)
    found = [_group(results.metrics, name, of) for name, of in groups.items()]
    return {
        "overall": [group for group in found if group.name in (ALL, UNSEEN)],
        "kinds": [group for group in found if group.name not in (ALL, UNSEEN)],
    }


def _group(metrics: Sequence[Metric], name: str, summaries: Sequence[Summary]) -> Group:
    columns = {metric.key: _cells(metric, summaries) for metric in metrics}
    values = [{key: cells[index] for key, cells in columns.items()} for index in range(len(summaries))]
    return Group(name, [Line(s.method, s.count, of) for s, of in zip(summaries, values, strict=True)])


def _cells(metric: Metric, summaries: Sequence[Summary]) -> list[Cell]:
    winners = best(metric, [summary.mean[metric.key] for summary in summaries])
    shown = [[number(of[metric.key], metric.decimals) for of in (s.mean, s.median)] for s in summaries]
    return [Cell(mean, median, index in winners) for index, (mean, median) in enumerate(shown)]
