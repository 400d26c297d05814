"""Frames that no network sees: coloured as it would have coloured them, from those beside them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor import scenes
from nircolor.video.colours.between import Between, plan, way
from nircolor.video.colours.damping import Damping

Floats = NDArray[np.float32]
DAMPING = Damping()
BACKGROUND = scenes.render(3, 120, 160).nir * np.float32(0.5) + np.float32(0.1)
THING = cv2.GaussianBlur(np.random.default_rng(0).normal(0.75, 0.2, (40, 40)), (0, 0), 2).astype(np.float32)


def frames(count: int, step: int = 5) -> list[Floats]:
    """Looks (1, 1, h, w) at a bright thing that passes by."""
    made = []
    for i in range(count):
        frame = BACKGROUND.copy()
        frame[40:80, 20 + step * i : 60 + step * i] = np.maximum(THING, 0.65)
        made.append(frame[None, None])
    return made


def maps(look: Floats) -> Floats:
    """What a network might say: 1 for the thing, 0 for what is behind it."""
    return np.asarray(look > 0.62, np.float32)


def test_what_moves_takes_its_maps_along_and_leaves_nothing_behind() -> None:
    before, middle, after = frames(3)
    between = Between(way(before, middle, DAMPING), way(after, middle, DAMPING))
    mixed = between.mixed(maps(before), maps(after))
    careless = (maps(before) + maps(after)) / 2
    wrong, blurred = (np.abs(found - maps(middle)).sum() for found in (mixed, careless))
    assert wrong < blurred / 3
    assert np.abs(mixed - maps(middle))[..., 45:75, 35:60].max() < 0.2  # within the thing
    assert mixed[..., 45:75, :18].max() < 0.05  # and where it has been


def test_maps_of_any_size_are_carried() -> None:
    before, middle, after = frames(3)
    between = Between(way(before, middle, DAMPING), way(after, middle, DAMPING))
    small, wanted = (cv2.resize(maps(x)[0, 0], (80, 60), interpolation=cv2.INTER_AREA) for x in (before, middle))
    behind = cv2.resize(maps(after)[0, 0], (80, 60), interpolation=cv2.INTER_AREA)
    mixed = between.mixed(np.stack([small, small])[None], np.stack([behind, behind])[None])
    assert mixed.shape == (1, 2, 60, 80)
    assert np.abs(mixed[0] - wanted).mean() < np.abs((small + behind) / 2 - wanted).mean() / 2


def test_every_second_frame_is_between_others_and_the_last_never() -> None:
    looks = frames(5)
    assert [found is not None for found in plan(looks[0], looks[1:], DAMPING)] == [True, False, True, False]
    assert [found is not None for found in plan(None, looks[1:], DAMPING)] == [False, False, True, False]
    assert [found is not None for found in plan(looks[0][..., :-1], looks[1:3], DAMPING)] == [False, False]


def test_what_neither_side_explains_is_seen_by_the_networks() -> None:
    chance = np.random.default_rng(1)
    looks = [cv2.GaussianBlur(chance.normal(0.5, 0.5, (120, 160)), (0, 0), 2).astype(np.float32) for _ in range(4)]
    assert plan(None, [look[None, None] for look in looks], DAMPING) == [None] * 4


def test_noise_does_not_move() -> None:
    chance = np.random.default_rng(2)
    before, after = ((BACKGROUND + chance.normal(0, 0.01, BACKGROUND.shape)).astype(np.float32) for _ in range(2))
    found = way(before[None, None], after[None, None], DAMPING)
    assert found.steps is None
    np.testing.assert_array_equal(found.carry(maps(before[None, None])), maps(before[None, None]))


def test_flow_is_found_in_parts_of_any_size() -> None:
    """What moves in a corner or along a border is a small part, or a flat one: OpenCV alone would crash."""
    chance = np.random.default_rng(0)
    for size in ((1, 1), (9, 9), (1, 300), (300, 1), (16, 100), (31, 257), (9, 640)):
        look = chance.random((1, 1, *size), np.float32)
        found = way(np.roll(look, 1, -1), look, Damping())
        assert found.trust.shape == size
        assert found.steps is None or np.isfinite(found.steps).all()


def test_what_moves_in_a_corner_is_followed() -> None:
    before = np.full((1, 1, 40, 60), 0.5, np.float32)
    after = before.copy()
    after[..., :2, :2] = 1
    assert way(before, after, Damping()).moved[:2, :2].any()
