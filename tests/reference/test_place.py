from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from nircolor import scenes
from nircolor.evaluation.fidelity import psnr
from nircolor.reference.place import Placement, by_place, register, view_of

SIDE, SHIFT = 256, 40


@cache
def view(seed: int) -> scenes.Scene:
    return scenes.render(seed, SIDE, SIDE + SHIFT, "trees" if "trees" in scenes.KINDS else "random")


def nir(seed: int = 1) -> np.ndarray:
    """The left part of a scene."""
    return np.ascontiguousarray(view(seed).nir[:, :SIDE])


def truth(seed: int = 1) -> np.ndarray:
    return np.ascontiguousarray(view(seed).rgb[:, :SIDE])


def day(seed: int = 1) -> np.ndarray:
    """What a camera that was turned a little has seen by day: the right part."""
    return np.ascontiguousarray(view(seed).rgb[:, SHIFT:])


def painted() -> np.ndarray:
    """Colours of a network that knows none: too dark, and grey."""
    return np.repeat(nir()[..., None], 3, 2) * np.float32(0.7)


def placed() -> Placement:
    found = register(nir(), day())
    assert found is not None
    return found


def test_the_place_is_found() -> None:
    found = placed()
    corners = np.array([[[0, 0]], [[SIDE, 0]], [[SIDE - SHIFT, SIDE]]], np.float64)
    moved = cv2.perspectiveTransform(corners, found.matrix)
    assert np.abs(moved - corners - (SHIFT, 0)).max() < 2
    assert found.overlap == pytest.approx(1 - SHIFT / SIDE, abs=0.03)


def test_size_does_not_matter() -> None:
    large = cv2.resize(day(), None, fx=2.5, fy=2.5, interpolation=cv2.INTER_CUBIC)
    found = register(nir(), np.clip(large, 0, 1))
    assert found is not None
    x, y = cv2.perspectiveTransform(np.array([[[319.5, 319.5]]]), found.matrix)[0, 0]
    assert (x, y) == pytest.approx((127.5 + SHIFT, 127.5), abs=1)


@pytest.mark.parametrize(("quarters", "corner"), [(1, (0, 199)), (2, (255, 199)), (3, (255, 0))])
def test_what_lies_on_its_side_or_stands_on_its_head_is_turned(quarters: int, corner: tuple[float, float]) -> None:
    """``corner``: where the first pixel of the reference comes to lie."""
    found = register(nir(), np.ascontiguousarray(np.rot90(day()[:200], -quarters)))
    assert found is not None
    x, y = cv2.perspectiveTransform(np.zeros((1, 1, 2)), found.matrix)[0, 0]
    assert (x, y) == pytest.approx((corner[0] + SHIFT, corner[1]), abs=2)


def test_a_view_turned_is_that_of_the_picture_turned() -> None:
    for quarters in range(4):
        expected = view_of(np.ascontiguousarray(np.rot90(day()[:200], quarters)))
        found = view_of(day()[:200]).turned(quarters, 5000)
        np.testing.assert_allclose(found.edges, expected.edges, atol=1e-3)
        near = np.abs(found.places[:, None] - expected.places).max(2) < 0.51
        same = near & (found.descriptors @ expected.descriptors.T > 0.999)
        assert same.any(1).mean() > 0.9


def test_other_places_and_mirrored_ones_are_none() -> None:
    assert register(nir(), day(2)) is None
    assert register(nir(), np.ascontiguousarray(day()[:, ::-1])) is None
    assert register(np.full((SIDE, SIDE), 0.5, np.float32), day()) is None


def test_colours_come_from_the_place() -> None:
    before, after = painted(), by_place(painted(), nir(), day(), placed())
    assert after.dtype == np.float32
    assert 0 <= after.min() <= after.max() <= 1
    shown = slice(SHIFT + 8, None)
    assert psnr(after[:, shown], truth()[:, shown]) > psnr(before[:, shown], truth()[:, shown]) + 3
    beside = slice(0, SHIFT - 8)
    assert psnr(after[:, beside], truth()[:, beside]) > psnr(before[:, beside], truth()[:, beside])


def test_what_the_reference_alone_shows_leaves_no_outline() -> None:
    """A red board that stood there by day, and does not any more."""
    passed = day().copy()
    passed[90:150, 80:120] = (0.9, 0.1, 0.1)
    with_board, without = (by_place(painted(), nir(), rgb, placed()) for rgb in (passed, day()))
    inner = (slice(100, 140), slice(SHIFT + 88, SHIFT + 112))
    red = (with_board - without)[inner].mean((0, 1))
    full = (passed - day())[100:140, 88:112].mean((0, 1))
    assert abs(red[0]) < 0.35 * abs(full[0])


def test_without_overlap_little_is_changed() -> None:
    """Where nothing is trusted, nothing is carried over."""
    away = Placement(np.array([[1.0, 0, 10 * SIDE], [0, 1, 0], [0, 0, 1]]), 20, 0.0, 0.0)
    assert np.abs(by_place(painted(), nir(), day(), away) - painted()).max() < 1e-3


def test_a_view_that_is_there_already_gives_the_same_placement() -> None:
    there, alone = register(nir(), day(), view_of(day())), register(nir(), day())
    assert there
    assert alone
    assert there.evidence == alone.evidence
    np.testing.assert_array_equal(there.matrix, alone.matrix)
