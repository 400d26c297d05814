"""nircolor/training/made.py: colour photographs become pairs; what is made is made once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tiny_run import write_pairs

from nircolor import scenes, weights
from nircolor.errors import InputError, UsageError, WeightsError
from nircolor.model import PRESETS, Generator
from nircolor.model.reverse import NirFromRgb
from nircolor.training.data import find_data
from nircolor.training.made import NirMaker, find_photographs
from nircolor.training.recipe_file import parse_recipe

SMALL = replace(
    PRESETS["nir-from-rgb"], prior=replace(PRESETS["nir-from-rgb"].prior, widths=(8, 8, 8, 8), blocks=(0, 0, 0, 0))
)


@pytest.fixture
def reverse(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    weights.save(tmp_path / "reverse.safetensors", NirFromRgb(SMALL).state_dict(), {"config": SMALL.to_dict()})
    return tmp_path / "reverse.safetensors"


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for seed in range(3):
        rgb = scenes.quantise(scenes.render(seed, 40, 50).rgb, 8)
        cv2.imwrite(str(folder / f"{seed}.png"), rgb[..., ::-1])
    return folder


def test_a_photograph_becomes_a_pair_of_its_size(photographs: Path, reverse: Path) -> None:
    pairs = find_photographs(photographs, str(reverse))
    nir, rgb = pairs[1].load()
    assert len(pairs) == 3
    assert nir.shape == rgb.shape[:2] == (40, 50)
    luma = rgb @ np.array([0.299, 0.587, 0.114])  # an untrained network gives the luma, with a little more contrast
    assert np.corrcoef(nir.ravel(), luma.ravel())[0, 1] > 0.99


def test_it_is_made_once_and_kept_beside_the_weights(photographs: Path, reverse: Path) -> None:
    first = find_photographs(photographs, str(reverse))[0].load()[0]
    (kept,) = reverse.parent.glob("made-*/*.png")
    np.testing.assert_array_equal(cv2.imread(str(kept), cv2.IMREAD_GRAYSCALE), first)
    cv2.imwrite(str(kept), 255 - first)
    np.testing.assert_array_equal(find_photographs(photographs, str(reverse))[0].load()[0], 255 - first)


def test_a_kept_picture_that_is_damaged_is_made_again(photographs: Path, reverse: Path) -> None:
    first = find_photographs(photographs, str(reverse))[0].load()[0]
    (kept,) = reverse.parent.glob("made-*/*.png")
    kept.write_bytes(kept.read_bytes()[:50])
    np.testing.assert_array_equal(find_photographs(photographs, str(reverse))[0].load()[0], first)


def test_a_recipe_trains_on_them(photographs: Path, reverse: Path, tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", 1, 2)
    sources = [{"folder": "pairs"}, {"folder": "photographs", "kind": "rgb", "nir_from": str(reverse), "weight": 2.0}]
    data = find_data(parse_recipe({"preset": "lite", "sources": sources}), tmp_path)
    assert [len(source.pairs) for source in data.sources] == [2, 3]
    assert data.about["sources"][1] == {"folder": "photographs", "split": "", "pairs": 3, "scenes": 3}


def test_what_cannot_be_is_refused(photographs: Path, reverse: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="need nir_from"):
        find_photographs(photographs, "")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no pictures"):
        find_photographs(tmp_path / "empty", str(reverse))
    with pytest.raises(WeightsError, match="missing"):
        NirMaker("missing.safetensors")(np.zeros((8, 8, 3), np.uint8))


def test_weights_of_the_other_direction_are_refused(tmp_path: Path) -> None:
    config = {**PRESETS["lite"].to_dict()}
    weights.save(tmp_path / "forward.safetensors", Generator(PRESETS["lite"]).state_dict(), {"config": config})
    with pytest.raises(WeightsError, match="nir-from-rgb"):
        NirMaker(str(tmp_path / "forward.safetensors"))(np.zeros((8, 8, 3), np.uint8))
