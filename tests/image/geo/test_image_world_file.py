"""World files beside pictures: the place that they give is the one that GDAL sees, and damage costs one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from geo_files import geotiff, rasterio, seen, through
from image_files import RAMP, pillow, png, tiff

from nircolor.image import read_nir

TURNED = (0.5, 0.125, 0.25, -0.5, 500_000.25, 5_000_000.75)


def beside(picture: Path, name: str, numbers: tuple[float, ...] | str = TURNED) -> Path:
    text = numbers if isinstance(numbers, str) else "\n".join(map(repr, numbers))
    picture.with_name(name).write_text(f"{text}\n")
    return picture


def saved(folder: Path, name: str) -> Path:
    data = {"tif": tiff(RAMP), "png": png(RAMP), "jpg": pillow("JPEG", RAMP)}[name.partition(".")[2].lower()]
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize(
    ("name", "world"),
    [
        ("a.tif", "a.tfw"),
        ("a.TIF", "a.TFW"),
        ("a.tif", "a.tifw"),
        ("a.png", "a.pgw"),
        ("a.jpg", "a.jgw"),
        ("a.png", "a.wld"),
    ],
)
def test_the_place_is_that_which_gdal_sees(tmp_path: Path, name: str, world: str) -> None:
    rasterio()
    source = beside(saved(tmp_path, name), world)
    with seen(source) as before, seen(through(source, format="tiff")) as after:
        np.testing.assert_allclose(tuple(after.transform), tuple(before.transform), rtol=0, atol=1e-9)
        assert tuple(after.transform)[:6] == (0.5, 0.25, 499_999.875, 0.125, -0.5, 5_000_000.9375)


def test_the_place_in_the_file_comes_first(tmp_path: Path) -> None:
    source = geotiff(tmp_path / "a.tif", RAMP)
    alone = read_nir(source).info
    assert read_nir(beside(source, "a.tfw")).info == alone


def test_a_turned_picture_stays_where_it_is(tmp_path: Path) -> None:
    rasterio()
    (tmp_path / "a.tif").write_bytes(tiff(RAMP, extratags=[(274, 3, 1, 3, True)]))
    with seen(through(beside(tmp_path / "a.tif", "a.tfw"))) as after:
        corner = after.transform @ (RAMP.shape[1] - 0.5, RAMP.shape[0] - 0.5)
        np.testing.assert_allclose(corner, TURNED[4:], rtol=0, atol=1e-6)


@pytest.mark.parametrize("text", ["", "1 2 3", "1\n0\n0\nnan\n5\n5", "0 0 0 0 1 1", "a b c d e f", "1 " * 100_000])
def test_damage_is_one_line(tmp_path: Path, text: str) -> None:
    info = read_nir(beside(saved(tmp_path, "a.tif"), "a.tfw", text)).info
    assert info.geo is None
    assert info.warnings == ("the world file 'a.tfw' is damaged: the place on the map is not kept",)


def test_a_folder_of_that_name_is_none(tmp_path: Path) -> None:
    source = saved(tmp_path, "a.tif")
    (tmp_path / "a.tfw").mkdir()
    assert read_nir(source).info.warnings == ()
