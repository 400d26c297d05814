"""Percentiles of floats in two passes: those of numpy."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nircolor.image.tone.selection import LowerHalves, UpperHalves

VALUES = arrays(
    np.float32, st.integers(1, 60), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)
)  # subnormals and both zeros included
relaxed = settings(deadline=None, max_examples=200)


def percentiles(values: np.ndarray, *percents: float, pieces: int = 3) -> list[float]:
    upper = UpperHalves()
    for piece in np.array_split(values, pieces):
        upper.add(piece)
    lower = LowerHalves(upper, percents)
    for piece in np.array_split(values, pieces):
        lower.add(piece)
    return lower.percentiles()


@relaxed
@given(VALUES, st.floats(0, 100), st.floats(0, 100))
def test_they_are_those_of_numpy(values: np.ndarray, low: float, high: float) -> None:
    expected = np.percentile(values.astype(np.float64), (low, high))
    np.testing.assert_allclose(percentiles(values, low, high), expected, rtol=1e-12, atol=0)


def test_of_many_values_the_ends_are_exact() -> None:
    values = np.random.default_rng(0).normal(0, 1e-3, 100_000).astype(np.float32)
    assert percentiles(values, 0, 50, 100) == np.percentile(values.astype(np.float64), (0, 50, 100)).tolist()


def test_of_nothing_there_are_none() -> None:
    assert percentiles(np.empty(0, np.float32), 1, 99) == []
