"""A reference gives the same colours whatever runs the network: picture, batch and video, with the packaged weights."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import nircolor
from nircolor import scenes
from nircolor.colorizer import Colorizer
from nircolor.reference import Guidance, Led, Reference
from nircolor.video.colours.damping import Damping
from nircolor.video.colours.follow import Follow
from nircolor.video.colours.steady import Steady

SCENE = scenes.render(5, 128, 160, "lake")
STEPS = 65535  # of 16 bits
REFERENCES = {
    "place": SCENE.rgb,
    "palette": np.ascontiguousarray(SCENE.rgb[:, ::-1]),
    "none": np.random.default_rng(0).random(SCENE.rgb.shape, np.float32),
}


@pytest.fixture(scope="module")
def engines() -> tuple[Colorizer, Colorizer]:
    one, other = (Colorizer.from_weights(engine=e, device="cpu", precision="fp32") for e in ("onnx", "torch"))  # type: ignore[arg-type]
    assert (one.info.kernel, other.info.kernel) == ("onnxruntime", "numba")
    return one, other


def alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> None:
    np.testing.assert_allclose(one, other, atol=1e-3)


@pytest.mark.parametrize("mode", REFERENCES)
def test_a_picture(engines: tuple[Colorizer, Colorizer], mode: str) -> None:
    leds = [Led(engine, Reference.of(REFERENCES[mode])) for engine in engines]
    alike(*(led.colorize(SCENE.nir) for led in leds))
    assert [led.used and led.used.mode for led in leds] == [mode, mode]


@pytest.mark.parametrize("mode", ["place", "palette"])
def test_a_video(engines: tuple[Colorizer, Colorizer], mode: str) -> None:
    guidance, shown = Guidance.of(REFERENCES[mode], "auto"), [SCENE.nir, SCENE.nir]
    follows = [Follow(engine, guidance) for engine in engines]
    made = [Steady(f.bare, Damping(), follow=f).colorize_all(shown) for f in follows]
    alike(np.stack(made[0]), np.stack(made[1]))
    assert [used.mode for f in follows for used in f.used] == [mode, mode]


def test_a_batch(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("place", "palette"):
        cv2.imwrite(str(tmp_path / "in" / f"{name}.png"), np.rint(SCENE.nir * STEPS).astype(np.uint16))
    days = tmp_path / "days"
    days.mkdir()
    for name in ("place", "palette"):
        nircolor.write_rgb(days / f"{name}.png", REFERENCES[name], depth=8)
    made = []
    for engine in ("onnx", "torch"):
        config = nircolor.EngineConfig(engine=engine, device="cpu", precision="fp32")  # type: ignore[arg-type]
        result = nircolor.colorize_folder(tmp_path / "in", tmp_path / engine, engine=config, reference=days)
        assert (result.done, result.failed) == (2, 0)
        files = sorted((tmp_path / engine).glob("*.png"))
        made.append(
            np.stack([cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for file in files]).astype(np.float32) / STEPS
        )
    assert made[0].shape == (2, *SCENE.rgb.shape)
    alike(*made)
