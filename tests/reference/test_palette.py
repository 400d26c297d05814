"""Colours of a reference go where the network sees the same: in rendered scenes, with the packaged weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from nircolor import scenes
from nircolor.colorizer import Colorizer
from nircolor.reference.guide import guide
from nircolor.reference.palette import Describe, by_palette
from nircolor.reference.reference import Reference

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Painted:
    """A scene, and how the network paints it."""

    nir: Floats
    rgb: Floats
    colours: Floats

    def error(self, colours: Floats) -> float:
        return float(np.abs(colours - self.rgb).mean())


@pytest.fixture(scope="module")
def engine() -> Colorizer:
    return Colorizer.from_weights(engine="torch")


@pytest.fixture(scope="module")
def see(engine: Colorizer) -> Describe:
    return engine.networks.features


@pytest.fixture(scope="module")
def street(engine: Colorizer) -> Painted:
    return _painted(engine, 4, "street")


@pytest.fixture(scope="module")
def lake(engine: Colorizer) -> Painted:
    return _painted(engine, 5, "lake")


def _painted(engine: Colorizer, seed: int, kind: str) -> Painted:
    scene = scenes.render(seed, 128, 160, kind)
    return Painted(scene.nir, scene.rgb, engine.colorize(scene.nir))


def test_the_same_things_elsewhere_in_the_picture_give_their_colours(lake: Painted, see: Describe) -> None:
    mirrored = np.ascontiguousarray(lake.rgb[:, ::-1])
    found = by_palette(lake.colours, lake.nir, mirrored, see)
    assert found
    colours, evidence = found
    assert colours.shape == lake.rgb.shape
    assert colours.dtype == np.float32
    assert 0 <= colours.min() <= colours.max() <= 1
    assert lake.error(colours) < 0.8 * lake.error(lake.colours)
    assert 0.5 < float(evidence["likeness"]) < 1
    assert 0.5 < float(evidence["followed"]) <= 0.85


def test_light_of_the_reference_is_taken_over(lake: Painted, see: Describe) -> None:
    plain, warm, dark = (
        by_palette(lake.colours, lake.nir, np.clip(lake.rgb * np.float32(gain), 0, 1), see)
        for gain in ((1, 1, 1), (1, 0.97, 0.85), (0.8, 0.8, 0.8))
    )
    assert plain
    assert warm
    assert dark
    assert (warm[0] - plain[0])[..., 2].mean() < -0.03
    assert abs((warm[0] - plain[0])[..., 0].mean()) < 0.02
    assert (dark[0] - plain[0]).mean() < -0.03


def test_a_scene_of_another_kind_gives_nothing(street: Painted, lake: Painted, see: Describe) -> None:
    found = by_palette(street.colours, street.nir, lake.rgb, see)
    assert found is None or np.abs(found[0] - street.colours).max() < 0.01


def test_flat_and_noisy_pictures_give_nothing(lake: Painted, see: Describe) -> None:
    flat = np.full((80, 100, 3), (0.2, 0.5, 0.7), np.float32)
    noise = np.random.default_rng(0).random((80, 100, 3), np.float32)
    for reference in (flat, noise):
        assert by_palette(lake.colours, lake.nir, reference, see) is None
    grey = np.full((40, 40), 0.5, np.float32)
    assert by_palette(np.repeat(grey[..., None], 3, 2), grey, lake.rgb, see) is None


def test_where_there_is_no_colour_to_know_nothing_changes(lake: Painted, engine: Colorizer, see: Describe) -> None:
    nir = lake.nir.copy()
    nir[:40, :40], nir[:40, -40:] = 0, 1
    before = engine.colorize(nir)
    found = by_palette(before, nir, lake.rgb, see)
    assert found
    for corner in (np.s_[:32, :32], np.s_[:32, -32:]):
        np.testing.assert_allclose(found[0][corner], before[corner], atol=1e-6)
    assert np.abs(found[0] - before)[64:].max() > 0.02


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 200), (101, 67), (64, 1000)])
def test_pictures_of_any_shape(lake: Painted, engine: Colorizer, see: Describe, height: int, width: int) -> None:
    tiled = np.tile(lake.nir, (1, 7))[:height, :width]
    nir = np.ascontiguousarray(tiled)
    colours = engine.colorize(nir)
    found = by_palette(colours, nir, lake.rgb, see)
    after = colours if found is None else found[0]
    assert after.shape == (height, width, 3)
    assert np.isfinite(after).all()


def test_the_guide_takes_it_where_the_place_is_not_shown(street: Painted, lake: Painted, see: Describe) -> None:
    mirrored = Reference.of(np.ascontiguousarray(lake.rgb[:, ::-1]))
    guided = guide(lake.colours, lake.nir, mirrored, "auto", see)
    assert guided.mode == "palette"
    assert guided.used.to_json()["likeness"] == guided.evidence["likeness"]
    assert lake.error(guided.colours) < 0.8 * lake.error(lake.colours)
    noise = np.random.default_rng(0).random(street.rgb.shape, np.float32)
    other = guide(street.colours, street.nir, Reference.of(noise), "palette", see)
    assert other.mode == "none"
    np.testing.assert_array_equal(other.colours, street.colours)
    assert guide(lake.colours, lake.nir, mirrored, "place", see).mode == "none"


def test_whatever_runs_the_network_it_sees_the_same(street: Painted) -> None:
    grey = np.ascontiguousarray(street.nir[:96])
    by_onnx, by_torch = (Colorizer.from_weights(engine=engine).networks.features(grey) for engine in ("onnx", "torch"))
    assert by_onnx is not None
    assert by_torch is not None
    assert by_onnx.shape == (6, 10, 112)
    np.testing.assert_allclose(by_onnx, by_torch, atol=1e-3)
