"""Cloud-Optimized GeoTIFF: layout, overviews and what it keeps, as GDAL sees it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geo_files import geotiff, north_up, rasterio, seen, tagged, through
from image_files import RAMP, SRGB, exif, pillow

from nircolor.errors import UsageError
from nircolor.image import losses, plan_output, read_nir, write_rgb
from nircolor.image.geo import gdal_guard

LARGE = np.kron(RAMP, np.ones((32, 24), np.uint8)).astype(np.uint16) * 200


@pytest.mark.parametrize(
    ("packed", "named"), [(None, None), ("lzw", "LZW"), ("deflate", "DEFLATE"), ("zstd", "DEFLATE")]
)
def test_layout_overviews_and_place(tmp_path: Path, packed: str | None, named: str | None) -> None:
    source = geotiff(tmp_path / "a.tif", LARGE, **({"compress": packed} if packed else {}))
    with seen(through(source, cog=True)) as made, seen(through(source)) as plain:
        structure = made.tags(ns="IMAGE_STRUCTURE")
        assert structure["LAYOUT"] == "COG"
        assert structure.get("COMPRESSION") == named
        assert made.overviews(1) == [2, 4]
        assert made.block_shapes == [(512, 512)] * 3
        assert (made.crs, made.transform) == (plain.crs, north_up())
        np.testing.assert_array_equal(made.read(), plain.read())


def test_the_file_begins_with_the_structure_of_a_cog(tmp_path: Path) -> None:
    assert b"GDAL_STRUCTURAL_METADATA_SIZE" in through(geotiff(tmp_path / "a.tif", LARGE), cog=True)[:200]


def test_metadata_names_and_profile_come_along(tmp_path: Path) -> None:
    source = geotiff(tmp_path / "a.tif", LARGE)
    with rasterio().open(source, "r+") as file:
        file.update_tags(MISSION="7")
        file.set_band_description(1, "nir")
    with seen(through(source, cog=True)) as made:
        assert made.tags()["MISSION"] == "7"
        assert made.descriptions == ("red", "green", "blue")
    coloured = tagged(RAMP, iccprofile=SRGB)
    assert SRGB in through(coloured, cog=True)


def test_overviews_are_averages_of_what_is_there(tmp_path: Path) -> None:
    striped = np.full((1024, 1024), 40_000, np.uint16)
    striped[:, ::2] = 7
    with seen(through(geotiff(tmp_path / "a.tif", striped, nodata=7), cog=True)) as made:
        small = made.read(out_shape=(4, 256, 256))
        assert [each.name for each in made.colorinterp] == ["red", "green", "blue", "alpha"]
        np.testing.assert_allclose(small[:3], 40_000, atol=1)


def test_overviews_of_floats_are_averages_of_what_is_there(tmp_path: Path) -> None:
    striped = np.full((1024, 1024), 0.75, np.float32)
    striped[:, ::2] = -9999
    with seen(through(geotiff(tmp_path / "a.tif", striped, nodata=-9999), cog=True)) as made:
        np.testing.assert_allclose(made.read(out_shape=(4, 256, 256))[:3], 0.75, atol=1e-3)


def test_a_path_gets_the_same_bytes_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    picture = read_nir(geotiff(tmp_path / "a.tif", LARGE))
    rgb, stream = np.dstack([picture.pixels] * 3), io.BytesIO()
    write_rgb(stream, rgb, picture.info, cog=True)
    write_rgb(tmp_path / "b.tif", rgb, picture.info, cog=True)
    assert (tmp_path / "b.tif").read_bytes() == stream.getvalue()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", "b.tif"]


def test_nothing_is_left_when_gdal_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    picture = read_nir(geotiff(tmp_path / "a.tif", RAMP))
    monkeypatch.setattr(rasterio().shutil, "copy", full)
    with pytest.raises(Exception, match="No space left on device"):
        write_rgb(tmp_path / "b.tif", np.dstack([picture.pixels] * 3), picture.info, cog=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_what_it_cannot_hold_is_said() -> None:
    rasterio()
    info = read_nir(pillow("TIFF", RAMP, exif=exif())).info
    assert info.exif is not None
    (line,) = losses(plan_output(None, info, cog=True), info, has_alpha=False)
    assert (
        line == "a Cloud-Optimized GeoTIFF cannot hold the EXIF block: its description, date and artist are kept alone"
    )


def test_the_texts_that_gdal_keeps_are_no_loss(tmp_path: Path) -> None:
    source = geotiff(tmp_path / "a.tif", LARGE)
    with rasterio().open(source, "r+") as file:
        file.update_tags(TIFFTAG_SOFTWARE="mapper 1.0", TIFFTAG_ARTIST="somebody")
    picture = read_nir(source)
    assert picture.info.exif is not None
    assert losses(plan_output(None, picture.info, cog=True), picture.info, has_alpha=False) == ()
    write_rgb(tmp_path / "b.tif", np.dstack([picture.pixels] * 3), picture.info, cog=True)
    with rasterio().open(tmp_path / "b.tif") as file:
        assert file.tags()["TIFFTAG_SOFTWARE"] == "mapper 1.0"
        assert file.tags()["TIFFTAG_ARTIST"] == "somebody"


def test_other_formats_are_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"`cog`.*is PNG; write TIFF"):
        plan_output(tmp_path / "a.png", cog=True)


def test_without_rasterio_the_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gdal_guard, "is_installed", lambda: False)
    with pytest.raises(UsageError, match=r"pip install 'nircolor\[geo\]'"):
        plan_output(tmp_path / "a.tif", cog=True)
