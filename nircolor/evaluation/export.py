"""Results for programs: one JSON object, and a CSV file with a line for each picture and method."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nircolor.evaluation.results import Results
from nircolor.evaluation.summary import summarise, worst
from nircolor.files import atomic_file
from nircolor.written import csv_text


def to_json(results: Results) -> dict[str, Any]:
    """Everything in plain JSON values. An infinite PSNR is the string "inf", which JSON has no number for; what is not
    defined is null."""
    key = results.metrics[0].key if results.metrics else ""
    return {
        "dataset": results.dataset,
        "protocol": {"name": results.protocol.name, "text": results.protocol.text},
        "methods": list(results.methods),
        "metrics": [{"key": m.key, "title": m.title, "unit": m.unit, "better": m.better} for m in results.metrics],
        "summary": [
            {
                "method": s.method,
                "group": s.group,
                "pictures": s.count,
                "mean": _finite(s.mean),
                "median": _finite(s.median),
            }
            for s in summarise(results)
        ],
        "worst": {
            method: [{"id": row.id, key: _number(row.values[key])} for row in worst(results, method)]
            for method in results.methods
        },
        "rows": [
            {
                "method": row.method,
                "id": row.id,
                "scene": row.scene,
                "kind": row.kind,
                "seen": row.seen,
                "width": row.width,
                "height": row.height,
                **_finite(row.values),
            }
            for row in results.rows
        ],
        "problems": [{"name": problem.name, "reason": problem.reason} for problem in results.problems],
        "missing": dict(results.missing),
        "settings": dict(results.settings),
        "versions": dict(results.versions),
    }


def write_csv(path: Path, results: Results, overwrite: bool) -> None:
    """One line for each picture and method. Raises OutputExistsError, OutputError."""
    with atomic_file(path, overwrite) as stream:
        stream.write(csv_text(_table(results)).encode())


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
