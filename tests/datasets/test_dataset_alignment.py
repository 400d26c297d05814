"""Shifts between near-infrared and colour: found, not invented."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nircolor import scenes
from nircolor.datasets import open_dataset
from nircolor.datasets.alignment import LONG_SIDE, TOLERANCE, alignment, misalignment
from nircolor.errors import InputError
from nircolor.training.pairs import load_pair

SCENE = scenes.render(2, 200, 240)


@settings(max_examples=20)
@given(st.integers(-9, 9), st.integers(-9, 9))
def test_a_shift_is_measured(dx: int, dy: int) -> None:
    """``nir`` shows at (x, y) what ``rgb`` shows at (x + dx, y + dy)."""
    nir = SCENE.nir[10 + dy : 190 + dy, 10 + dx : 230 + dx]
    found = alignment(nir, SCENE.rgb[10:190, 10:230])
    assert (found.dx, found.dy) == pytest.approx((dx, dy), abs=0.6)
    assert found.misaligned == (np.hypot(found.dx, found.dy) > TOLERANCE)


@pytest.mark.parametrize("bits", [8, 16])
def test_any_number_type(bits: int) -> None:
    nir, rgb = scenes.quantise(SCENE.nir[:-6], bits), scenes.quantise(SCENE.rgb[6:], bits)
    assert alignment(nir, rgb).dy == pytest.approx(-6, abs=0.3)
    assert misalignment(nir, rgb) == (
        f"misaligned by ({alignment(nir, rgb).dx:.1f}, -6.0) pixels: scores of this pair mean little; register it"
    )


def test_large_pictures_are_judged_at_the_measured_size() -> None:
    nir, rgb = (cv2.resize(image, (1920, 1600), interpolation=cv2.INTER_CUBIC) for image in (SCENE.nir, SCENE.rgb))
    found = alignment(nir[:, 8:], rgb[:, :-8])  # two pixels of those that are measured
    assert found.reduction == pytest.approx(1912 / 512)
    assert found.dx == pytest.approx(8, abs=1)
    assert not found.misaligned
    assert alignment(nir[:, 24:], rgb[:, :-24]).misaligned


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (8, 8), (40, 64), (64, 700)])
def test_pictures_without_texture_are_never_reported(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    noise, other = (rng.random((2, *shape)) * 0.02 + 0.5).astype(np.float32)
    grey = np.full(shape, 0.5, np.float32)
    ramp = np.broadcast_to(np.linspace(0, 1, shape[1], dtype=np.float32), shape)
    for one, two in ((grey, grey), (grey, noise), (noise, other), (ramp, grey), (np.zeros(shape), np.zeros(shape))):
        assert misalignment(one, np.dstack([two] * 3)) is None


def test_different_places_are_no_shift() -> None:
    views = [scenes.render(seed, 128, 128) for seed in range(4)]
    for one in views:
        for two in views:
            assert misalignment(one.nir, two.rgb) is None


def test_two_sizes_are_an_error() -> None:
    with pytest.raises(InputError, match="near-infrared is 240 x 200, colour 240 x 190"):
        alignment(SCENE.nir, SCENE.rgb[:190])


def test_development_data_does_not_cry_wolf(shared: Path) -> None:
    """One pair of these sets is apart by four pixels, as its edges show; apart by six more, nearly all are reported."""
    reported, shifted = set(), []
    for name in ("vcip2020", "epfl", "naip"):
        for pair in open_dataset(shared / "data" / name, split="val").pairs:
            nir, rgb = load_pair(pair)
            if alignment(nir, rgb).misaligned:
                reported.add(pair.id)
            cut = max(6, round(6 * max(nir.shape) / LONG_SIDE))
            shifted.append(alignment(nir[cut:], rgb[:-cut]).misaligned)
    assert reported == {"forest_0052"}
    assert np.mean(shifted) > 0.9
