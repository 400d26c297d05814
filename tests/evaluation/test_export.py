from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from nircolor.datasets import Problem
from nircolor.errors import OutputExistsError
from nircolor.evaluation.metrics import choose_metrics
from nircolor.evaluation.protocols import SRGB8
from nircolor.evaluation.results import Results
from nircolor.evaluation.summary import SummaryRow
from nircolor.written import csv_text

ROWS = (
    SummaryRow("ours", "=a", "s1", "built", 4, 3, {"psnr": float("inf"), "seam": None}, seen=True),
    SummaryRow("ours", 'b, "c"\nd', "s2", "", 4, 3, {"psnr": 12.3456789, "seam": 1.01}, seen=False),
)
RESULTS = Results(
    SRGB8,
    "data",
    ("ours",),
    choose_metrics(("psnr", "seam"), None),
    ROWS,
    (Problem("x.png", "is empty"),),
    missing={"lpips-squeeze": "no weights"},
    settings={"split": "val"},
    versions={"nircolor": "1"},
)


def test_json_is_strict_and_complete() -> None:
    values = json.loads(json.dumps(RESULTS.to_json(), allow_nan=False))
    assert values["protocol"] == {"name": "srgb8", "text": SRGB8.text}
    assert [row["psnr"] for row in values["rows"]] == ["inf", 12.3456789]
    assert [row["seam"] for row in values["rows"]] == [None, 1.01]
    groups = {s["group"]: s for s in values["summary"]}
    assert groups["all"]["pictures"] == 2
    assert groups["all"]["mean"] == {"psnr": "inf", "seam": 1.01}
    assert groups["unseen scenes"]["mean"]["psnr"] == 12.3456789
    assert values["worst"]["ours"][0]["id"] == ROWS[1].id
    assert values["problems"] == [{"name": "x.png", "reason": "is empty"}]
    assert (values["missing"], values["settings"]["split"]) == ({"lpips-squeeze": "no weights"}, "val")


def test_csv_has_a_line_for_each_row(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    RESULTS.write_csv(path)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["'=a", ROWS[1].id.replace("\n", "\\n")]
    assert [(row["psnr"], row["seam"], row["seen in training"]) for row in rows] == [
        ("inf", "", "yes"),
        ("12.3457", "1.01", "no"),
    ]
    with pytest.raises(OutputExistsError):
        RESULTS.write_csv(path)
    replace(RESULTS, rows=()).write_csv(path, overwrite=True)
    assert path.read_text().count("\n") == 1


def test_no_cell_is_a_formula() -> None:
    texts = ("=1+1", "-x", " @x", "\uff1d1", "plain", "", "-1.5", "+2e-07", "-inf", "a\nb", "\udcff", "\x1b[2J")
    shown = ("'=1+1", "'-x", "' @x", "'\uff1d1", "plain", "", "-1.5", "+2e-07", "-inf", "a\\nb", "\\udcff", "\\x1b[2J")
    assert csv_text([texts, (None, 3, 1.5)]).splitlines() == [",".join(shown), ",3,1.5"]
