"""Colour maps at full size: bands change rounding alone, threads nothing, and maps of that size stay as they are."""

from __future__ import annotations

import numpy as np
import pytest

from nircolor import enlarging
from nircolor.ends import neutral_ends
from nircolor.enlarging import local_mean, painted

CHANCE = np.random.default_rng(0)
NIR = CHANCE.random((3, 61, 83), dtype=np.float32)


def picture(*shape: int) -> np.ndarray:
    return CHANCE.random(shape, dtype=np.float32)


@pytest.mark.parametrize("lit", [False, True])
@pytest.mark.parametrize("threads", [2, 5])
def test_bands_change_rounding_alone_and_threads_nothing(
    threads: int, lit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = picture(3, 6, 16, 21) - 0.5, picture(3, 16, 21), NIR, picture(3, 61, 83) if lit else None
    whole = painted(*inputs, 1)
    monkeypatch.setattr(enlarging, "BAND", 300)  # 3 rows
    in_bands = painted(*inputs, threads)
    np.testing.assert_allclose(in_bands, whole, atol=1e-6)  # a band without ends of the range is rounded once less
    np.testing.assert_array_equal(in_bands, painted(*inputs, 1))


def test_pictures_are_painted_one_by_one() -> None:
    maps, small = picture(3, 6, 16, 21), picture(3, 16, 21)
    together = painted(maps, small, NIR, None, 2)
    for i in range(3):
        one = slice(i, i + 1)
        np.testing.assert_array_equal(painted(maps[one], small[one], NIR[one], None, 1)[0], together[i])


def test_maps_at_full_size_are_gains_and_offsets() -> None:
    maps = picture(3, 6, 61, 83) - 0.5
    expected = NIR[:, None] * (1 + maps[:, :3]) + maps[:, 3:]
    means = np.stack([local_mean(one) for one in NIR])[:, None]
    expected = neutral_ends(expected, NIR[:, None], means).clip(0, 1)
    np.testing.assert_allclose(painted(maps, NIR, NIR, None, 2), np.moveaxis(expected, 1, -1), atol=1e-6)
