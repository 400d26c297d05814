"""From [0, 1] to whole numbers: to the nearest, never cut off, clipped, the same for all who store samples."""

from __future__ import annotations

import numpy as np
import pytest

from nircolor.image.quantize import quantize, round_to


def test_rounding_is_to_the_nearest() -> None:
    values = np.array([0.0, 0.4999 / 255, 0.5001 / 255, 254.6 / 255, 1.0], np.float32)
    assert round_to(values, np.dtype(np.uint8)).tolist() == [0, 0, 1, 255, 255]
    assert round_to(np.array([0.5], np.float32), np.dtype(np.uint16)).tolist() == [32768]


def test_what_lies_outside_is_clipped_and_the_values_stay_as_they_are() -> None:
    values = np.array([-0.3, 1.7], np.float32)
    assert round_to(values, np.dtype(np.uint8)).tolist() == [0, 255]
    assert values.tolist() == np.array([-0.3, 1.7], np.float32).tolist()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_level_survives(kind: type, dtype: type) -> None:
    levels = np.arange(np.iinfo(dtype).max + 1, dtype=dtype)
    found = round_to((levels / np.float64(levels[-1])).astype(kind), np.dtype(dtype))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, levels)


def test_floats_are_stored_as_they_are_but_clipped() -> None:
    rgb = np.array([[[-0.5, 0.1234567, 2.0]]], np.float32)
    np.testing.assert_array_equal(quantize(rgb, None, 32), np.clip(rgb, 0, 1))
