from __future__ import annotations

import pytest

from nircolor.evaluation.metrics import METRICS, choose_metrics
from nircolor.evaluation.protocols import SRGB8
from nircolor.evaluation.results import Results
from nircolor.evaluation.summary import SummaryRow, best

BY_KEY = {metric.key: metric for metric in METRICS}


def results(*rows: SummaryRow, keys: tuple[str, ...] = ("psnr",)) -> Results:
    return Results(SRGB8, "data", ("a", "b"), choose_metrics(keys, None), rows)


def row(method: str, id: str, psnr: float | None, kind: str = "", seen: bool | None = None) -> SummaryRow:
    return SummaryRow(method, id, id, kind, 4, 3, {"psnr": psnr}, seen)


def test_means_and_medians_of_all_unseen_and_each_kind() -> None:
    rows = (
        row("a", "1", 10, "built", seen=False),
        row("a", "2", 20, "natural", seen=True),
        row("a", "3", 60, "natural", seen=False),
        row("b", "1", None, "built", seen=False),
    )
    found = {(s.group, s.method): s for s in results(*rows).summaries()}
    assert {group for group, _ in found} == {"all", "unseen scenes", "built", "natural"}
    assert (found["all", "a"].mean["psnr"], found["all", "a"].median["psnr"]) == (30, 20)
    assert (found["unseen scenes", "a"].mean["psnr"], found["unseen scenes", "a"].count) == (35, 2)
    assert found["natural", "a"].mean["psnr"] == 40
    assert found["all", "b"].mean["psnr"] is None
    assert found["natural", "b"].count == 0


def test_groups_only_where_they_say_something() -> None:
    assert {s.group for s in results(row("a", "1", 1, "built")).summaries()} == {"all"}


def test_worst_first_and_undefined_never() -> None:
    rows = [row("a", str(i), float(i)) for i in range(8)] + [row("a", "none", None), row("a", "inf", float("inf"))]
    assert [r.id for r in results(*rows).worst("a")] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("key", "values", "first"),
    [
        ("psnr", [20.0, 21.0, None], {1}),
        ("angle", [5.0, 6.0], {0}),
        ("seam", [0.9, 1.05, 1.2], {1}),
        ("psnr", [20.001, 20.002], {0, 1}),  # shown as the same number
        ("psnr", [20.0], set()),
        ("psnr", [float("inf"), 20.0], {0}),
        ("colourfulness", [20.0, 30.0], set()),
    ],
)
def test_best_as_shown(key: str, values: list[float | None], first: set[int]) -> None:
    assert best(BY_KEY[key], values) == first
