"""Smoothing: less flicker where nothing moves, nothing smeared where something does, nothing kept beyond a cut."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any, Literal

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from small_network import SMALL, network

from nircolor import Colorizer, scenes
from nircolor.colorizer import EngineInfo
from nircolor.errors import UsageError
from nircolor.model.ends import neutral_ends
from nircolor.model.guided import local_mean
from nircolor.tiling import Tiling
from nircolor.video.damping import Damping
from nircolor.video.steady import Moment, Steady, blend, change

Field = NDArray[np.float32]
SCENE = scenes.render(3, 48, 64).nir
OTHER = scenes.render(8, 48, 64).nir


CONFIG = replace(SMALL, prior_size=64, reduction=1)


def build(tiling: Tiling | None = None, prior: Literal["global", "tile"] = "global", **changes: Any) -> Colorizer:
    made = network(replace(CONFIG, **changes))
    return Colorizer(made, EngineInfo("cpu", "numba", "fp32", "x", "x"), tiling or Tiling(), prior)


@pytest.fixture(scope="module")
def engine() -> Colorizer:
    return build()


def noisy(frames: list[Field], spread: float = 0.02) -> list[Field]:
    rng = np.random.default_rng(0)
    return [np.clip(frame + rng.normal(0, spread, frame.shape), 0, 1).astype(np.float32) for frame in frames]


def colours(steady: Steady, frames: list[Field]) -> list[Field]:
    """(H, W, 2) a* and b*."""
    return [cv2.cvtColor(steady.colorize(frame), cv2.COLOR_RGB2LAB)[..., 1:] for frame in frames]


def test_off_is_the_engine_itself(engine: Colorizer) -> None:
    steady = Steady(engine, Damping(0))
    for frame in noisy([SCENE] * 2):
        np.testing.assert_array_equal(steady.colorize(frame), engine.colorize(frame))


def test_a_first_frame_and_one_that_repeats_stay_as_they_are(engine: Colorizer) -> None:
    steady, alone = Steady(engine, Damping()), engine.colorize(SCENE)
    for _ in range(3):
        np.testing.assert_allclose(steady.colorize(SCENE), alone, atol=1e-4)
    np.testing.assert_array_equal(engine.colorize(SCENE), alone)  # nothing stays attached to the engine


def test_flicker_goes_where_nothing_moves(engine: Colorizer) -> None:
    frames = noisy([SCENE] * 6)
    off, on = (colours(Steady(engine, Damping(strength)), frames) for strength in (0, 0.9))
    before, after = (np.mean([np.abs(b - a).mean() for a, b in pairwise(ab[2:])]) for ab in (off, on))
    assert after < before / 2


def test_nothing_is_smeared_where_something_moves(engine: Colorizer) -> None:
    """A piece of another scene jumps by its own width in each frame, so that the past is wrong wherever it is."""
    frames = []
    for i in range(5):
        frame = SCENE.copy()
        frame[20:44, 12 * i : 12 * i + 12] = OTHER[20:44, 30:42]
        frames.append(frame)
    steady, blind = Steady(engine, Damping()), Steady(engine, Damping(motion=1e6))
    both, errors = zip(colours(steady, frames), colours(blind, frames), strict=True), []
    for i, ((smooth, smear), frame) in enumerate(zip(both, frames, strict=True)):
        off = colours(Steady(engine, Damping(0)), [frame])[0]
        inside = np.s_[23:41, 12 * i + 2 : 12 * i + 10]
        errors.append([np.abs(ab - off)[inside].mean() for ab in (smooth, smear)])
    careful, careless = np.mean(errors[1:], 0)
    assert careful < careless / 4
    assert steady.cuts == 0


def test_a_cut_forgets_the_past(engine: Colorizer) -> None:
    steady = Steady(engine, Damping())
    for _ in range(3):
        steady.colorize(SCENE)
    np.testing.assert_allclose(steady.colorize(OTHER), engine.colorize(OTHER), atol=1e-4)
    assert steady.cuts == 1


def test_an_exposure_is_no_cut_and_no_motion() -> None:
    look = torch.from_numpy(SCENE)[None, None]
    now, maps = look * 0.8, torch.zeros(1, 2, 48, 64)
    assert change(look, now, 16) < 1e-3
    assert change(look, torch.from_numpy(OTHER)[None, None], 16) > 0.07
    blended = blend(Moment(look, maps), Moment(now, maps + 1), Damping(0.9))
    torch.testing.assert_close(blended.maps, torch.full_like(maps, 0.1), atol=1e-3, rtol=0)


def test_tiles_are_smoothed_each_with_its_own_past() -> None:
    engine = build(Tiling(32, 8))
    steady, alone = Steady(engine, Damping()), engine.colorize(SCENE)
    for _ in range(2):
        np.testing.assert_allclose(steady.colorize(SCENE), alone, atol=1e-4)


def test_colours_of_a_sigmoid_head_are_not_mixed_over_time() -> None:
    """Its maps are the picture itself: only the prior is smoothed, and the present frame keeps its texture."""
    engine, seen = build(head="sigmoid", paint_size=0), []
    steady = Steady(engine, Damping())
    with engine.network.rgb_branch.register_forward_hook(lambda branch, inputs, maps: seen.append(maps)):
        frames = noisy([SCENE] * 2)
        rgb = [steady.colorize(frame) for frame in frames]
    present = torch.from_numpy(frames[1])[None, None]
    expected = neutral_ends(torch.sigmoid(seen[1][..., :48, :64]), present, local_mean(present))
    np.testing.assert_allclose(rgb[1], expected[0].permute(1, 2, 0), atol=1e-5)


@pytest.mark.parametrize("strength", [-0.1, 1, float("nan")])
def test_strengths_out_of_range(strength: float) -> None:
    with pytest.raises(UsageError, match="`smooth="):
        Damping(strength)


def test_a_prior_of_tiles_cannot_be_smoothed() -> None:
    engine = build(prior="tile")
    with pytest.raises(UsageError, match="`smooth`: needs `prior=global`"):
        Steady(engine, Damping())
    np.testing.assert_array_equal(Steady(engine, Damping(0)).colorize(SCENE), engine.colorize(SCENE))
