from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from nircolor.errors import InputError
from nircolor.training.pairs import find_pairs, load_pair


def write(path: Path, shape: tuple[int, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(path.name))
    cv2.imencode(".png", rng.integers(0, 256, shape, np.uint8))[1].tofile(path)


def test_pairs_in_one_folder_and_in_two(tmp_path: Path) -> None:
    for name in ("a_nir.png", "NIR/b_nir.png", "c_1_nir.png"):
        write(tmp_path / name, (4, 5))
    for name in ("a_rgb.png", "RGB-Registered/b_rgb_reg.png", "c_1_rgb.png"):
        write(tmp_path / name, (4, 5, 3))
    assert [pair.id for pair in find_pairs(tmp_path)] == ["a", "b", "c_1"]
    nir, rgb = load_pair(find_pairs(tmp_path)[0])
    assert nir.shape == (4, 5)
    assert rgb.shape == (4, 5, 3)


def test_rgb_is_in_rgb_order(tmp_path: Path) -> None:
    write(tmp_path / "a_nir.png", (2, 2))
    cv2.imwrite(str(tmp_path / "a_rgb.png"), np.full((2, 2, 3), (0, 0, 255), np.uint8))  # BGR: red
    assert load_pair(find_pairs(tmp_path)[0])[1][0, 0].tolist() == [255, 0, 0]


def test_split_file_chooses_and_names_scenes(tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / f"{name}_nir.png", (4, 4))
        write(tmp_path / f"{name}_rgb.png", (4, 4, 3))
    split = tmp_path / "split.csv"
    split.write_text("id,scene,split\na,s1,train\nb,s2,val\n")
    (pair,) = find_pairs(tmp_path, split, "val")
    assert (pair.id, pair.scene) == ("b", "s2")


def test_trouble_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        find_pairs(tmp_path / "missing")
    with pytest.raises(InputError, match="no pairs"):
        find_pairs(tmp_path)
    write(tmp_path / "a_nir.png", (4, 4))
    with pytest.raises(InputError, match=r"a_nir\.png: its rgb partner is missing"):
        find_pairs(tmp_path)
    write(tmp_path / "a_rgb.png", (5, 4, 3))
    with pytest.raises(InputError, match=r"4 x 4, but .*a_rgb\.png: 4 x 5"):
        load_pair(find_pairs(tmp_path)[0])
    (tmp_path / "a_nir.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"a_nir\.png: not a picture"):
        load_pair(find_pairs(tmp_path)[0])


def test_development_data_has_the_documented_splits(shared: Path) -> None:
    vcip, epfl = shared / "data" / "vcip2020", shared / "data" / "epfl"
    counts = {split: len(find_pairs(vcip, vcip / "split.csv", split)) for split in ("train", "val", "leaky")}
    assert counts == {"train": 290, "val": 50, "leaky": 32}
    train = {p.scene for p in find_pairs(epfl / "train", epfl / "split.csv", "train")}
    train |= {p.scene for p in find_pairs(vcip, vcip / "split.csv", "train")}
    val = {p.scene for p in find_pairs(epfl / "val", epfl / "split.csv", "val")}
    val |= {p.scene for p in find_pairs(vcip, vcip / "split.csv", "val")}
    assert not train & val
