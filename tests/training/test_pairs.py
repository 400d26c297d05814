"""What a recipe's source is read into: whole pairs, in 8 bits."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from nircolor.datasets import Pair
from nircolor.errors import InputError
from nircolor.training.pairs import find_pairs, load_pair
from nircolor.training.recipe import SourceConfig


def write(path: Path, shape: tuple[int, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(path.name))
    cv2.imencode(".png", rng.integers(0, 256, shape, np.uint8))[1].tofile(path)


def write_pair(folder: Path, name: str) -> None:
    write(folder / f"{name}_nir.png", (4, 5))
    write(folder / f"{name}_rgb.png", (4, 5, 3))


def pairs(folder: Path, split: str = "", split_file: str = "") -> list[Pair]:
    return list(find_pairs(SourceConfig(folder.name, split_file, split), folder.parent))


def test_a_source_may_have_any_layout(tmp_path: Path) -> None:
    write_pair(tmp_path, "a")
    write(tmp_path / "NIR" / "b_nir.png", (4, 5))
    write(tmp_path / "RGB-Registered" / "b_rgb_reg.png", (4, 5, 3))
    write_pair(tmp_path, "c_1")
    assert [pair.id for pair in pairs(tmp_path)] == ["a", "b", "c_1"]
    nir, rgb = load_pair(pairs(tmp_path)[0])
    assert nir.shape == (4, 5)
    assert rgb.shape == (4, 5, 3)


def test_rgb_is_in_rgb_order(tmp_path: Path) -> None:
    write(tmp_path / "a_nir.png", (2, 2))
    cv2.imwrite(str(tmp_path / "a_rgb.png"), np.full((2, 2, 3), (0, 0, 255), np.uint8))  # BGR: red
    assert load_pair(pairs(tmp_path)[0])[1][0, 0].tolist() == [255, 0, 0]


def test_split_file_chooses_and_names_scenes(tmp_path: Path) -> None:
    for name in "abc":
        write_pair(tmp_path / "set", name)
    (tmp_path / "mine.csv").write_text("id,scene,split\na,s1,train\nb,s2,val\n")  # c is not trained on
    (pair,) = pairs(tmp_path / "set", "val", "mine.csv")
    assert (pair.id, pair.scene) == ("b", "s2")


def test_the_first_trouble_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing: no such folder"):
        pairs(tmp_path / "missing")
    with pytest.raises(InputError, match="no pairs"):
        pairs(tmp_path)
    write_pair(tmp_path, "a")
    write(tmp_path / "preview.png", (4, 5, 3))  # certainly in no pair
    assert len(pairs(tmp_path)) == 1
    write(tmp_path / "b_nir.png", (4, 5))
    with pytest.raises(InputError, match=r"b_nir\.png: its rgb partner is missing"):
        pairs(tmp_path)
    write(tmp_path / "b_rgb.png", (5, 4, 3))
    with pytest.raises(InputError, match=r"5 x 4, but .*b_rgb\.png: 4 x 5"):
        load_pair(pairs(tmp_path)[1])
    write(tmp_path / "b_rgb.bmp", (5, 4, 3))
    with pytest.raises(InputError, match=r"a second rgb picture of b"):
        pairs(tmp_path)
    (tmp_path / "a_nir.png").write_bytes(b"")
    (tmp_path / "b_rgb.bmp").unlink()
    with pytest.raises(InputError, match=r"a_nir\.png: not a picture"):
        load_pair(pairs(tmp_path)[0])


def test_colour_alone_cannot_be_trained_on(tmp_path: Path) -> None:
    write(tmp_path / "a_rgb.png", (4, 5, 3))
    with pytest.raises(InputError, match=r"a_rgb\.png: its nir partner is missing"):
        load_pair(pairs(tmp_path)[0])


def test_the_recipe_of_the_packaged_weights_finds_its_pairs(shared: Path) -> None:
    from nircolor.training.recipe_file import load_recipe

    recipe = load_recipe("lite")
    counts = [len(find_pairs(source, shared / "data")) for source in (*recipe.sources, *recipe.validation)]
    assert counts == [290, 170, 220, 50, 52]
