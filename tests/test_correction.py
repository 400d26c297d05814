"""Corrections by hand: what each factor does to a pixel, what it leaves alone, and that 1 is nothing at all."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from small_network import SMALL, network, save

import nircolor
from nircolor import Correction, scenes
from nircolor.colorizer import Colorizer
from nircolor.correction import LUMA, LUMINANCE
from nircolor.errors import UsageError
from nircolor.tiling import Tiling

NIR = scenes.quantise(scenes.render(3, 90, 110).nir, 8)
Floats = NDArray[np.float32]
ALL = Correction(1.3, 1.4, 1.2)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("weights") / "small.safetensors", network(SMALL))


def engine(path: Path, **options: object) -> Colorizer:
    return Colorizer.from_weights(str(path), device="cpu", precision="fp32", **options)  # type: ignore[arg-type]


def close(found: Floats, expected: Floats) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def linear(coded: Floats) -> Floats:
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def some() -> tuple[Floats, Floats]:
    """Colours that no correction here clips, under a NIR that is far from its ends."""
    rgb = np.random.default_rng(0).uniform(0.2, 0.6, (50, 3))
    return rgb.astype(np.float32), np.full(50, 0.5, np.float32)


def test_1_is_the_very_same() -> None:
    rgb, nir = some()
    assert Correction().apply(rgb, nir) is rgb
    assert Correction().factors == {}


def test_brightness_is_a_gain_of_linear_light() -> None:
    rgb, nir = some()
    close(linear(Correction(brightness=1.2).apply(rgb, nir)), 1.2 * linear(rgb))
    mid = Correction(brightness=1.2).apply(np.full((1, 3), 128 / 255, np.float32), np.full(1, 0.5, np.float32))
    assert round(float(mid[0, 0] * 255)) == 139  # as the docs say


def test_colour_scales_what_is_not_grey() -> None:
    rgb, nir = some()
    made, luma = Correction(colour=1.3).apply(rgb, nir), np.array(LUMA, np.float32)
    close(made @ luma, rgb @ luma)
    close(made - (made @ luma)[:, None], 1.3 * (rgb - (rgb @ luma)[:, None]))
    grey = Correction(colour=0).apply(rgb, nir)
    close(grey, (rgb @ luma)[:, None].repeat(3, 1))


def test_warmth_is_red_over_blue_at_one_luminance() -> None:
    rgb, nir = some()
    before, after = linear(rgb), linear(Correction(warmth=1.25).apply(rgb, nir))
    close(after[:, 0] / after[:, 2], 1.25 * before[:, 0] / before[:, 2])
    close(after @ np.array(LUMINANCE, np.float32), before @ np.array(LUMINANCE, np.float32))


@pytest.mark.parametrize("correction", [ALL, Correction(0.3, 2, 0.5)])
def test_the_ends_stay_neutral(correction: Correction) -> None:
    ends = np.array([0, 1], np.float32)
    grey = ends[:, None].repeat(3, 1)
    np.testing.assert_array_equal(correction.apply(grey, ends), grey)
    dark = Correction(warmth=2).apply(np.full((1, 3), 0.02, np.float32), np.full(1, 0.02, np.float32))
    assert float(dark.max() - dark.min()) < 2 / 255


def test_tiles_and_whole_pictures_agree(path: Path) -> None:
    """Of pictures where they agree before: maps that say nothing."""
    plain = network(SMALL)
    torch.nn.init.zeros_(plain.rgb_branch.head.weight)
    save(path.with_name("grey.safetensors"), plain)
    whole, tiles = (
        engine(path.with_name("grey.safetensors"), tiling=tiling, correction=ALL).colorize(NIR)
        for tiling in (Tiling(), Tiling(32, 8))
    )
    assert not np.array_equal(whole, np.repeat(NIR[..., None], 3, 2))
    assert np.abs(whole.astype(int) - tiles).max() <= 1
    together = engine(path.with_name("grey.safetensors"), correction=ALL).colorize_together([NIR, NIR])
    assert np.array_equal(together[0], whole)


def test_bytes_do_not_change_at_1(path: Path, tmp_path: Path) -> None:
    Image.fromarray(NIR).save(tmp_path / "x.png")
    for name, correction in (("a", None), ("b", Correction(1, 1, 1)), ("c", ALL)):
        config = nircolor.EngineConfig(str(path), "cpu", "fp32", correction=correction or Correction())
        done = nircolor.colorize_file(tmp_path / "x.png", tmp_path / f"{name}.png", engine=config)
        assert done.to_json().get("correction", {}) == (correction or Correction()).factors
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("name", ["brightness", "colour", "warmth"])
@pytest.mark.parametrize("value", [-1, 11, math.nan, math.inf, "2", True])
def test_what_is_no_factor_is_refused_before_anything_is_read(name: str, value: object, tmp_path: Path) -> None:
    config = nircolor.EngineConfig(correction=Correction(**{name: value}))  # type: ignore[arg-type]
    picture = tmp_path / "x.png"
    picture.write_bytes(b"no picture")
    with pytest.raises(UsageError, match=f"`{name}={value}`: out of range; give a number from"):
        nircolor.colorize_file(picture, engine=config)
    with pytest.raises(UsageError, match=f"`{name}={value}`"):
        nircolor.colorize_folder(tmp_path, tmp_path / "out", engine=config)


def test_a_batch_with_other_corrections_is_made_anew(path: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(NIR).save(tmp_path / "in" / "x.png")

    def run(correction: Correction) -> nircolor.BatchResult:
        config = nircolor.EngineConfig(str(path), "cpu", "fp32", correction=correction)
        return nircolor.colorize_folder(tmp_path / "in", tmp_path / "out", engine=config, policy="resume")

    assert [(r.done, r.kept) for r in map(run, (Correction(), Correction(), ALL, ALL))] == [(1, 0), (0, 1)] * 2
    last = (tmp_path / "out" / "nircolor-batch.jsonl").read_text().splitlines()[-1]
    assert '"brightness": 1.3' in last
    assert '"warmth": 1.2' in last
