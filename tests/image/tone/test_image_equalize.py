"""Equalising an array gives what reading a file with ``equalize`` gives, and doing it twice does no harm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nircolor import scenes
from nircolor.image import read_nir
from nircolor.image.tone.ranks import equalize

SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=12)
PICTURES = st.one_of(
    arrays(np.uint8, SHAPES), arrays(np.uint16, SHAPES), arrays(np.float32, SHAPES, elements=st.floats(0, 1, width=32))
)
SCENE = scenes.render(5, 90, 120).nir


def of_depth(dtype: type) -> np.ndarray:
    return SCENE.astype(np.float32) if dtype is np.float32 else scenes.quantise(SCENE, 8 * np.dtype(dtype).itemsize)


def level(nir: np.ndarray) -> float:
    return 1 / 65535 if nir.dtype == np.float32 else 1.0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_it_is_the_equalisation_of_the_reader(dtype: type, tmp_path: Path) -> None:
    nir = of_depth(dtype)
    tifffile.imwrite(tmp_path / "a_nir.tif", nir)
    expected = read_nir(tmp_path / "a_nir.tif", equalize=True).pixels
    found = equalize(nir)
    assert found.dtype == dtype
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    np.testing.assert_allclose(found.astype(float), expected * float(top), atol=0 if top == 1 else 0.51)
    assert found.min() == 0
    assert found.max() == top


@settings(deadline=None, max_examples=80)
@given(PICTURES)
def test_order_stays_and_a_second_time_moves_nothing_by_more_than_one_level(nir: np.ndarray) -> None:
    before = nir.copy()
    once = equalize(nir)
    np.testing.assert_array_equal(nir, before)
    order = np.argsort(nir, axis=None)
    assert (np.diff(once.ravel()[order].astype(float)) >= 0).all()
    twice = equalize(once)
    assert np.abs(twice.astype(float) - once).max() <= level(nir) * 1.01


def test_one_value_stays_as_it_is() -> None:
    for nir in (np.full((3, 4), 9, np.uint8), np.full((3, 4), 999, np.uint16)):
        np.testing.assert_array_equal(equalize(nir), nir)
    np.testing.assert_allclose(equalize(np.full((3, 4), 0.25, np.float32)), 0.25, atol=1e-5)
