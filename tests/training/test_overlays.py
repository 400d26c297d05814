"""nircolor/training/overlays.py: bars, clocks, lamps and the dark are neutral in both pictures, at the same place."""

from __future__ import annotations

import numpy as np
import pytest

from nircolor.training import overlays
from nircolor.training.overlays import bars, blown, clock, dark, overlay


def pair(side: int = 96) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    colours = np.array([0.2, 0.5, 0.7], np.float32)
    return rng.uniform(0.3, 0.7, (side, side)).astype(np.float32), np.tile(colours, (side, side, 1))


@pytest.mark.parametrize("kind", [bars, clock, blown, dark])
@pytest.mark.parametrize("seed", range(6))
def test_what_is_laid_over_is_grey_in_both_at_the_same_place(kind: overlays.Callable, seed: int) -> None:
    nir, rgb = pair()
    laid_nir, laid_rgb = kind(nir, rgb, np.random.default_rng(seed))
    assert laid_nir.dtype == laid_rgb.dtype == np.float32
    assert laid_nir.min() >= 0
    assert laid_nir.max() <= 1
    neutral = np.ptp(laid_rgb, axis=-1) < 1e-6  # no pixel of the picture itself is
    assert neutral.any() or kind is clock  # digits may be too thin for one that is all ink
    np.testing.assert_allclose(laid_rgb[neutral].mean(-1), laid_nir[neutral], atol=1e-6)
    np.testing.assert_allclose(laid_rgb[laid_nir == 0], 0, atol=1e-6)
    untouched = laid_nir == nir
    np.testing.assert_allclose(laid_rgb[untouched], rgb[untouched], atol=1e-5)


def test_positions_are_fractions_so_that_sizes_may_differ() -> None:
    nir, _ = pair(192)
    _, rgb = pair(96)
    large, small = bars(nir, rgb, np.random.default_rng(1))
    assert (large == 0).mean() == pytest.approx((small == 0).mean(), abs=0.02)


def test_share_of_samples() -> None:
    nir, rgb = pair(32)
    changed = [overlay(nir, rgb, np.random.default_rng(seed), 0.25)[0] is not nir for seed in range(400)]
    assert 0.17 < np.mean(changed) < 0.33
    assert overlay(nir, rgb, np.random.default_rng(0), 0)[0] is nir
