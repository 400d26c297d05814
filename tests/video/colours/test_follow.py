"""A reference in a video: laid over each view once, and decided on anew where the camera has moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_network import SMALL, network

from nircolor import Colorizer, Correction, scenes
from nircolor.colorizer import EngineInfo
from nircolor.evaluation.fidelity import psnr
from nircolor.reference import Guidance, Mode
from nircolor.tiling import Tiling
from nircolor.torch_networks import TorchNetworks
from nircolor.video.colours.damping import Damping
from nircolor.video.colours.follow import Follow
from nircolor.video.colours.steady import Steady

SIDE, STEP = 200, 40
SCENE = scenes.render(1, SIDE, SIDE + STEP)
NIR, RGB = np.asarray(SCENE.nir, np.float32), np.asarray(SCENE.rgb, np.float32)


@pytest.fixture(scope="module")
def engine() -> Colorizer:
    made = network(replace(SMALL, prior_size=64, reduction=1))
    return Colorizer(
        TorchNetworks(made, torch.device("cpu")), EngineInfo("cpu", "numba", "fp32", "x", "x"), Tiling(256, 32)
    )


def frames(*starts: int) -> list[np.ndarray]:
    """Views from ``starts`` on, each with noise of its own."""
    rng = np.random.default_rng(0)
    views = [NIR[:, start : start + SIDE] for start in starts]
    return [np.clip(view + rng.normal(0, 0.005, view.shape), 0, 1).astype(np.float32) for view in views]


def follow(engine: Colorizer, mode: Mode = "place") -> Follow:
    return Follow(engine, Guidance.of(RGB, mode))


@pytest.mark.parametrize("strength", [0, 0.8])
def test_frames_have_its_colours(engine: Colorizer, strength: float) -> None:
    led, plain = (Steady(engine, Damping(strength), follow=f) for f in (follow(engine), None))
    shown = frames(0, 0, 0)
    truth = RGB[:, :SIDE]
    for made, bare in zip(led.colorize_all(shown), plain.colorize_all(shown), strict=True):
        assert psnr(made, truth) > psnr(bare, truth) + 2


def test_a_view_is_decided_on_once(engine: Colorizer) -> None:
    followed = follow(engine)
    Steady(engine, Damping(), follow=followed).colorize_all(frames(0, 0, 0, 0))
    assert [used.mode for used in followed.used] == ["place"]


def test_a_camera_that_moves_has_a_new_view(engine: Colorizer) -> None:
    followed = follow(engine)
    made = Steady(engine, Damping(), follow=followed).colorize_all(frames(0, 0, STEP, STEP))
    assert [used.mode for used in followed.used] == ["place", "place"]
    assert psnr(made[3], RGB[:, STEP:]) > psnr(made[3], RGB[:, :SIDE]) + 2


def test_another_place_changes_nothing(engine: Colorizer) -> None:
    other = np.asarray(scenes.render(9, SIDE, SIDE).rgb, np.float32)
    led = Steady(engine, Damping(0), follow=Follow(engine, Guidance.of(other, "place")))
    for made, nir in zip(led.colorize_all(frames(0, 0)), frames(0, 0), strict=True):
        np.testing.assert_allclose(made, engine.colorize(nir), atol=1e-6)


def test_types_stay_and_corrections_come_last(engine: Colorizer) -> None:
    grey = Colorizer(engine.networks, engine.info, engine.tiling, correction=Correction(colour=0))
    shown = [(frame * 255).round().astype(np.uint8) for frame in frames(0, 0)]
    for made in Steady(grey, Damping(), follow=follow(grey)).colorize_all(shown):
        assert made.dtype == np.uint8
        assert int(np.ptp(made.astype(int), axis=2).max()) <= 1
