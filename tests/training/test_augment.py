from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nircolor.training.augment import AugmentConfig, draw

STILL = AugmentConfig(size=16, min_view=1, stretch=0, max_zoom=1, gamma=0, gain=0, noise=0)


def pair(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture whose colour tells the place of each pixel, and whose NIR is its red."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([255 * x / max(1, width - 1), 255 * y / max(1, height - 1), 0 * x], -1).astype(np.uint8)
    return rgb[..., 0].copy(), rgb


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1), st.booleans())
def test_any_picture_gives_a_full_sample_in_range(height: int, width: int, seed: int, turn: bool) -> None:
    sample = draw(*pair(height, width), AugmentConfig(size=24), np.random.default_rng(seed), turn)
    assert sample.nir.shape == sample.view_nir.shape == (24, 24)
    assert sample.rgb.shape == sample.view_rgb.shape == (24, 24, 3)
    for image in (sample.nir, sample.rgb, sample.view_nir, sample.view_rgb):
        assert image.dtype == np.float32
        assert image.min() >= 0
        assert image.max() <= 1 + 1e-6, "area averages round"
    top, left, bottom, right = sample.box
    assert 0 <= top < bottom <= 1
    assert 0 <= left < right <= 1


@pytest.mark.parametrize("seed", range(8))
def test_nir_and_rgb_stay_aligned_and_the_box_tells_the_place(seed: int) -> None:
    config = AugmentConfig(size=32, gamma=0, gain=0, noise=0, max_zoom=3)
    sample = draw(*pair(128, 128), config, np.random.default_rng(seed))
    np.testing.assert_allclose(sample.nir, sample.rgb[..., 0], atol=2 / 255)
    np.testing.assert_allclose(sample.view_nir, sample.view_rgb[..., 0], atol=2 / 255)
    top, _, bottom, _ = sample.box
    rows = sample.view_rgb[..., 1].mean(1)
    centre = np.interp((top + bottom) / 2 * 32 - 0.5, np.arange(32), rows)
    assert abs(sample.rgb[..., 1].mean() - centre) < 0.03


def test_without_strength_nothing_changes_but_the_flip() -> None:
    nir, rgb = pair(16, 16)
    sample = draw(nir, rgb, STILL, np.random.default_rng(0))
    assert any(np.allclose(sample.nir * 255, x, atol=1e-4) for x in (nir, nir[:, ::-1]))
    np.testing.assert_array_equal(sample.nir, sample.view_nir)


def test_pictures_from_the_ground_are_never_turned() -> None:
    nir, rgb = pair(64, 64)
    for seed in range(20):
        sample = draw(nir, rgb, AugmentConfig(size=16), np.random.default_rng(seed))
        assert sample.rgb[-1, :, 1].mean() > sample.rgb[0, :, 1].mean()
    turned = [draw(nir, rgb, AugmentConfig(size=16), np.random.default_rng(s), True) for s in range(20)]
    assert any(s.rgb[-1, :, 1].mean() < s.rgb[0, :, 1].mean() for s in turned)
