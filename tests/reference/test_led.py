from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_network import SMALL, network

from nircolor import Correction, scenes
from nircolor.colorizer import Colorizer, EngineInfo
from nircolor.evaluation.fidelity import psnr
from nircolor.reference import Led, Reference, Used, led
from nircolor.tiling import Tiling
from nircolor.torch_networks import TorchNetworks

CONFIG = replace(SMALL, prior_size=64, reduction=1)
SCENE = scenes.render(1, 256, 256)
NIR, RGB = np.asarray(SCENE.nir, np.float32), np.asarray(SCENE.rgb, np.float32)


@pytest.fixture(scope="module")
def engine() -> Colorizer:
    return Colorizer(
        TorchNetworks(network(CONFIG), torch.device("cpu")),
        EngineInfo("cpu", "numba", "fp32", "small", ""),
        Tiling(256, 32),
    )


def test_the_same_place_gives_its_colours(engine: Colorizer) -> None:
    plain, made = engine.colorize(NIR), engine.colorize(NIR, reference=RGB)
    assert psnr(made, RGB) > psnr(plain, RGB) + 3


def test_types_stay(engine: Colorizer) -> None:
    made = engine.colorize((NIR * 255).round().astype(np.uint8), reference=RGB)
    assert made.dtype == np.uint8
    assert psnr(made / np.float32(255), RGB) > 15


def test_another_place_changes_nothing(engine: Colorizer) -> None:
    other = Led(engine, Reference.of(np.asarray(scenes.render(9, 200, 200).rgb, np.float32)), "place")
    assert np.array_equal(other.colorize(NIR), engine.colorize(NIR))
    assert other.used == Used("none")


def test_a_large_picture_is_changed_tile_by_tile(engine: Colorizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is as if it had been painted as a whole."""
    monkeypatch.setattr(led, "_SIZE", 128)
    whole = Led(engine, Reference.of(RGB), "place")
    expected = whole.colorize(NIR)
    monkeypatch.setattr(led, "_HELD", 1000)
    assert whole.used is not None
    pieces = Led(Colorizer(engine.networks, engine.info, Tiling(96, 16)), Reference.of(RGB), "place")
    made = pieces.colorize(NIR)
    assert pieces.used is not None
    assert (whole.used.mode, pieces.used.mode) == ("place", "place")
    assert psnr(made, RGB) > psnr(engine.colorize(NIR), RGB) + 1
    assert psnr(made, expected) > 20


def test_corrections_by_hand_come_last(engine: Colorizer) -> None:
    grey = Colorizer(engine.networks, engine.info, engine.tiling, correction=Correction(colour=0))
    made = grey.colorize(NIR, reference=RGB)
    assert np.abs(made.max(2) - made.min(2)).max() < 1e-5


def test_what_is_told() -> None:
    assert Used("place", {"inliers": 40}).to_json() == {"mode": "place", "inliers": 40}
    assert "inliers 40" in str(Used("place", {"inliers": 40}))
    assert "as without it" in str(Used("none"))
