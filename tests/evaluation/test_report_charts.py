"""Histograms and tables of the report."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from report_example import CHOSEN, METHODS, collect

from nircolor.evaluation.report.charts import charts
from nircolor.evaluation.report.tables import tables
from nircolor.evaluation.results import Results
from nircolor.evaluation.summary import SummaryRow
from nircolor.pages.page import section


def row(method: str, id: str, value: float | None, seen: bool | None = None, kind: str = "") -> SummaryRow:
    return SummaryRow(method, id, "", kind, 8, 8, {metric.key: value for metric in CHOSEN}, seen)


def drawn(results: Results) -> str:
    return section("evaluation/report/histograms.html.j2", results=results, charts=charts(results))


def summary(results: Results) -> str:
    return section("evaluation/report/summary.html.j2", results=results, **tables(results))


def test_outlines_stand_where_the_values_are() -> None:
    rows = [row(METHODS[0], str(i), float(i)) for i in range(11)] + [row(METHODS[1], "a", 5.0)]
    text = drawn(collect(rows))
    found = re.findall(r"<svg viewBox.*?</svg>", text, re.DOTALL)
    assert len([chart for chart in found if "role" in chart]) == len(CHOSEN)
    outlines = re.findall(r'<path class="line (c\d) d\d" d="([^"]+)"', next(c for c in found if "role" in c))
    assert [colour for colour, _ in outlines] == ["c0", "c1"]
    assert max(float(y) for y in re.findall(r"V([\d.]+)", outlines[0][1])) == 166  # the base line
    assert "Means: blurred 5.00" in text


@pytest.mark.parametrize("values", [[None], [float("inf")], [0.0], [1e-12, 1e12], [-3.5] * 4])
def test_odd_values_make_a_chart_or_say_why_not(values: list[float | None]) -> None:
    rows = [row(METHODS[0], str(i), value) for i, value in enumerate(values)]
    text = drawn(collect(rows))
    assert "nan" not in text.lower().replace("finan", "")
    assert ("no finite value" in text) == (values in ([None], [float("inf")]))


def test_means_medians_and_the_best_in_bold() -> None:
    rows = [row(METHODS[0], "a", 10.0, False), row(METHODS[0], "b", 20.0, True), row(METHODS[0], "c", 60.0, True)]
    rows += [row(METHODS[1], id, 31.0, False) for id in "abc"]
    text = summary(collect(rows))
    assert "30.00<small>20.00</small>" in text
    assert "<b>31.00</b><small>31.00</small>" in text  # PSNR: higher
    assert "10.00<small>10.00</small>" in text  # unseen scenes
    assert text.count("unseen scenes") == 1 + len(CHOSEN)
    assert "<b>30.00</b>" in text  # CIEDE2000: lower


def test_one_method_has_no_best_and_no_leak_check_one_group() -> None:
    results = replace(collect([row(METHODS[0], "a", 1.0)]), methods=METHODS[:1])
    text = summary(results)
    assert "unseen" not in text
    assert "<td><b>" not in text
    assert "<details" not in text
    assert "bold" not in text


def test_kinds_have_a_table_of_their_own() -> None:
    rows = [row(method, id, 1.0, kind=kind) for method in METHODS for id, kind in (("a", "lake"), ("b", "<forest>"))]
    text = summary(collect(rows))
    assert "By kind of picture" in text
    assert ">lake</th>" in text
    assert "&lt;forest&gt;</th>" in text
