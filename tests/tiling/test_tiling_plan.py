"""Where tiles lie, how much each weighs, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiling_tools import QUICK, feather_sum, hanning

from nircolor.errors import UsageError
from nircolor.tiles import Tiling, plan_axis


@pytest.mark.parametrize(
    ("values", "option"),
    [
        ({"tile": 0}, "`tile=0`"),
        ({"overlap": -1}, "`overlap=-1`"),
        ({"tile": 32, "overlap": 32}, "`overlap=32`: .* give 0 to 31, or a larger `tile`"),
        ({"batch": 0}, "`batch=0`"),
    ],
)
def test_impossible_tilings_are_refused_by_the_name_of_the_option(values: dict[str, int], option: str) -> None:
    with pytest.raises(UsageError, match=option):
        Tiling(**values)


def test_a_plan_refuses_what_a_tiling_refuses() -> None:
    with pytest.raises(UsageError, match="`overlap="):
        plan_axis(100, 16, 16)


@QUICK
@given(st.integers(1, 3000), st.integers(1, 700), st.data())
def test_weights_sum_to_exactly_one_in_any_order(length: int, tile: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, tile - 1).filter(lambda o: length < 300 * (tile - o)))
    spans = plan_axis(length, tile, overlap)
    assert all(span.weights.dtype == np.float32 for span in spans)
    assert all(np.all((span.weights >= 0) & (span.weights <= 1)) for span in spans)
    for order in (spans, spans[::-1], data.draw(st.permutations(spans))):
        total = np.zeros(length, np.float32)
        for span in order:
            total[span.start : span.stop] += span.weights
        assert np.array_equal(total, np.ones(length, np.float32))


@QUICK
@given(st.integers(1, 5000), st.integers(1, 700), st.data())
def test_tiles_are_evenly_spread_and_no_more_than_needed(length: int, tile: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, tile - 1))
    spans = plan_axis(length, tile, overlap)
    steps = np.diff([span.start for span in spans])
    assert spans[0].start == 0
    assert spans[-1].stop == length
    assert {len(span.weights) for span in spans} == {min(length, tile)}
    assert all(0 < step <= tile - overlap for step in steps)
    assert len(spans) == 1 or max(steps) - min(steps) <= 1
    assert len(spans) == 1 or tile + (len(spans) - 2) * (tile - overlap) < length  # one tile fewer would not reach


@pytest.mark.parametrize(("length", "tile", "overlap"), [(1000, 256, 34), (9000, 4096, 2048), (900, 64, 1)])
def test_no_weight_is_zero(length: int, tile: int, overlap: int) -> None:
    assert all(np.all(span.weights > 0) for span in plan_axis(length, tile, overlap))


def test_weights_are_the_normalised_hanning_window_of_the_paper() -> None:
    spans = plan_axis(1000, 256, 150)
    total = feather_sum(1000, [span.start for span in spans], 256)
    for span in spans:
        np.testing.assert_allclose(span.weights, hanning(256) / total[span.start : span.stop], rtol=0, atol=2**-24)
