"""Lens, exposure, curve, noise and the rounding to whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nircolor.errors import UsageError
from nircolor.scenes import quantise
from nircolor.scenes.camera import develop, encode, soften


@pytest.mark.parametrize(("bits", "dtype"), [(8, np.uint8), (16, np.uint16)])
def test_every_whole_number_survives(bits: int, dtype: type) -> None:
    every = np.arange(2**bits, dtype=dtype)
    values = (every / np.float64(2**bits - 1)).astype(np.float32)
    result = quantise(values, bits)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, every)


@given(st.floats(0.0, 1.0, width=32), st.sampled_from([8, 16]))
def test_rounding_is_to_nearest(value: float, bits: int) -> None:
    top = 2**bits - 1
    result = int(quantise(np.array([value], np.float32), bits)[0])
    assert abs(result - value * top) <= 0.5 + 1e-9


def test_what_lies_outside_is_clipped() -> None:
    np.testing.assert_array_equal(quantise(np.array([-0.3, 1.7], np.float32), 8), [0, 255])


def test_other_depths_are_refused() -> None:
    with pytest.raises(UsageError, match="use 8 or 16"):
        quantise(np.zeros(1, np.float32), 12)


def test_the_srgb_curve() -> None:
    linear = np.array([0.0, 0.0031308, 0.18, 0.5, 1.0], np.float32)
    np.testing.assert_allclose(encode(linear), [0.0, 0.04045, 0.46136, 0.73536, 1.0], atol=1e-4)


def test_the_lens_keeps_the_light_and_softens_edges() -> None:
    light = np.zeros((9, 9, 4), np.float32)
    light[4, 4] = 1.0
    soft = soften(light)
    np.testing.assert_allclose(soft.sum(axis=(0, 1)), 1.0, rtol=1e-6)
    assert 0.5 < soft[4, 4, 0] < 0.6
    assert soft[4, 5, 0] > soft[5, 5, 0] > 0.0


def test_grey_light_gives_a_grey_picture_with_a_little_noise() -> None:
    light = np.full((60, 60, 4), 0.2, np.float32)
    nir, rgb = develop(light, np.random.default_rng(0))
    assert np.ptp(rgb.mean(axis=(0, 1))) < 0.002
    assert 0.0005 < rgb.std(axis=(0, 1)).max() < 0.03
    assert 0.0005 < nir.std() < 0.03


def test_exposure_makes_up_for_a_dim_scene() -> None:
    light = np.random.default_rng(1).random((40, 40, 4), dtype=np.float32)
    bright, dim = (develop(light * gain, np.random.default_rng(0))[1] for gain in (np.float32(1.0), np.float32(0.3)))
    np.testing.assert_allclose(bright.mean(), dim.mean(), atol=0.01)


def test_darkness_stays_dark() -> None:
    nir, rgb = develop(np.zeros((8, 8, 4), np.float32), np.random.default_rng(0))
    assert nir.max() < 0.15
    assert rgb.max() < 0.15
