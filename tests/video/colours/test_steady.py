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
from nircolor.ends import neutral_ends
from nircolor.errors import UsageError
from nircolor.image import ImageInfo, NirImage
from nircolor.model.guided import local_mean
from nircolor.tiling import Tiling
from nircolor.torch_networks import TorchNetworks
from nircolor.video.colours.damping import Damping
from nircolor.video.colours.look import change, exposure, moved, shift
from nircolor.video.colours.moments import Key, Moment, blend
from nircolor.video.colours.steady import Steady
from nircolor.video.frames import Frame

Field = NDArray[np.float32]
SCENE = scenes.render(3, 48, 64).nir
OTHER = scenes.render(8, 48, 64).nir


CONFIG = replace(SMALL, prior_size=64, reduction=1)


def build(tiling: Tiling | None = None, prior: Literal["global", "tile"] = "global", **changes: Any) -> Colorizer:
    made = network(replace(CONFIG, **changes))
    return Colorizer(
        TorchNetworks(made, torch.device("cpu")),
        EngineInfo("cpu", "numba", "fp32", "x", "x"),
        tiling or Tiling(),
        prior,
    )


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
    look = SCENE[None, None]
    now, maps = look * 0.8, np.zeros((1, 2, 48, 64), np.float32)
    assert change(look, now, 16) < 1e-3
    assert change(look, OTHER[None, None], 16) > 0.07
    blended = blend(Moment(Key(look), maps), Moment(Key(now), maps + 1), Damping(0.9))
    np.testing.assert_allclose(blended.maps, 0.1, atol=1e-3)


def test_tiles_are_smoothed_each_with_its_own_past() -> None:
    engine = build(Tiling(32, 8))
    steady, alone = Steady(engine, Damping()), engine.colorize(SCENE)
    for _ in range(2):
        np.testing.assert_allclose(steady.colorize(SCENE), alone, atol=1e-4)


def test_colours_of_a_sigmoid_head_are_not_mixed_over_time() -> None:
    """Its maps are the picture itself: only the prior is smoothed, and the present frame keeps its texture."""
    engine, seen = build(head="sigmoid", paint_size=0), []
    steady = Steady(engine, Damping())
    with engine.networks.network.rgb_branch.register_forward_hook(lambda branch, inputs, maps: seen.append(maps)):
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


def test_frames_together_are_nearly_those_one_by_one(engine: Colorizer) -> None:
    """The networks see every second one at most, and the colours of those between are all but theirs."""
    frames = [*noisy([SCENE] * 3), *noisy([OTHER] * 2), *noisy([np.roll(OTHER, 1, 1)] * 2)]
    single, many = Steady(engine, Damping()), Steady(engine, Damping())
    alone, seen = [single.colorize(frame) for frame in frames], list[int]()
    with engine.networks.network.rgb_branch.head.register_forward_hook(lambda _, x, y: seen.append(len(y))):
        together = many.colorize_all(frames[:4]) + many.colorize_all(frames[4:])
    assert np.abs(np.stack(together) - np.stack(alone)).mean() < 0.006  # of 1, with noise of 0.02
    assert many.cuts == single.cuts == 1
    assert sum(seen) < len(frames)


def test_frames_that_the_networks_all_see_are_those_one_by_one(engine: Colorizer) -> None:
    """Where all is new in each frame there is nothing between them."""
    frames = [scenes.render(seed, 48, 64).nir for seed in range(4)]
    damping = Damping(lost=-1, cut=9)
    single, many = Steady(engine, damping), Steady(engine, damping)
    alone = [single.colorize(frame) for frame in frames]
    np.testing.assert_allclose(np.stack(many.colorize_all(frames)), np.stack(alone), atol=1e-4)


def test_the_networks_rest_while_nothing_moves_but_not_for_ever(engine: Colorizer) -> None:
    calls: list[int] = []
    forward = engine.networks.network.rgb_branch.head.register_forward_hook(lambda *_: calls.append(1))
    with forward:
        steady = Steady(engine, Damping(keep=4))
        for frame in noisy([SCENE] * 11, 0.002):
            steady.colorize(frame)
        assert len(calls) == 3
        frame = SCENE.copy()
        frame[20:44, 12:24] = OTHER[20:44, 30:42]
        steady.colorize(frame)
    assert len(calls) == 4


def test_the_light_of_a_frame_is_its_own(engine: Colorizer) -> None:
    """What is averaged over time decides on colours alone: luma follows each frame's own noise."""
    steady, frames = Steady(engine, Damping()), noisy([np.full_like(SCENE, 0.5)] * 6)
    luma = [steady.colorize(frame) @ np.float32([0.2126, 0.7152, 0.0722]) for frame in frames]
    noise, found = frames[5] - frames[4], luma[5] - luma[4]
    assert np.corrcoef(noise.ravel(), found.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_a_jump_of_exposure_is_followed_at_once_and_is_no_cut(engine: Colorizer, gain: float) -> None:
    base = SCENE * (0.9 if gain < 1 else 0.45)
    after = np.clip(base * gain, 0, 1).astype(np.float32)  # of some pixels the sensor tells no more
    steady = Steady(engine, Damping())
    for _ in range(3):
        steady.colorize(base)
    np.testing.assert_allclose(steady.colorize(after), engine.colorize(after), atol=1e-4)
    assert steady.cuts == 0


def test_an_exposure_that_drifts_is_followed(engine: Colorizer) -> None:
    steady, gains = Steady(engine, Damping()), np.linspace(0.9, 0.45, 20)
    for gain in gains:
        frame = (SCENE * gain).astype(np.float32)
        rgb = steady.colorize(frame)
    alone = engine.colorize(frame)
    assert np.abs(rgb - alone).mean() < 0.015  # colours lag behind, on a leash
    for _ in range(60):
        rgb = steady.colorize(frame)
    assert np.abs(rgb - alone).mean() < 0.0065
    assert steady.cuts == 0


@pytest.mark.parametrize("flash", ["bright", "lamp"])
def test_after_a_flash_the_past_is_back(engine: Colorizer, flash: str) -> None:
    """A flash of one frame is coloured alone; behind it the scene goes on as if it had not been."""
    lit = np.clip(SCENE * 2.2 + 0.1, 0, 1).astype(np.float32)
    if flash == "lamp":
        lit = np.where(np.arange(64) < 40, 1 - SCENE * 0.1, SCENE).astype(np.float32)
    steady, undisturbed = Steady(engine, Damping()), Steady(engine, Damping())
    before, after = noisy([SCENE] * 4), noisy([SCENE] * 5)[4]
    for frame in before:
        steady.colorize(frame)
        undisturbed.colorize(frame)
    np.testing.assert_allclose(steady.colorize(lit), engine.colorize(lit), atol=1e-4)
    np.testing.assert_allclose(steady.colorize(after), undisturbed.colorize(after), atol=1e-4)
    assert steady.cuts == 0


def test_frames_that_bring_their_colours_end_the_past(engine: Colorizer) -> None:
    image = NirImage(SCENE, None, ImageInfo("PNG", "float32"))
    day = Frame("2.png", image, np.full((*SCENE.shape, 3), 0.5, np.float32))
    noise = [Frame(f"{i}.png", replace(image, pixels=frame)) for i, frame in enumerate(noisy([SCENE] * 3))]
    steady = Steady(engine, Damping())
    rgb = steady.paint([*noise[:2], day, noise[2]])
    assert rgb[2] is day.colours
    np.testing.assert_allclose(rgb[3], engine.colorize(noise[2].image.pixels), atol=1e-4)


def test_an_exposure_is_measured_on_what_is_neither_black_nor_blown() -> None:
    look = SCENE[None, None]
    assert exposure(look * 0.5, np.minimum(look * 1.5, 1)) == pytest.approx(3, rel=0.02)
    assert exposure(look * 0, look) == 8


def test_a_texture_that_moves_is_seen_though_its_mean_stays() -> None:
    rng = np.random.default_rng(0)
    look = noisy([np.full_like(SCENE, 0.5)])[0][None, None]
    texture = rng.choice([0.3, 0.7], (1, 1, 48, 20)).astype(np.float32)
    past, now = look.copy(), noisy([np.full_like(SCENE, 0.5)], 0.021)[0][None, None]
    past[..., 40:60], now[..., 40:60] = texture, np.roll(texture, 3, 3)
    found = moved(past, now, 5)
    assert float(found[..., 43:57].mean()) > 0.1
    assert float(found[..., :36].mean()) < 0.02


def grass(columns: int = 240) -> Field:
    """Fine texture, such as grass, below a smooth sky."""
    rng = np.random.default_rng(5)
    made = cv2.GaussianBlur(rng.normal(0.5, 0.12, (160, columns)), (0, 0), 1.2).astype(np.float32)
    made[:60] = 0.7
    return made


def test_how_far_a_camera_has_turned_is_seen_through_noise() -> None:
    picture = grass()
    for pixels in (0, 1, 2, 5):
        before, after = noisy([picture[:, :200], picture[:, pixels : pixels + 200]])
        found = shift(*(frame[None, None] for frame in (before, after)))
        assert abs(found - pixels) < 0.2


def test_a_camera_that_turns_slowly_does_not_blur_what_the_network_sees(engine: Colorizer) -> None:
    picture, steady = grass(), Steady(engine, Damping(0.8))
    frames = noisy([picture[:, i : i + 200] for i in range(6)])
    calm = [steady._view(frame).calm for frame in frames]
    np.testing.assert_array_equal(calm[-1], frames[-1])
    still = noisy([picture[:, :200]] * 6)
    calm = [steady._view(frame).calm for frame in still]
    assert np.std(calm[-1][:50]) < 0.6 * np.std(still[-1][:50])  # the sky


def test_texture_that_moves_alone_is_no_noise() -> None:
    """Wind in the grass: all of it changes, and only the sky says how much noise there is."""
    picture, other = grass()[:, :200], grass(260)[:, 60:]
    before, after = (frame[None, None] for frame in noisy([picture, other], 0.005))
    motion = moved(before, after, Damping().window)
    assert np.median(motion[..., 80:, :]) > 1.5 * Damping().motion
    assert np.median(motion[..., :50, :]) < Damping().motion / 2
