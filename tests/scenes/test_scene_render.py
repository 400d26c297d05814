"""Whole scenes: what they show, at every size, from every seed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nircolor.errors import UsageError
from nircolor.scenes import KINDS, Scene, render


@pytest.fixture(scope="module")
def scenes() -> dict[str, Scene]:
    return {kind: render(4, 96, 144, kind) for kind in KINDS}


def check(scene: Scene, height: int, width: int) -> None:
    assert scene.nir.shape == (height, width)
    assert scene.rgb.shape == (height, width, 3)
    for picture in (scene.nir, scene.rgb):
        assert picture.dtype == np.float32
        assert np.isfinite(picture).all()
        assert picture.min() >= 0.0
        assert picture.max() <= 1.0


def test_every_kind_renders_with_contrast(scenes: dict[str, Scene]) -> None:
    assert {"meadow", "mountain", "lake", "street", "desert", "winter"} <= set(KINDS)
    for kind, scene in scenes.items():
        check(scene, 96, 144)
        assert scene.kind == kind
        assert scene.nir.std() > 0.08
        assert scene.rgb.std() > 0.08


def test_the_near_infrared_is_not_a_grey_copy_of_the_colours(scenes: dict[str, Scene]) -> None:
    for scene in scenes.values():
        colour = np.c_[scene.rgb.reshape(-1, 3), np.ones(scene.nir.size)]
        fit = colour @ np.linalg.lstsq(colour, scene.nir.ravel(), rcond=None)[0]
        assert np.sqrt(np.mean((fit - scene.nir.ravel()) ** 2)) > 0.02


def test_grass_is_green_and_bright_in_the_near_infrared(scenes: dict[str, Scene]) -> None:
    rgb, nir = scenes["meadow"].rgb[60:], scenes["meadow"].nir[60:]
    green = (rgb[..., 1] > rgb[..., 0]) & (rgb[..., 1] > 1.2 * rgb[..., 2])
    assert green.mean() > 0.3
    assert np.median(nir[green]) > np.median(rgb[green][:, 0]) + 0.2


@pytest.mark.parametrize("kind", ["meadow", "mountain", "lake", "desert", "winter"])
def test_clear_sky_is_blue_and_dark_in_the_near_infrared(scenes: dict[str, Scene], kind: str) -> None:
    rgb, nir = scenes[kind].rgb[:30], scenes[kind].nir[:30]
    clear = rgb[..., 2] - rgb[..., 0] > 0.2
    assert clear.mean() > 0.1
    assert np.median(nir[clear]) < 0.65 * np.median(rgb[clear][:, 2])


def test_snow_is_white_in_both(scenes: dict[str, Scene]) -> None:
    rgb, nir = scenes["winter"].rgb[80:], scenes["winter"].nir[80:]
    middle = np.median(rgb.reshape(-1, 3), axis=0)
    assert middle.min() > 0.7
    assert np.ptp(middle) < 0.08
    assert np.median(nir) > 0.7


def test_water_is_darker_than_its_shore_in_the_near_infrared(scenes: dict[str, Scene]) -> None:
    nir = scenes["lake"].nir
    assert np.median(nir[84:]) < 0.6 * np.median(nir[44:52])


def test_the_same_arguments_give_the_same_pixels(scenes: dict[str, Scene]) -> None:
    again = render(4, 96, 144, "street")
    np.testing.assert_array_equal(again.nir, scenes["street"].nir)
    np.testing.assert_array_equal(again.rgb, scenes["street"].rgb)


def test_another_seed_is_another_place(scenes: dict[str, Scene]) -> None:
    other = render(5, 96, 144, "mountain")
    assert np.abs(other.rgb - scenes["mountain"].rgb).mean() > 0.03


@pytest.mark.parametrize("kind", ["street", "lake"])
def test_a_seed_keeps_its_composition_at_another_size(scenes: dict[str, Scene], kind: str) -> None:
    small = render(4, 32, 48, kind).nir
    large = scenes[kind].nir.reshape(32, 3, 48, 3).mean(axis=(1, 3))
    assert np.corrcoef(small.ravel(), large.ravel())[0, 1] > 0.9


def test_a_random_kind_is_chosen_by_the_seed() -> None:
    kinds = [render(seed, 2, 3).kind for seed in range(6)]
    assert kinds[0] == render(0, 3, 2).kind
    assert len(set(kinds)) > 1
    assert set(kinds) <= set(KINDS)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(KINDS), st.integers(0, 2**40))
def test_any_size_renders(height: int, width: int, kind: str, seed: int) -> None:
    check(render(seed, height, width, kind), height, width)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 300), (300, 1), (2, 513)])
def test_a_single_row_column_or_pixel_renders(height: int, width: int) -> None:
    for kind in ("lake", "street"):
        check(render(1, height, width, kind), height, width)


@pytest.mark.parametrize(("arguments", "reason"), [
    ((1, 0, 5), "no pixels"),
    ((1, 5, -1), "no pixels"),
    ((-1, 5, 5), "negative"),
    ((1, 5, 5, "moon"), "unknown kind"),
])  # fmt: skip
def test_wrong_calls_are_refused(arguments: tuple[int, int, int], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        render(*arguments)


def test_rendering_needs_neither_torch_nor_an_image_library() -> None:
    code = "import sys, nircolor.scenes as s; s.render(0, 4, 4); print({'torch', 'cv2', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
