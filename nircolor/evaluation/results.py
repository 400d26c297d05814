"""What an evaluation found: the rows, and everything needed to understand the numbers; as text, JSON and CSV."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nircolor.datasets.pair import Problem
from nircolor.evaluation.metric import Metric
from nircolor.evaluation.protocols import Protocol
from nircolor.evaluation.references import ReferenceGain
from nircolor.evaluation.summary import ALL, Summary, SummaryRow, summarise, worst
from nircolor.files import atomic_file
from nircolor.wording import command_line
from nircolor.written import csv_text


@dataclass(frozen=True)
class Results:
    """Rows in the order of measurement. ``missing`` maps metric keys (or ``lpips``) that could not be computed to the
    reason. ``references``: what they are worth, method by method. ``settings`` and ``versions`` are what a reader needs
    to repeat the run, ready to print.
    """

    protocol: Protocol
    dataset: str
    methods: tuple[str, ...]
    metrics: tuple[Metric, ...]
    rows: tuple[SummaryRow, ...]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    references: tuple[ReferenceGain, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def summaries(self) -> list[Summary]:
        """Means and medians, group by group, and in each group method by method."""
        return summarise(self.rows, self.methods, self.metrics)

    def worst(self, method: str, count: int = 5) -> list[SummaryRow]:
        """The pictures that a method does worst on, by the first metric of the table; none where there is no metric."""
        return worst(self.rows, method, self.metrics[0], count) if self.metrics else []

    def mean(self, method: str, metric: str) -> float | None:
        """Over all pictures; None where it is not defined for any of them. Raises KeyError for unknown names."""
        return {s.method: s.mean for s in self.summaries() if s.group == ALL}[method][metric]

    def write_csv(self, path: Path, overwrite: bool = False) -> None:
        """One line for each picture and method. Raises OutputExistsError, OutputError."""
        with atomic_file(path, overwrite) as stream:
            stream.write(csv_text(_table(self)).encode())

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor evaluate --json`` prints: plain values, and options as the command line names them. An
        infinite PSNR is the string "inf", which JSON has no number for; what is not defined is null."""
        key = self.metrics[0].key if self.metrics else ""
        return {
            "dataset": self.dataset,
            "protocol": {"name": self.protocol.name, "text": self.protocol.text},
            "methods": list(self.methods),
            "metrics": [{"key": m.key, "title": m.title, "unit": m.unit, "better": m.better} for m in self.metrics],
            "summary": [_group(summary) for summary in self.summaries()],
            "worst": {
                method: [{"id": row.id, key: _number(row.values[key])} for row in self.worst(method)]
                for method in self.methods
            },
            "references": [gain.to_json() for gain in self.references],
            "rows": [_row(row) for row in self.rows],
            "problems": [{"name": p.name, "reason": command_line(p.reason)} for p in self.problems],
            "missing": {name: command_line(reason) for name, reason in self.missing.items()},
            "settings": {name: command_line(text) for name, text in self.settings.items()},
            "versions": dict(self.versions),
            "warnings": [command_line(text) for text in self.warnings],
        }

    def __str__(self) -> str:
        """Means over all pictures, a line for each metric."""
        count = len({row.id for row in self.rows})
        pictures = f"{count} picture{'' if count == 1 else 's'}"
        head = f"{self.dataset}: {pictures}, protocol {self.protocol.name}"
        table = [["mean", *self.methods], *map(self._line, self.metrics)] if self.rows else []
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in table]
        failed = [f"{len(self.problems)} could not be measured: see problems"] if self.problems else []
        return "\n".join([head, *lines, *failed])

    def _line(self, metric: Metric) -> list[str]:
        means = (self.mean(method, metric.key) for method in self.methods)
        numbers = ("-" if mean is None else f"{mean:.{metric.decimals}f}" for mean in means)
        return [f"{metric.title} {metric.unit}".strip(), *numbers]


def _group(summary: Summary) -> dict[str, Any]:
    return {
        "method": summary.method,
        "group": summary.group,
        "pictures": summary.count,
        "mean": _finite(summary.mean),
        "median": _finite(summary.median),
    }


def _row(row: SummaryRow) -> dict[str, Any]:
    return {
        "method": row.method,
        "id": row.id,
        "scene": row.scene,
        "kind": row.kind,
        "seen": row.seen,
        "width": row.width,
        "height": row.height,
        **({} if row.reference is None else {"reference": dict(row.reference)}),
        **_finite(row.values),
    }


def _table(results: Results) -> Iterator[list[object]]:
    keys = [metric.key for metric in results.metrics]
    yield ["protocol", "method", "id", "scene", "kind", "seen in training", "width", "height", *keys]
    for row in results.rows:
        seen = {None: "not checked", True: "yes", False: "no"}[row.seen]
        values = [None if (value := row.values[key]) is None else f"{value:.6g}" for key in keys]
        names = (row.method, row.id, row.scene, row.kind)
        yield [results.protocol.name, *names, seen, row.width, row.height, *values]


def _finite(values: Any) -> dict[str, Any]:
    return {key: _number(value) for key, value in values.items()}


def _number(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value)
