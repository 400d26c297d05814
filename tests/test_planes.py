"""Planes at other sizes, as torch has them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from nircolor.model.layers import pad_to_multiple as padded_by_torch
from nircolor.planes import area_mean, mean_rows, pad_to_multiple, places, sampled

X = np.random.default_rng(0).random((2, 3, 37, 52), dtype=np.float32)
SIZES = [(37, 52), (18, 26), (19, 17), (1, 1), (36, 3), (50, 61)]


@pytest.mark.parametrize("size", SIZES)
def test_area_means(size: tuple[int, int]) -> None:
    expected = F.interpolate(torch.from_numpy(X), size, mode="area").numpy()
    np.testing.assert_allclose(area_mean(X, size), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_means_of_rows_of_any_type(dtype: type) -> None:
    rows = (X[0, 0] * (1 if dtype == np.float32 else np.iinfo(dtype).max)).astype(dtype)
    first, last = np.array([0, 3, 4, 20]), np.array([3, 4, 37, 25])
    expected = [rows[a:b].mean(0, dtype=np.float64) for a, b in zip(first, last, strict=True)]
    found = mean_rows(rows, first, last)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_samples_between(size: tuple[int, int]) -> None:
    expected = F.interpolate(torch.from_numpy(X), size, mode="bilinear", align_corners=False).numpy()
    rows, columns = places(37, size[0]), places(52, size[1])
    np.testing.assert_allclose([sampled(one, rows, columns) for one in X], expected, atol=1e-5)


@pytest.mark.parametrize("multiple", [1, 8, 32, 256])
def test_sides_are_padded(multiple: int) -> None:
    np.testing.assert_array_equal(pad_to_multiple(X, multiple), padded_by_torch(torch.from_numpy(X), multiple).numpy())
