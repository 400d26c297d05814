"""What GDAL reads: its formats, windows, values, georeference; and what it must not do for a hostile file."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geo_files import UTM, geotiff, north_up, rasterio, seen, through
from image_files import HEIGHT, RAMP, RAMP16, WIDTH

from nircolor.errors import InputError
from nircolor.image import read_nir
from nircolor.image.geo import gdal, gdal_guard
from nircolor.image.raster import Request

FORMATS = {
    "ENVI": ("a.img", {}),
    "HFA": ("a.img", {}),
    "PCIDSK": ("a.pix", {}),
    "NITF": ("a.ntf", {"ICORDS": "N"}),
    "JP2OpenJPEG": ("a.jp2", {"QUALITY": 100, "REVERSIBLE": "YES"}),
}


def made(folder: Path, driver: str, pixels: np.ndarray = RAMP16, **more: Any) -> Path:
    name, options = FORMATS[driver]
    return geotiff(folder / name, pixels, driver=driver, **{**options, **more})


def virtual(folder: Path, text: str, name: str = "a.vrt") -> Path:
    """A VRT of one band: ``text`` is its source."""
    path = folder / name
    path.write_text(
        f'<VRTDataset rasterXSize="{WIDTH}" rasterYSize="{HEIGHT}"><VRTRasterBand dataType="UInt16" band="1">'
        f"{text}</VRTRasterBand></VRTDataset>",
        encoding="utf-8",
    )
    return path


def simple(filename: str, relative: int = 1) -> str:
    named = f'<SourceFilename relativeToVRT="{relative}">{filename}</SourceFilename>'
    return f"<SimpleSource>{named}<SourceBand>1</SourceBand></SimpleSource>"


@pytest.mark.parametrize("driver", FORMATS)
def test_samples_and_place_of_each_format(tmp_path: Path, driver: str) -> None:
    rasterio()
    source = made(tmp_path, driver)
    picture = read_nir(source)
    np.testing.assert_allclose(picture.pixels, RAMP16 / 65535, atol=1e-7)
    assert (picture.info.format, picture.info.dtype, picture.info.warnings) == ("TIFF", "uint16", ())
    with seen(source) as before, seen(through(source)) as after:
        assert (after.driver, after.shape, after.crs) == ("GTiff", before.shape, before.crs)
        np.testing.assert_allclose(after.transform, before.transform, atol=1e-9)


def test_a_vrt_of_files_beside_it(tmp_path: Path) -> None:
    geotiff(tmp_path / "b.tif", RAMP16)
    virtual(tmp_path, simple("b.tif"), "inner.vrt")
    picture = read_nir(virtual(tmp_path, simple("inner.vrt")))
    np.testing.assert_allclose(picture.pixels, RAMP16 / 65535, atol=1e-7)


def test_the_header_of_an_envi_file_stands_for_it(tmp_path: Path) -> None:
    made(tmp_path, "ENVI")
    np.testing.assert_array_equal(read_nir(tmp_path / "a.hdr").pixels, read_nir(tmp_path / "a.img").pixels)
    (tmp_path / "a.img").unlink()
    with pytest.raises(InputError, match="header of an ENVI file whose values are not there"):
        read_nir(tmp_path / "a.hdr")


def test_windows_are_parts_of_the_whole(tmp_path: Path) -> None:
    rasterio()
    with gdal.open_stored(made(tmp_path, "HFA", np.stack([RAMP16, RAMP16 // 2])), Request(band=2)) as stored:
        assert (stored.shape, stored.channels, stored.dtype) == (RAMP16.shape, 1, np.uint16)
        (plane,), alpha = stored.read(slice(3, 20), slice(7, 50))[:2]
        np.testing.assert_array_equal(plane, RAMP16[3:20, 7:50] // 2)
        assert alpha is None


def test_bands_by_name_and_by_wavelength(tmp_path: Path) -> None:
    rasterio()
    source = made(tmp_path, "ENVI", np.stack([RAMP16 // 2, RAMP16, RAMP16 // 3, RAMP16 // 4]))
    with rasterio().open(source, "r+") as file:
        file.descriptions = ("Red", "NIR", "Rededge", "Blue")
    for name in ("nir", 2):
        np.testing.assert_allclose(read_nir(source, band=name).pixels, RAMP16 / 65535, atol=1e-7)
    with pytest.raises(InputError, match=r"has 4 bands .*NIR.*`band=2` seems to be it"):
        read_nir(source)


def test_no_data_becomes_transparent(tmp_path: Path) -> None:
    rasterio()
    holes = np.where(RAMP > 200, 7, RAMP16)
    source = made(tmp_path, "HFA", holes.astype(np.uint16), nodata=7)
    with seen(through(source)) as after:
        np.testing.assert_array_equal(after.dataset_mask() > 0, holes != 7)


def test_a_mask_becomes_alpha(tmp_path: Path) -> None:
    with rasterio().Env(GDAL_TIFF_INTERNAL_MASK="YES"):
        geotiff(tmp_path / "b.tif", RAMP16)
        with rasterio().open(tmp_path / "b.tif", "r+") as file:
            file.write_mask(RAMP < 200)
        rasterio().shutil.copy(tmp_path / "b.tif", tmp_path / "a.vrt", driver="VRT")
    picture = read_nir(tmp_path / "a.vrt")
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha, RAMP < 200)


def test_scale_and_offset_of_a_reflectance_are_used(tmp_path: Path) -> None:
    geotiff(tmp_path / "b.tif", (RAMP16 // 8 + 1000).astype(np.uint16))
    source = virtual(tmp_path, f"<Scale>0.0001</Scale><Offset>-0.1</Offset>{simple('b.tif')}")
    np.testing.assert_allclose(read_nir(source).pixels, np.clip(RAMP16 // 8 / 10000, 0, 1), atol=1e-4)


def test_rpcs_and_control_points_come_along(tmp_path: Path) -> None:
    point = rasterio().control.GroundControlPoint
    points = [point(0, 0, 10, 50), point(0, 53, 12, 50), point(37, 0, 10, 49)]
    source = made(tmp_path, "HFA")
    geotiff(tmp_path / "b.tif", RAMP16, crs=UTM, gcps=points, transform=None)
    rasterio().shutil.copy(tmp_path / "b.tif", tmp_path / "a.vrt", driver="VRT")
    with seen(through(tmp_path / "a.vrt")) as after:
        assert [(each.row, each.col, each.x, each.y) for each in after.gcps[0]] == [
            (each.row, each.col, each.x, each.y) for each in points
        ]
    with seen(through(source)) as after:
        assert after.transform == north_up()


def test_signed_samples_keep_16_bits(tmp_path: Path) -> None:
    rasterio()
    picture = read_nir(made(tmp_path, "ENVI", RAMP.astype(np.int16) - 5))
    assert picture.info.dtype == "uint16"
    assert any("below 0" in warning for warning in picture.info.warnings)


@pytest.mark.parametrize(
    "text",
    [
        simple("/vsicurl/https://localhost/a.tif"),
        simple("https://localhost/a.tif"),
        simple("/vsicurl_streaming/http://localhost/a.tif", 0),
        simple("/vsizip/a.zip/a.tif"),
        simple("WMS:http://localhost"),
        simple("PG:host=localhost"),
        simple("&lt;VRTDataset&gt;&lt;/VRTDataset&gt;"),
        "<PixelFunctionType>x</PixelFunctionType><Future>/vsis3/bucket/a.tif</Future>",
    ],
)
def test_a_vrt_leads_to_no_network(tmp_path: Path, text: str) -> None:
    rasterio()
    outer = virtual(tmp_path, simple("inner.vrt"))
    inner = virtual(tmp_path, text, "inner.vrt")
    for path in (outer, inner):
        with pytest.raises(InputError, match=r"leads to what is no file on this machine .*gdal_translate"):
            read_nir(path)


def test_a_vrt_leads_to_no_pipe(tmp_path: Path) -> None:
    rasterio()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="no regular file"):
        read_nir(virtual(tmp_path, simple("pipe")))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<VRTDataset><unclosed>", "damaged VRT"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><VRTDataset>&b;</VRTDataset>', "definitions of its own"),
        ('<VRTDataset rasterXSize="2000000000" rasterYSize="2000000000"/>', "holds no bands|above the limit|damaged"),
    ],
)
def test_hostile_vrts_are_one_line(tmp_path: Path, text: str, reason: str) -> None:
    rasterio()
    (tmp_path / "a.vrt").write_text(text)
    with pytest.raises(InputError, match=reason):
        read_nir(tmp_path / "a.vrt")


def test_a_vrt_shows_no_bytes_of_other_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(2 * HEIGHT * WIDTH))
    for kind in ("VRTRawRasterBand", "vrtrawrasterband"):
        vrt = virtual(tmp_path, '<SourceFilename relativetoVRT="1">secret</SourceFilename>')
        plain = '<VRTRasterBand dataType="UInt16" band="1">'
        assert plain in vrt.read_text()
        vrt.write_text(vrt.read_text().replace(plain, plain[:-1] + f' subClass="{kind}">'))
        with pytest.raises(InputError, match="is a VRT of raw bands"):
            read_nir(vrt)


@pytest.mark.parametrize(
    "source",
    ["<simplesource><sourcefilename>{}</sourcefilename></simplesource>", '<SimpleSource SourceFilename="{}"/>'],
)
def test_a_vrt_hides_no_names(tmp_path: Path, source: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="no regular file"):
        read_nir(virtual(tmp_path, source.format("pipe")))
    with pytest.raises(InputError, match="no file on this machine"):
        read_nir(virtual(tmp_path, source.format("http://localhost:9/a.tif")))


def test_a_vrt_that_leads_to_itself_ends(tmp_path: Path) -> None:
    rasterio()
    with pytest.raises(InputError):
        read_nir(virtual(tmp_path, simple("a.vrt")))


def test_python_in_a_vrt_does_not_run(tmp_path: Path) -> None:
    rasterio()
    geotiff(tmp_path / "b.tif", RAMP16)
    code = f"def f(*a, **k):\n    open({str(tmp_path / 'ran')!r}, 'w')\n"
    text = (
        f"<PixelFunctionType>f</PixelFunctionType><PixelFunctionLanguage>Python</PixelFunctionLanguage>"
        f"<PixelFunctionCode><![CDATA[{code}]]></PixelFunctionCode>{simple('b.tif')}"
    )
    source = virtual(tmp_path, text)
    source.write_text(source.read_text().replace('band="1"', 'band="1" subClass="VRTDerivedRasterBand"'))
    with pytest.raises(InputError):
        read_nir(source)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("driver", FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_truncated_files_are_one_line_or_whole_pixels(tmp_path: Path, driver: str, share: float) -> None:
    rasterio()
    pixels = np.random.default_rng(0).integers(1, 65536, (300, 400), np.uint16)
    source = made(tmp_path, driver, pixels)
    data = source.read_bytes()
    source.write_bytes(data[: int(len(data) * share)])
    read = None
    with contextlib.suppress(InputError):
        read = read_nir(source).pixels
    if read is not None:  # what was cut off is not of the picture
        np.testing.assert_allclose(read, pixels / 65535, atol=1e-7)


def test_without_rasterio_the_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gdal_guard, "is_installed", lambda: False)
    source = virtual(tmp_path, "")
    for name in (source, "https://localhost/a.tif", "/vsis3/bucket/a.tif"):
        with pytest.raises(InputError, match=r"pip install 'nircolor\[geo\]'"):
            read_nir(name)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("https://host/a.tif?x=1", "/vsicurl/https://host/a.tif?x=1"),
        ("s3://bucket/a.tif", "/vsis3/bucket/a.tif"),
        ("gs://bucket/a.tif", "/vsigs/bucket/a.tif"),
        ("/vsicurl/https://host/a.tif", "/vsicurl/https://host/a.tif"),
    ],
)
def test_names_in_the_network(source: str, name: str) -> None:
    assert gdal_guard.is_remote(source)
    assert gdal_guard.name_of(source) == name
    assert gdal_guard.last_name(source) == "a.tif"


def test_a_file_whose_name_looks_like_a_driver_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not gdal_guard.is_remote("HFA:a.img")
    assert gdal_guard.name_of("HFA:a.img") == str(tmp_path / "HFA:a.img")


def test_plain_pictures_are_not_for_gdal(tmp_path: Path) -> None:
    rasterio()
    assert not gdal.opens(geotiff(tmp_path / "a.tif", RAMP))
    assert not gdal.opens(geotiff(tmp_path / "a.jp2", RAMP, driver="JP2OpenJPEG", crs=None, transform=None))
    assert gdal.opens(geotiff(tmp_path / "b.jp2", RAMP, driver="JP2OpenJPEG"))
