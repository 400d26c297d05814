"""Random tones: what each one changes, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.color import rgb2hsv

from nircolor import scenes
from nircolor.training.augment import adjust_contrast, adjust_saturation, jitter_nir, jitter_rgb, soften

SCENE = scenes.render(4, 48, 64)
NIR, RGB = SCENE.nir.astype(np.float32), SCENE.rgb.astype(np.float32)
STILL = {"gamma": 0.0, "gain": 0.0, "contrast": 0.0, "noise": 0.0}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_without_strength_nothing_changes() -> None:
    np.testing.assert_array_equal(jitter_nir(NIR, rng(), **STILL), NIR)
    np.testing.assert_array_equal(jitter_rgb(RGB, rng(), exposure=0, saturation=0), RGB)


def test_a_lens_softens_every_second_picture() -> None:
    softened = [soften(NIR, rng(seed), 1.5) for seed in range(40)]
    changed = [image for image in softened if image is not NIR]
    assert 10 < len(changed) < 30
    assert all(np.abs(np.diff(image)).mean() <= np.abs(np.diff(NIR)).mean() for image in changed)
    assert soften(NIR, rng(), 0) is NIR


@pytest.mark.parametrize("name", STILL)
def test_each_strength_changes_the_picture_and_the_rng_decides_how(name: str) -> None:
    strong = {**STILL, name: 0.3}
    found = [jitter_nir(NIR, rng(seed), **strong) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(found[0], found[1])
    for other in (NIR, found[2]):
        assert np.abs(found[0] - other).max() > 0.01
    assert found[0].dtype == np.float32
    assert found[0].min() >= 0
    assert found[0].max() <= 1


def test_contrast_keeps_the_mean_and_scales_the_spread() -> None:
    found = adjust_contrast(NIR, 0.7)
    assert found.mean() == pytest.approx(NIR.mean(), abs=1e-5)
    assert found.std() == pytest.approx(0.7 * NIR.std(), rel=1e-4)


@settings(deadline=None, max_examples=80)
@given(arrays(np.float32, (3, 4, 3), elements=st.floats(0, 1, width=16)), st.floats(0, 2))
def test_saturation_is_hsv_saturation_and_nothing_else(rgb: np.ndarray, factor: float) -> None:
    found = adjust_saturation(rgb, factor)
    assert found.min() >= 0
    np.testing.assert_array_equal(found.max(-1), rgb.max(-1))
    before, after = rgb2hsv(rgb.astype(np.float64)), rgb2hsv(found.astype(np.float64))
    bright = rgb.max(-1) > 0.02  # of a nearly black pixel, saturation and hue are rounding
    np.testing.assert_allclose(after[bright, 1], np.minimum(1, before[bright, 1] * factor), atol=1e-4)
    coloured = bright & (np.minimum(before[..., 1], after[..., 1]) > 0.05)
    turned = np.abs(after[coloured, 0] - before[coloured, 0])
    assert np.minimum(turned, 1 - turned).max(initial=0) < 1e-3


def test_saturation_stays_within_its_strength() -> None:
    before = rgb2hsv(RGB)[..., 1]
    vivid = (before > 0.1) & (before < 0.8)
    ratios = []
    for seed in range(40):
        after = rgb2hsv(jitter_rgb(RGB, rng(seed), exposure=0, saturation=0.1))[..., 1]
        ratios.append(float(np.median(after[vivid] / before[vivid])))
    assert 0.9 <= min(ratios) < 0.93
    assert 1.07 < max(ratios) <= 1.1001


def test_exposure_is_one_gain_for_all_colours() -> None:
    found = jitter_rgb(RGB * np.float32(0.5), rng(3), exposure=0.5, saturation=0)
    bright = RGB > 0.2
    gains = found[bright] / (0.5 * RGB[bright])
    assert np.ptp(gains) < 1e-4
    assert gains[0] != pytest.approx(1, abs=1e-3)
