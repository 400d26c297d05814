"""Scale and offset that make a reflectance are its range; names and wavelengths are those of the bands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_files import RAMP16, RAMP_FLOAT, tiff
from tiff_files import nodata

from nircolor.errors import InputError
from nircolor.image import read_nir, read_rgb
from nircolor.image.bands import BandLabel
from nircolor.image.geo.gdal_items import GdalItems, Scale


def item(text: object, role: str, sample: int | None = 0, name: str = "") -> str:
    place = "" if sample is None else f' sample="{sample}"'
    return f'<Item name="{name or role.upper()}"{place} role="{role}">{text}</Item>'


def tag(*items: str) -> tuple[object, ...]:
    return (42112, 2, 0, f"<GDALMetadata>\n  {''.join(items)}\n</GDALMetadata>", True)


def scaled(pixels: np.ndarray, scale: object = 1, offset: object = 0, **options: object) -> bytes:
    tags = [tag(item(offset, "offset"), item(scale, "scale"))]
    return tiff(pixels, extratags=tags, photometric=options.pop("photometric", "minisblack"), **options)


REFLECTANCES = [
    (RAMP16 // 4, 0.0001, 0, 0, 10_000),  # Sentinel-2 before 2022
    (RAMP16 // 4, 0.0001, -0.1, 1000, 11_000),  # and after
    (RAMP16 // 2, 0.0000275, -0.2, 7272.7273, 43636.3636),  # Landsat, collection 2
    ((RAMP16 // 4).astype(np.int16), 0.0001, 0, 0, 10_000),  # MODIS
    (RAMP_FLOAT * 100, 0.01, 0, 0, 100),  # percent
    ((RAMP16 // 4).astype(np.uint32), 0.0001, 0, 0, 10_000),
]


@pytest.mark.parametrize(("pixels", "scale", "offset", "black", "white"), REFLECTANCES)
def test_reflectance_from_0_to_1(pixels: np.ndarray, scale: float, offset: float, black: float, white: float) -> None:
    picture = read_nir(scaled(pixels, scale, offset))
    np.testing.assert_allclose(picture.pixels, np.clip((pixels - float(black)) / (white - black), 0, 1), atol=1e-5)
    assert not [line for line in picture.info.warnings if "left out" in line]


def test_a_black_of_0_has_no_sign() -> None:
    (line,) = read_nir(scaled(RAMP16 // 64, 0.0001)).info.warnings
    assert "add `range=0,1023`" in line


LEFT_OUT = [
    (0.01, -273.15, "offset (-273.15) and scale (0.01)"),
    (0.0001, 0.2, "offset (0.2) and scale (0.0001)"),  # black below 0
    (1e-9, 0, "scale (1e-09)"),  # white above the type
    (0.5, 0, "scale (0.5)"),  # two steps are no picture
    (-0.0001, 1, "offset (1) and scale (-0.0001)"),
    ("much", 0, "scale (nan)"),
    (1, -1000, "offset (-1000)"),
    ("nan", "inf", "offset (inf) and scale (nan)"),
    (0, 0, "scale (0)"),
]


@pytest.mark.parametrize(("scale", "offset", "told"), LEFT_OUT)
def test_what_makes_no_reflectance_is_left_out_and_told(scale: object, offset: object, told: str) -> None:
    picture = read_nir(scaled(RAMP16, scale, offset))
    np.testing.assert_allclose(picture.pixels, RAMP16 / 65535, atol=1e-7)
    told = " and ".join(sorted(told.split(" and "), reverse=True))  # scale, then offset
    assert picture.info.warnings == (f"its {told} left out of account: the stored values were read",)


def test_a_scale_that_the_picture_denies_is_told() -> None:
    picture = read_nir(scaled(RAMP16 // 2 + 30_000, 0.001))
    np.testing.assert_allclose(picture.pixels, (RAMP16 // 2 + 30_000) / 65535, atol=1e-7)
    (warning,) = picture.info.warnings
    assert warning == "most of it is above its white level, 1000: its scale and offset are not used"


def test_each_band_has_its_own_scale() -> None:
    planes = [RAMP16 // 4, RAMP16[::-1] // 4, RAMP16 // 8, RAMP16 // 16]
    tags = [tag(*(item(10.0**-power, "scale", band) for band, power in enumerate((4, 3, 5, 0))))]
    data = tiff(np.dstack(planes), photometric="minisblack", planarconfig="contig", extratags=tags)
    for band, white in enumerate((10_000, 1000, 65535, 65535)):
        picture = read_nir(data, band=band + 1)
        if band != 1:  # of which most is above
            np.testing.assert_allclose(picture.pixels, np.clip(planes[band] / white, 0, 1), atol=1e-6)
        assert ("scale (1e-05) left out" in "".join(picture.info.warnings)) == (band == 2)


def test_three_channels_share_one_scale_or_have_none() -> None:
    colour = np.dstack([RAMP16 // 4, RAMP16 // 8, RAMP16 // 16])
    for powers, white in (((4, 4, 4), 10_000), ((4, 4, 3), 65535)):
        tags = [tag(*(item(10.0**-power, "scale", band) for band, power in enumerate(powers)))]
        picture = read_rgb(tiff(colour, photometric="rgb", extratags=tags))
        np.testing.assert_allclose(picture.pixels, np.clip(colour / white, 0, 1), atol=1e-6)
        assert ("left out of account" in "".join(picture.warnings)) == (white == 65535)


def test_no_data_and_transparency_are_not_scaled() -> None:
    pixels = RAMP16 // 8 + 1
    pixels[3, 4:9] = 0
    data = nodata(pixels, "0", photometric="minisblack")
    plain = read_nir(data)
    tags = [tag(item(0.0001, "scale")), (42113, 2, 0, "0", True)]
    np.testing.assert_array_equal(read_nir(tiff(pixels, photometric="minisblack", extratags=tags)).alpha, plain.alpha)
    stacked = np.dstack([pixels, np.full_like(pixels, 32768)])
    picture = read_nir(tiff(stacked, photometric="minisblack", extrasamples=["unassalpha"], extratags=tags[:1]))
    np.testing.assert_allclose(picture.alpha, 32768 / 65535, atol=1e-6)


def test_levels_of_a_sensor_come_first() -> None:
    tags = [tag(item(0.0001, "scale")), (50714, 4, 1, 256, True), (50717, 4, 1, 4095, True)]
    picture = read_nir(tiff(RAMP16 >> 4, photometric="minisblack", extratags=tags))
    np.testing.assert_allclose(picture.pixels, np.clip(((RAMP16 >> 4) - 256.0) / (4095 - 256), 0, 1), atol=1e-6)
    assert picture.info.warnings == ("its scale (0.0001) left out of account: the stored values were read",)


@pytest.mark.parametrize(
    ("dtype", "nodata"), [("int16", -32768), ("uint16", 65535), ("int8", -128), ("int64", -(2**63))]
)
def test_files_of_gdal_itself(tmp_path: Path, dtype: str, nodata: int) -> None:
    rasterio = pytest.importorskip("rasterio", reason="GDAL is not installed (the extra geo)")
    plane = (RAMP16[:32, :48] >> (9 if dtype == "int8" else 3)).astype(dtype)
    plane[2:5, 3:9] = nodata
    options = {
        "driver": "GTiff",
        "width": 48,
        "height": 32,
        "count": 4,
        "tiled": True,
        "blockxsize": 16,
        "blockysize": 16,
    }
    scale = 0.0001 if dtype != "int8" else 1
    options |= {"transform": rasterio.Affine(1, 0, 7, 0, -1, 9), "dtype": dtype, "nodata": nodata}
    with rasterio.open(tmp_path / "ortho.tif", "w", compress="deflate", **options) as file:
        for number, name in enumerate(("B2", "B3", "B4", "B8"), start=1):
            file.write(plane if number == 4 else plane // 2, number)
            file.set_band_description(number, name)
        file.scales = (1, 1, 1, scale)
        file.update_tags(4, wavelength="842", wavelength_units="Nanometers")
    with pytest.raises(InputError, match=r"4 B8 \(842 nm\)\); say which .*`band=4` seems to be it"):
        read_nir(tmp_path / "ortho.tif")
    picture = read_nir(tmp_path / "ortho.tif", band="842nm")
    gone = plane == nodata
    np.testing.assert_array_equal(picture.alpha == 0, gone)
    white = 10_000 if scale != 1 else 127
    np.testing.assert_allclose(picture.pixels[~gone], np.clip(plane[~gone] / white, 0, 1), atol=1e-6)


# --- the items --------------------------------------------------------------------------------------------------------


def test_names_and_wavelengths_of_bands() -> None:
    text = (
        item("red &lt; 700", "description", 0)
        + item("Green", "colorinterp", 1)
        + item("NIR", "colorinterp", 2)
        + item("near infrared", "description", 2)
        + '<Item name="wavelength" sample="0">665</Item><Item name="wavelength_units" sample="0">Nanometers</Item>'
        + '<Item name="CENTRAL_WAVELENGTH_UM" sample="2" domain="IMAGERY">0.842</Item>'
        + '<Item name="STATISTICS_MEAN" sample="1">7</Item>'
        + item(0.5, "scale", None)
        + item(3, "offset", 1)
    )
    items = GdalItems(text.encode() + b"\0rest")
    assert items.labels(3) == (
        BandLabel("red < 700", 665),
        BandLabel(colour="Green"),
        BandLabel("near infrared", 842, "NIR"),
    )
    assert [items.scale(band) for band in range(2)] == [Scale(0.5, 0), Scale(0.5, 3)]


def test_names_of_very_many_bands_are_no_burden() -> None:
    items = GdalItems("".join(item("x", "description", band) for band in range(10_000)).encode())
    assert items.labels(60_000) == (BandLabel("x"),) * 4096
    pixels = np.zeros((1, 1, 60_000), np.uint8)
    data = tiff(
        pixels, photometric="minisblack", planarconfig="contig", extratags=[tag(item("NIR", "description", 59))]
    )
    assert read_nir(data, band="nir").pixels.shape == read_nir(data, band=60_000).pixels.shape == (1, 1)


@given(st.binary(max_size=300) | st.text('<Item>="/ sampleronc0', max_size=300).map(str.encode))
def test_whatever_the_tag_holds_is_read(data: bytes) -> None:
    items = GdalItems(data)
    assert len(items.labels(3)) == 3
    assert isinstance(items.scale(0), Scale)


@pytest.mark.parametrize(
    "part", ["<Item ", '<Item sample="0" ', "<Item a>", '<Item a="', "&amp;", "<Item x>&lol;</Item>"]
)
def test_long_nonsense_is_no_burden(part: str) -> None:
    assert GdalItems((part * 200_000).encode()[: 1 << 20]).labels(1)[0].wavelength is None
