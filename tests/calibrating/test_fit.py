"""The correction that fits pairs: it finds what was done to colours, keeps still where there is nothing to find."""

from __future__ import annotations

import numpy as np
import pytest

from nircolor.calibrating.fit import STRENGTHS, Sample, best_fit, fitted
from nircolor.camera import Camera

CAMERA = Camera((0.5, -0.3), 1.4, (0.08, -0.05))


def sample(seed: int, camera: Camera, noise: float = 0.02) -> Sample:
    draw = np.random.default_rng(seed)
    tint = draw.uniform(0.3, 0.7, 3)
    predicted = (draw.uniform(0.1, 0.9, (600, 1)) * 0.7 + 0.3 * tint).astype(np.float32)
    truth = camera.apply(predicted) + draw.normal(0, noise, (600, 3))
    return Sample(str(seed), predicted, truth.clip(0, 1).astype(np.float32))


def test_the_terms_are_those_of_the_camera() -> None:
    one = sample(0, CAMERA, noise=0)
    assert one.scores(CAMERA).psnr > 100


def test_it_finds_the_camera() -> None:
    found = fitted([sample(seed, CAMERA, 0.001) for seed in range(12)], strength=1e-6)
    np.testing.assert_allclose([*found.tone, found.chroma], [*CAMERA.tone, CAMERA.chroma], atol=0.05)
    np.testing.assert_allclose(found.tint, CAMERA.tint, atol=0.02)
    fit = best_fit([sample(seed, CAMERA) for seed in range(5)])
    assert fit.sure
    assert fit.after.psnr > fit.before.psnr + 3


def test_the_fewer_the_pairs_the_less_is_changed() -> None:
    tone = [fitted([sample(seed, CAMERA) for seed in range(count)], STRENGTHS[-1]).tone[0] for count in (1, 3, 9)]
    assert 0 < tone[0] < tone[1] < tone[2] < CAMERA.tone[0]


@pytest.mark.parametrize("count", [2, 5, 10])
def test_cameras_that_disagree_are_not_sure(count: int) -> None:
    """Half of the pairs are brighter than the weights say, half darker: there is nothing to learn."""
    samples = [sample(seed, Camera((0.6 if seed % 2 else -0.6, 0.0))) for seed in range(count - count % 2)]
    assert not best_fit(samples).sure


def test_a_tone_curve_never_falls() -> None:
    steep = Sample("x", (ramp := np.linspace(0, 1, 500, dtype=np.float32)[:, None].repeat(3, 1)), 1 - ramp)
    assert fitted([steep] * 50, 1e-6).slope > 0.09


def test_pairs_of_one_scene_are_left_out_together() -> None:
    """Ten copies of one pair say no more than one: they are held against themselves, and change little."""
    one = sample(0, CAMERA)
    assert best_fit([one] * 10).strength == STRENGTHS[-1]
