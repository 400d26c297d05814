"""What a recipe's source is read into: whole pairs, in 8 or 16 bits."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from nircolor import scenes
from nircolor.datasets import Pair
from nircolor.errors import InputError
from nircolor.image.tone.ranks import equalize
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


def test_scenes_are_left_out(tmp_path: Path) -> None:
    for name in "abc":
        write_pair(tmp_path / "set", name)
    (tmp_path / "mine.csv").write_text("id,scene,split\na,s1,train\nb,s2,train\nc,s1,train\n")
    source = SourceConfig("set", "mine.csv", "train", leave_out=("s1",))
    assert [pair.id for pair in find_pairs(source, tmp_path)] == ["b"]
    with pytest.raises(InputError, match="set: has no scene s3, which is to be left out"):
        find_pairs(SourceConfig("set", "mine.csv", "train", leave_out=("s1", "s3")), tmp_path)


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
    with pytest.raises(InputError, match=r"a_nir\.png: is empty"):
        load_pair(pairs(tmp_path)[0])


def write_tiff_pair(folder: Path, nir: np.ndarray, rgb: np.ndarray) -> Pair:
    tifffile.imwrite(folder / "a_nir.tif", nir)
    tifffile.imwrite(folder / "a_rgb.tif", rgb, photometric="rgb")
    return pairs(folder)[0]


def test_the_depth_of_each_file_stays(tmp_path: Path) -> None:
    scene = scenes.render(2, 20, 30)
    nir, rgb = scenes.quantise(scene.nir, 16), scenes.quantise(scene.rgb, 8)
    found = load_pair(write_tiff_pair(tmp_path, nir, rgb))
    for image, expected in zip(found, (nir, rgb), strict=True):
        assert image.dtype == expected.dtype
        np.testing.assert_array_equal(image, expected)
    floats, _ = load_pair(write_tiff_pair(tmp_path, (nir / 65535).astype(np.float32), rgb))
    np.testing.assert_array_equal(floats, nir)


def test_pictures_are_turned_upright(tmp_path: Path) -> None:
    scene = scenes.render(2, 16, 24)
    nir, rgb = scenes.quantise(scene.nir, 8), scenes.quantise(scene.rgb, 8)
    write_tiff_pair(tmp_path, nir, np.rot90(rgb).copy())
    with pytest.raises(InputError, match="24 x 16, but"):
        load_pair(pairs(tmp_path)[0])
    turned = np.ascontiguousarray(np.rot90(rgb))  # a quarter to the left, which orientation 6 takes back
    tifffile.imwrite(tmp_path / "a_rgb.tif", turned, photometric="rgb", extratags=[(274, "H", 1, 6, True)])
    np.testing.assert_array_equal(load_pair(pairs(tmp_path)[0])[1], rgb)


def test_large_pictures_are_reduced_by_area_averages(tmp_path: Path) -> None:
    scene = scenes.render(2, 40, 64)
    nir, rgb = scenes.quantise(scene.nir, 8), scenes.quantise(scene.rgb, 16)
    pair = write_tiff_pair(tmp_path, nir, rgb)
    small_nir, small_rgb = load_pair(pair, long_side=32)
    expected = nir.reshape(20, 2, 32, 2).mean((1, 3)), rgb.reshape(20, 2, 32, 2, 3).mean((1, 3))
    np.testing.assert_allclose(small_nir, expected[0], atol=0.51)
    np.testing.assert_allclose(small_rgb, expected[1], atol=0.51)
    assert load_pair(pair, long_side=50)[0].shape == (31, 50)
    for as_they_are in (0, 64, 999):
        np.testing.assert_array_equal(load_pair(pair, long_side=as_they_are)[0], nir)


def test_equalisation_is_of_the_whole_picture_before_it_is_reduced(tmp_path: Path) -> None:
    scene = scenes.render(2, 40, 64)
    nir, rgb = scenes.quantise(scene.nir, 8), scenes.quantise(scene.rgb, 8)
    pair = write_tiff_pair(tmp_path, nir, rgb)
    found, colours = load_pair(pair, equalize=True)
    np.testing.assert_array_equal(found, equalize(nir))
    np.testing.assert_array_equal(colours, rgb)
    reduced = equalize(nir).reshape(20, 2, 32, 2).mean((1, 3))
    np.testing.assert_allclose(load_pair(pair, equalize=True, long_side=32)[0], reduced, atol=0.51)


def test_colour_alone_cannot_be_trained_on(tmp_path: Path) -> None:
    write(tmp_path / "a_rgb.png", (4, 5, 3))
    with pytest.raises(InputError, match=r"a_rgb\.png: its nir partner is missing"):
        load_pair(pairs(tmp_path)[0])


def test_the_recipe_of_the_packaged_weights_finds_its_pairs(shared: Path) -> None:
    from nircolor.training.recipe_file import load_recipe

    recipe = load_recipe("lite")
    pairs = [source for source in (*recipe.sources, *recipe.validation) if source.kind == "pairs"]
    counts = [len(find_pairs(source, shared / "data")) for source in pairs]
    assert counts == [276, 166, 220, 190, 50, 52], "without the scenes that are left out"
