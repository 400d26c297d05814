"""Axes, histograms and the numbers of tables."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_example import CHOSEN, METHODS, collect

from nircolor.evaluation.report.charts import histograms
from nircolor.evaluation.report.tables import summary_tables
from nircolor.evaluation.results import Row
from nircolor.pages.axes import axis, tally
from nircolor.pages.lines import COLOURS, line_class
from nircolor.pages.text import count, heading, number, script_number, with_unit
from nircolor.written import esc, visible

finite = st.floats(-1e6, 1e6).map(lambda v: 0.0 if abs(v) < 1e-6 else v)


def row(method: str, id: str, value: float | None, seen: bool | None = None, kind: str = "") -> Row:
    return Row(method, id, "", kind, 8, 8, {metric.key: value for metric in CHOSEN}, seen)


@given(st.lists(finite, min_size=1, max_size=40), st.integers(2, 30))
def test_bins_hold_every_value(values: list[float], parts: int) -> None:
    bins = axis(min(values), max(values), parts)
    slack = bins.step * 1e-6
    assert bins.low <= min(values) + slack
    assert bins.high >= max(values) - slack
    assert sum(tally(values, bins)) == len(values)
    assert len(tally(values, bins)) <= parts + 2
    mantissa = bins.step / 10 ** math.floor(math.log10(bins.step) + 1e-9)
    assert any(math.isclose(mantissa, round_number) for round_number in (1, 2, 2.5, 5, 10))


def test_axes_have_round_numbers() -> None:
    assert [text for _, text in axis(0.52, 0.98, 5).labels()] == ["0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]
    assert [text for _, text in axis(-1, 1, 4).labels()] == ["−1.0", "−0.5", "0.0", "0.5", "1.0"]  # noqa: RUF001
    assert [text for _, text in axis(0, 3, 4, whole=True).labels()] == ["0", "1", "2", "3"]
    assert axis(7, 7, 10).high > axis(7, 7, 10).low


def test_an_edge_belongs_to_the_right_but_the_last() -> None:
    bins = axis(0, 4, 4)
    assert tally([0, 1, 1.5, 4], bins) == [1, 2, 0, 1]


def test_outlines_stand_where_the_values_are() -> None:
    rows = [row(METHODS[0], str(i), float(i)) for i in range(11)] + [row(METHODS[1], "a", 5.0)]
    text = "".join(histograms(collect(rows)))
    charts = re.findall(r"<svg viewBox.*?</svg>", text)
    assert len([chart for chart in charts if "role" in chart]) == len(CHOSEN)
    outlines = re.findall(r'<path class="line (c\d) d\d" d="([^"]+)"', next(c for c in charts if "role" in c))
    assert [colour for colour, _ in outlines] == ["c0", "c1"]
    assert max(float(y) for y in re.findall(r"V([\d.]+)", outlines[0][1])) == 166  # the base line
    assert "Means: blurred 5.00" in text


@pytest.mark.parametrize("values", [[None], [float("inf")], [0.0], [1e-12, 1e12], [-3.5] * 4])
def test_odd_values_make_a_chart_or_say_why_not(values: list[float | None]) -> None:
    rows = [row(METHODS[0], str(i), value) for i, value in enumerate(values)]
    text = "".join(histograms(collect(rows)))
    assert "nan" not in text.lower().replace("finan", "")
    assert ("no finite value" in text) == (values in ([None], [float("inf")]))


def test_many_methods_are_told_apart() -> None:
    assert len({line_class(i) for i in range(3 * COLOURS)}) == 3 * COLOURS


def test_means_medians_and_the_best_in_bold() -> None:
    rows = [row(METHODS[0], "a", 10.0, False), row(METHODS[0], "b", 20.0, True), row(METHODS[0], "c", 60.0, True)]
    rows += [row(METHODS[1], id, 31.0, False) for id in "abc"]
    text = "".join(summary_tables(collect(rows)))
    assert "30.00<small>20.00</small>" in text
    assert "<b>31.00</b><small>31.00</small>" in text  # PSNR: higher
    assert "10.00<small>10.00</small>" in text  # unseen scenes
    assert text.count("unseen scenes") == 1 + len(CHOSEN)
    assert "<b>30.00</b>" in text  # CIEDE2000: lower


def test_one_method_has_no_best_and_no_leak_check_one_group() -> None:
    results = replace(collect([row(METHODS[0], "a", 1.0)]), methods=METHODS[:1])
    text = "".join(summary_tables(results))
    assert "unseen" not in text
    assert "<td><b>" not in text
    assert "<details" not in text
    assert "bold" not in text


def test_kinds_have_a_table_of_their_own() -> None:
    rows = [row(method, id, 1.0, kind=kind) for method in METHODS for id, kind in (("a", "lake"), ("b", "<forest>"))]
    text = "".join(summary_tables(collect(rows)))
    assert "By kind of picture" in text
    assert ">lake</th>" in text
    assert "&lt;forest&gt;</th>" in text


def test_numbers_as_text() -> None:
    assert number(None, 2) == number(float("nan"), 2) == "–"  # noqa: RUF001
    assert number(float("inf"), 2) == "∞"
    assert number(-float("inf"), 2) == "−∞"  # noqa: RUF001
    assert number(-1.234, 2) == "−1.23"  # noqa: RUF001
    assert number(-0.001, 2) == "0.00"
    assert with_unit(CHOSEN[0], 17.614) == "17.61\N{NO-BREAK SPACE}dB"
    assert with_unit(CHOSEN[0], None) == "–"  # noqa: RUF001
    assert [script_number(v) for v in (None, float("inf"), -float("inf"), 1.5)] == ["", "Infinity", "-Infinity", "1.5"]
    assert [count(1, "file or pair", "files or pairs"), count(1200, "picture")] == ["1 file or pair", "1,200 pictures"]


def test_headings_say_which_way_is_better() -> None:
    assert 'aria-label="higher is better"' in heading(CHOSEN[0])
    assert "dB" in heading(CHOSEN[0])
    assert "arrow" not in heading(replace(CHOSEN[0], better="none", unit=""))


@given(st.text())
def test_whatever_a_name_holds_it_is_one_printable_line(name: str) -> None:
    assert visible(name).isprintable()
    assert not set(esc(name)) & set("<>\"'")
    esc(name).encode("utf-8")
