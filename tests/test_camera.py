"""A camera's correction in a weights file: what it does to colours, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from small_network import PLAIN, network, save

from nircolor import scenes
from nircolor.camera import Camera, steepness
from nircolor.colorizer import Colorizer
from nircolor.correction import LUMA
from nircolor.errors import WeightsError

SOME = Camera((0.3, -0.2), 1.2, (0.1, -0.1))
GREYS = np.linspace(0, 1, 101, dtype=np.float32)[:, None].repeat(3, 1)


def test_the_default_is_the_very_same() -> None:
    rgb = np.random.default_rng(0).random((5, 3), np.float32)
    assert Camera().apply(rgb) is rgb


def test_black_and_white_stay_and_greys_keep_their_order() -> None:
    luma = SOME.apply(GREYS) @ np.array(LUMA, np.float32)
    assert float(luma[0]) == 0
    assert float(luma[-1]) == pytest.approx(1)
    assert (np.diff(luma) > 0).all()
    assert SOME.slope == 1 + min(steepness(SOME.tone))
    assert float(np.diff(luma).min()) * 100 == pytest.approx(SOME.slope, abs=0.02)


def test_a_file_with_one_colours_with_it(tmp_path: Path) -> None:
    made, nir = network(PLAIN), scenes.render(2, 40, 50).nir.astype(np.float32)
    engines = [
        Colorizer.from_weights(str(save(tmp_path / "x.safetensors", made, **meta)), device="cpu", precision="fp32")
        for meta in ({}, {"camera": SOME.to_meta()})
    ]
    plain, own = (engine.colorize(nir) for engine in engines)
    np.testing.assert_allclose(own, SOME.apply(plain), atol=1e-6)


GOOD = SOME.to_meta()


@pytest.mark.parametrize(
    "found",
    [
        "x",
        [],
        {},
        {**GOOD, "tone": 1},
        {**GOOD, "tone": [1, 2, 3]},
        {**GOOD, "chroma": "much"},
        {**GOOD, "chroma": -1},
        {**GOOD, "tint": [math.inf, 0]},
        {**GOOD, "tint": [5, 0]},
        {**GOOD, "tone": [3, 0]},  # falls
    ],
)
def test_what_is_no_camera_is_refused(found: object, tmp_path: Path) -> None:
    file = save(tmp_path / "x.safetensors", network(PLAIN), camera=found)
    with pytest.raises(WeightsError, match="'camera' are no correction"):
        Colorizer.from_weights(str(file), device="cpu")
