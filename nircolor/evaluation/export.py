"""Results for programs: one JSON object, and a CSV file with a line for each picture and method."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

from nircolor.evaluation.results import Results
from nircolor.evaluation.summary import summarise, worst
from nircolor.image.atomic import atomic_file


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
    keys = [metric.key for metric in results.metrics]
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["protocol", "method", "id", "scene", "kind", "seen in training", "width", "height", *keys])
    for row in results.rows:
        seen = {None: "not checked", True: "yes", False: "no"}[row.seen]
        names = map(plain_cell, (row.method, row.id, row.scene, row.kind))
        values = ["" if (value := row.values[key]) is None else f"{value:.6g}" for key in keys]
        table.writerow([results.protocol.name, *names, seen, row.width, row.height, *values])
    with atomic_file(path, overwrite) as stream:
        stream.write(text.getvalue().encode())


def plain_cell(text: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _finite(values: Any) -> dict[str, Any]:
    return {key: _number(value) for key, value in values.items()}


def _number(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value)
