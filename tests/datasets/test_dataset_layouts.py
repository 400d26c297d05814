"""Each benchmark's layout, and plain folders of pairs, on real files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import dataset_trees as trees
import pytest
from dataset_trees import ids, put, put_pairs, relative

from nircolor.datasets import LAYOUTS, open_dataset
from nircolor.errors import InputError, UsageError
from nircolor.training.pairs import load_pair


@pytest.mark.parametrize("name", ["vcip2020", "fanvid", "omsiv", "rgb2nir"])
def test_a_benchmark_is_recognised_and_its_pictures_can_be_read(name: str, tmp_path: Path) -> None:
    build: Callable[[Path], Path] = getattr(trees, name)
    dataset = open_dataset(build(tmp_path / "anything"))
    assert dataset.layout == name
    assert not dataset.problems
    for pair in dataset.pairs:
        nir, rgb = load_pair(pair)
        assert nir.shape == rgb.shape[:2] == (trees.HEIGHT, trees.WIDTH)
    assert open_dataset(dataset.root, layout=name) == dataset


def test_vcip2020(tmp_path: Path) -> None:
    root = trees.vcip2020(tmp_path / "NIR_VCIP_Challenge_dataset")
    assert ids(open_dataset(root, split="train")) == ["country_0000", "field_0001", "forest_0000"]
    assert ids(open_dataset(root, split="val")) == ["validation_0000", "validation_0001"]
    assert ids(open_dataset(root, split="test")) == ["Testing_0000"]
    whole = open_dataset(tmp_path)  # the folder around it does as well
    assert (whole.layout, len(whole.pairs), whole.problems) == ("vcip2020", 6, ())
    assert [pair.kind for pair in whole.pairs] == ["country", "field", "forest", "", "", ""]
    assert whole.split_origin == "the folders of the data set"
    assert relative(open_dataset(root))[0] == ("NIR/country_0000_nir.png", "RGB-Registered/country_0000_rgb_reg.png")


def test_vcip2020_as_first_announced(tmp_path: Path) -> None:
    put_pairs(tmp_path, ("field_0000",), "NIR/{}_nir.png", "RGB-Resgistered/{}_rgb_reg.png")
    put_pairs(tmp_path, ("validation_0000",), "Validation/{}_nir_reg.png", "Validation/{}_rgb.png")
    dataset = open_dataset(tmp_path)
    assert (dataset.layout, ids(dataset)) == ("vcip2020", ["field_0000", "validation_0000"])
    put_pairs(tmp_path / "only", ("field_0000",), "NIR/{}_nir.png", "RGB-Registered/{}_rgb_reg.png")
    assert open_dataset(tmp_path / "only").split_origin.startswith("no split")  # one part is no split


def test_fanvid_pairs_colour_with_the_band_that_haqagen_uses(tmp_path: Path) -> None:
    root = trees.fanvid(tmp_path / "FANVID")
    dataset = open_dataset(root)
    assert relative(dataset)[0] == ("Test/paired_NIR1/Test_00001.bmp", "Test/paired_RGB/Test_00001.bmp")
    assert ids(open_dataset(root, split="train")) == ["Train_00001", "Train_00002", "Train_00003"]
    with pytest.raises(InputError, match=r"no pair in split 'val' .* there are train, test, all"):
        open_dataset(root, split="val")
    assert ids(open_dataset(root / "Test", split="test")) == ["Test_00001", "Test_00002"]


def test_fanvid_second_band_alone(tmp_path: Path) -> None:
    put_pairs(tmp_path / "Train", ("Train_00001",), "paired_NIR2/{}.bmp", "paired_RGB/{}.bmp")
    assert relative(open_dataset(tmp_path)) == [
        ("Train/paired_NIR2/Train_00001.bmp", "Train/paired_RGB/Train_00001.bmp")
    ]


def test_omsiv(tmp_path: Path) -> None:
    root = trees.omsiv(tmp_path / "omsiv4colorization")
    put(root / "train" / "X" / "RGBNC_001.png")
    put(root / "test" / "Yhat" / "RGBR_002.jpg")
    dataset = open_dataset(root)
    assert not dataset.problems
    assert relative(dataset)[:2] == [
        ("train/Y/NIR_001.png", "train/X/RGBR_001.jpg"),
        ("test/Y/NIR_002.png", "test/X/RGBR_002.jpg"),
    ]
    assert ids(open_dataset(root, split="training")) == ["001", "003"]


def test_omsiv_numbers_may_begin_anew_in_each_split(tmp_path: Path) -> None:
    for part in ("train", "test"):
        put_pairs(tmp_path / part, ("001",), "Y/NIR_{}.png", "X/RGBR_{}.jpg")
    assert ids(open_dataset(tmp_path)) == ["test/001", "train/001"]


def test_omsiv_archive_of_h5_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "registered" / "rgbr").mkdir(parents=True)
    (tmp_path / "registered" / "rgbr" / "RGBR_001.h5").write_bytes(b"\x89HDF")
    with pytest.raises(InputError, match=r"it holds no picture, but 1 \.h5; expected: pictures NIR_001\.png"):
        open_dataset(tmp_path, layout="omsiv")


def test_rgb2nir(tmp_path: Path) -> None:
    root = trees.rgb2nir(tmp_path / "nirscene1")
    dataset = open_dataset(tmp_path)
    assert ids(dataset) == ["country/0000", "country/0001", "water/0000"]
    assert [pair.kind for pair in dataset.pairs] == ["country", "country", "water"]
    assert ids(open_dataset(root / "country")) == ["0000", "0001"]


def test_rgb2nir_with_a_folder_a_side(tmp_path: Path) -> None:
    put_pairs(tmp_path, ("0000", "0001"), "NIR_Images/field_nir/{}_nir.tiff", "RGB_Images/field_rgb/{}_rgb.tiff")
    dataset = open_dataset(tmp_path)
    assert (dataset.layout, ids(dataset)) == ("rgb2nir", ["field/0000", "field/0001"])


@pytest.mark.parametrize(
    ("nir", "rgb", "name"),
    [
        ("{}_nir.png", "{}_rgb.png", "a"),
        ("{}-NIR.PNG", "{}-RGB.JPG", "a"),
        ("{}.nir.tif", "{}.rgb.tif", "a"),
        ("nir/{}.png", "rgb/{}.jpg", "a"),
        ("NIR/{}_nir.png", "RGB-Registered-2/{}_rgb_reg.png", "a"),
        ("Near-Infrared/{}.png", "visible images/{}.png", "a"),
        ("here/{}_nir.png", "there/{}_rgb.png", "a"),
        ("site/nir/{}.png", "site/rgb/{}.png", "site/a"),
        ("nir/site/{}.png", "rgb/site/{}.png", "site/a"),
        ("{}/nir.png", "{}/rgb.png", "a"),
        ("{}_nir.png", "{}.png", "a"),
        ("val/nir_val/{}.png", "val/rgb_val/{}.png", "a"),
        ("test_site_3/{}_nir.png", "test_site_3/{}_rgb.png", "test_site_3/a"),
        ("{}ß 日本_nir.png", "{}ß 日本_rgb.png", "aß 日本"),
    ],
)
def test_plain_folders(nir: str, rgb: str, name: str, tmp_path: Path) -> None:
    dataset = open_dataset(put_pairs(tmp_path, ("a",), nir, rgb))
    assert (dataset.layout, ids(dataset), dataset.problems) == ("folder", [name], ())
    assert relative(dataset) == [(nir.format("a"), rgb.format("a"))]


def test_colour_alone_is_truth_without_near_infrared(tmp_path: Path) -> None:
    for name in ("a_rgb.png", "b.png", "sub/c.tif"):
        put(tmp_path / name)
    dataset = open_dataset(tmp_path)
    assert (dataset.layout, ids(dataset)) == ("folder", ["a", "b", "sub/c"])
    assert [pair.nir for pair in dataset.pairs] == [None, None, None]


def test_ids_are_in_natural_order_and_composed(tmp_path: Path) -> None:
    put_pairs(tmp_path, ("x10", "x2", "X1"))
    put(tmp_path / "e\u0301_nir.png")  # decomposed, as macOS writes it
    put(tmp_path / "\xe9_rgb.png")
    assert ids(open_dataset(tmp_path)) == ["X1", "x2", "x10", "\xe9"]


def test_unknown_layout_and_nothing_to_read(tmp_path: Path) -> None:
    assert LAYOUTS == ("auto", "vcip2020", "fanvid", "omsiv", "rgb2nir", "folder")
    with pytest.raises(UsageError, match=r"unknown layout 'vcip'; there are auto, vcip2020.*did you mean vcip2020"):
        open_dataset(tmp_path, layout="vcip")
    with pytest.raises(InputError, match="gone: no such folder"):
        open_dataset(tmp_path / "gone")
    with pytest.raises(InputError, match="it holds no picture"):
        open_dataset(tmp_path)
    put(tmp_path / "a_nir.png")
    with pytest.raises(InputError, match=r"no pair is complete \(.*a_nir\.png: its rgb partner is missing"):
        open_dataset(tmp_path)
    with pytest.raises(InputError, match=r"a_nir\.png: a file, not a folder"):
        open_dataset(tmp_path / "a_nir.png")
    with pytest.raises(InputError, match="expected: folders paired_NIR1 and paired_RGB"):
        open_dataset(tmp_path, layout="fanvid")


def test_development_data(shared: Path) -> None:
    data = shared / "data"
    layouts = {name: open_dataset(data / name).layout for name in ("vcip2020", "epfl", "naip")}
    assert layouts == {"vcip2020": "vcip2020", "epfl": "folder", "naip": "folder"}
    everything = [open_dataset(data / name) for name in layouts]
    assert [len(dataset.pairs) for dataset in everything] == [372, 222, 250]
    assert not [problem for dataset in everything for problem in dataset.problems]
    alone = open_dataset(data / "vcip2020" / "RGB-Registered")
    assert {pair.nir for pair in alone.pairs} == {None}
    assert len(alone.pairs) == 372
