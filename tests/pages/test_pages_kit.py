"""What all pages share: axes, lines, numbers, headings, and names that stay text."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st
from report_example import CHOSEN

from nircolor.pages.axes import axis, tally
from nircolor.pages.lines import COLOURS, line_class
from nircolor.pages.text import count, heading, number, script_number, with_unit
from nircolor.written import visible

finite = st.floats(-1e6, 1e6).map(lambda v: 0.0 if abs(v) < 1e-6 else v)


@given(st.lists(finite, min_size=1, max_size=40), st.integers(2, 30))
@example([0.3, 0.1 + 0.2], 10)
@example([1e6, math.nextafter(1e6, 0)], 30)
@example([1e6, 1e6 - 0.11], 30)
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


def test_many_methods_are_told_apart() -> None:
    assert len({line_class(i) for i in range(3 * COLOURS)}) == 3 * COLOURS


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
    visible(name).encode("utf-8")
