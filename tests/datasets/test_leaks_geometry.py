"""When features of two pictures show the same place: known transforms, and arrangements that prove nothing."""

from __future__ import annotations

import numpy as np
import pytest

from nircolor.datasets.leaks.features import Features
from nircolor.datasets.leaks.geometry import Agreement, agreement, similarities


def artificial(places: np.ndarray) -> Features:
    """Features with one descriptor a place, unlike one another."""
    descriptors = np.random.default_rng(0).integers(0, 256, (len(places), 128), np.uint8)
    return Features(places.astype(np.float32), descriptors, 0.5, 500.0)


def agree(a: np.ndarray, b: np.ndarray) -> Agreement | None:
    one, other = artificial(a), artificial(b)
    return agreement(one, other, similarities(one, [other])[0])


def test_agreement_measures_the_transform_of_an_area() -> None:
    places = np.random.default_rng(1).uniform(0, 300, (40, 2))
    turn = np.radians(30)
    matrix = 0.7 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    found = agree(places, places @ matrix.T + 20)
    assert found is not None
    assert (found.matches, found.inliers) == (40, 40)
    assert (found.scale, found.rotation) == (pytest.approx(0.7, abs=1e-3), pytest.approx(30, abs=0.1))
    back = found.inverse()
    assert (back.scale, back.rotation) == (pytest.approx(1 / 0.7, abs=1e-2), pytest.approx(-30, abs=0.1))


def test_what_proves_nothing_is_no_agreement() -> None:
    places = np.random.default_rng(1).uniform(0, 300, (40, 2))
    assert agree(places, places) is not None
    assert agree(places[:11], places[:11]) is None  # too few
    assert agree(places, places[::-1]) is None  # no transform
    assert agree(places * (1, 0.001), places * (1, 0.001)) is None  # one line
    assert agree(places * 0.02, places * 0.02) is None  # one spot
    assert agree(places, places * 10) is None  # too large a step in scale


def test_similarities_do_not_depend_on_what_is_compared_at_once() -> None:
    rng = np.random.default_rng(2)
    one, *others = (
        Features(np.zeros((n, 2), np.float32), rng.integers(0, 256, (n, 128), np.uint8), 1.0, 500.0)
        for n in (300, 40, 0, 77)
    )
    for alone, together in zip(others, similarities(one, others), strict=True):
        assert together.shape == (300, len(alone.descriptors))
        assert np.array_equal(similarities(one, [alone])[0], together)  # exact: see features.root
        assert np.array_equal(similarities(alone, [one])[0].T, together)
