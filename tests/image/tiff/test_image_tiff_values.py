"""Tags that give the values of a TIFF their meaning are used, or told of."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from image_files import HEIGHT, RAMP, RAMP16, RAMP_FLOAT, WIDTH, rgb, tiff
from tiff_files import nodata, without_photometric

from nircolor.image import Stretch, read_nir, read_rgb

HOLE = np.zeros((HEIGHT, WIDTH), bool)
HOLE[10:25, 20:50] = True  # nearly a quarter
STRETCHES = [Stretch("minmax"), Stretch("percentile"), Stretch("percentile", 2, 90)]


# --- black and white --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pixels", [RAMP, RAMP16, RAMP_FLOAT, rgb(RAMP)], ids=["8", "16", "float", "rgb"])
def test_without_a_photometric_tag_the_smallest_value_is_black(pixels: np.ndarray) -> None:
    peak = 1 if pixels.dtype == np.float32 else np.iinfo(pixels.dtype).max
    photometric = "rgb" if pixels.ndim == 3 else "miniswhite"
    picture = read_nir(without_photometric(pixels, photometric=photometric))
    plane = pixels[..., 0] if pixels.ndim == 3 else pixels
    np.testing.assert_allclose(picture.pixels, plane / peak, atol=1e-6)
    assert picture.info.warnings == ("has no photometric tag: the smallest value was read as black",)


def levels(black: object = None, white: object = None) -> list[tuple[object, ...]]:
    tags = []
    for tag, value in ((50714, black), (50717, white)):
        if value is not None:
            count = len(value) if isinstance(value, tuple) else 1
            tags.append((tag, 4, count, value, True))
    return tags


@pytest.mark.parametrize(("black", "white"), [(256, 4095), (256, None), (None, 4095), ((200, 200, 200, 200), 4000)])
def test_black_and_white_level_are_the_ends_of_the_range(black: object, white: object) -> None:
    pixels = RAMP16 >> 4
    picture = read_nir(tiff(pixels, extratags=levels(black, white)))
    low = black[0] if isinstance(black, tuple) else black or 0
    wanted = np.clip((pixels.astype(float) - low) / ((white or 65535) - low), 0, 1)
    np.testing.assert_allclose(picture.pixels, wanted, atol=1e-6)
    assert not [line for line in picture.info.warnings if "level" in line]


def test_levels_of_a_pattern_are_averaged_and_told() -> None:
    picture = read_nir(tiff(RAMP16 >> 4, extratags=levels((250, 262, 250, 262), 4095)))
    np.testing.assert_allclose(picture.pixels, np.clip(((RAMP16 >> 4) - 256.0) / (4095 - 256), 0, 1), atol=1e-6)
    assert picture.info.warnings == ("its black or white level is not the same everywhere: 256 and 4095 were used",)


@pytest.mark.parametrize(("kind", "stored"), [(5, (1025, 4)), (10, (1025, 4)), (11, 256.25), (12, 256.25)])
def test_levels_that_are_no_whole_numbers(kind: int, stored: object) -> None:
    data = tiff(RAMP16 >> 4, extratags=[(50714, kind, 1, stored, True), *levels(None, 4095)])
    np.testing.assert_allclose(
        read_nir(data).pixels, np.clip(((RAMP16 >> 4) - 256.25) / (4095 - 256.25), 0, 1), atol=1e-6
    )


@pytest.mark.parametrize("stored", [np.nan, np.inf, -5.0])
def test_levels_that_are_no_numbers(stored: float) -> None:
    for tag in (50714, 50717):
        picture = read_nir(tiff(RAMP_FLOAT, extratags=[(tag, 11, 1, stored, True)]))
        np.testing.assert_array_equal(picture.pixels, RAMP_FLOAT)
        assert "make no range and are not used" in picture.info.warnings[0]
    for kind in (5, 10, 2):
        value = "text" if kind == 2 else (1, 0)
        picture = read_nir(tiff(RAMP16, extratags=[(50714, kind, 0 if kind == 2 else 1, value, True)]))
        np.testing.assert_allclose(picture.pixels, RAMP16 / 65535, atol=1e-7)
        assert "its black level nan and white level 65535 make no range" in picture.info.warnings[0]


@pytest.mark.parametrize(("black", "white"), [(4095, 256), (0, 70_000), (300, 300)])
def test_levels_that_make_no_range_are_told(black: int, white: int) -> None:
    picture = read_nir(tiff(RAMP16, extratags=levels(black, white)))
    np.testing.assert_allclose(picture.pixels, RAMP16 / 65535, atol=1e-7)
    assert picture.info.warnings == (f"its black level {black} and white level {white} make no range and are not used",)


def test_levels_that_the_picture_denies_are_told() -> None:
    picture = read_nir(tiff(RAMP16 // 2 + 30_000, extratags=levels(256, 4095)))
    np.testing.assert_allclose(picture.pixels, (RAMP16 // 2 + 30_000) / 65535, atol=1e-7)
    assert "above its white level, 4095: its black and white level are not used" in picture.info.warnings[0]


def test_levels_behind_a_linearization_table_are_not_used() -> None:
    table = (50712, 3, 4096, tuple(range(4096)), True)
    picture = read_nir(tiff(RAMP16, extratags=[table, *levels(256, 4095)]))
    np.testing.assert_allclose(picture.pixels, RAMP16 / 65535, atol=1e-7)
    assert picture.info.warnings == ("its linearization table, black and white level are left out of account",)


def test_a_stretch_takes_the_place_of_the_levels() -> None:
    stretch = Stretch("minmax")
    plain, levelled = (read_nir(tiff(RAMP16 >> 4, extratags=tags), stretch=stretch) for tags in ([], levels(256, 4095)))
    np.testing.assert_array_equal(plain.pixels, levelled.pixels)


def test_a_transfer_function_that_is_not_used_is_told() -> None:
    curve = (301, 3, 256, tuple(range(0, 65536, 257)), True)
    assert "its transfer function is left out of account" in read_nir(tiff(RAMP, extratags=[curve])).info.warnings[0]


# --- no data ----------------------------------------------------------------------------------------------------------

NODATA = [
    (RAMP_FLOAT, "-9999", -9999),
    (RAMP_FLOAT, "-3.4e+38", np.float32(-3.4e38)),
    (RAMP_FLOAT, "-3.40282e+38", np.finfo(np.float32).min),
    (RAMP_FLOAT, "-3.4028234663852886e+38", np.finfo(np.float32).min),
    (RAMP_FLOAT, "nan", np.nan),
    (RAMP_FLOAT, "inf", np.inf),
    (RAMP_FLOAT.astype(np.float64), "-1.7976931348623157e+308", np.finfo(np.float64).min),
    (RAMP_FLOAT.astype(np.float16), "-9999", np.float16(-9999)),
    (np.clip(RAMP16, 1, 65534), "65535", 65535),
    (np.clip(RAMP16, 1, 65534), "0", 0),
    (np.clip(RAMP, 1, 254), "255", 255),
    (np.clip(RAMP, 1, 254), "0 ", 0),
    (np.clip(RAMP, 1, 254), "255.0", 255),
]


@pytest.mark.parametrize(("pixels", "text", "value"), NODATA, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_no_data_counts_in_nothing_and_is_transparent(
    pixels: np.ndarray, text: str, value: float, photometric: str
) -> None:
    data = nodata(np.where(HOLE, value, pixels).astype(pixels.dtype), text, photometric=photometric)
    opaque = np.where(HOLE, 0, 255).astype(np.uint8)  # what the same picture gives where its hole is transparent
    for options in ({}, {"equalize": True}, *({"stretch": stretch} for stretch in STRETCHES)):
        picture = read_nir(data, **options)
        np.testing.assert_array_equal(picture.alpha, opaque / 255)
        assert not picture.pixels[HOLE].any()
        seen = read_nir(tiff(pixels[~HOLE][:, np.newaxis], photometric=photometric), **options)
        np.testing.assert_allclose(picture.pixels[~HOLE], seen.pixels[:, 0], atol=1e-6)
        assert [line for line in picture.info.warnings if "values" in line] == []
        assert f"{HOLE.sum()} of {HOLE.size} pixels have its nodata value" in picture.info.warnings[0]


@pytest.mark.parametrize(("pixels", "text"), [(RAMP, "-9999"), (RAMP, "256"), (RAMP, "nan"), (RAMP16, "0.5")])
def test_no_data_that_no_pixel_can_be(pixels: np.ndarray, text: str) -> None:
    picture = read_nir(nodata(pixels, text))
    np.testing.assert_allclose(picture.pixels, pixels / np.iinfo(pixels.dtype).max, atol=1e-7)
    assert picture.alpha is None
    assert picture.info.warnings == ()


def test_no_data_that_is_no_number_is_told() -> None:
    picture = read_nir(nodata(RAMP, "none at all"))
    assert picture.alpha is None
    assert picture.info.warnings == ("its nodata value 'none at all' is no number: all pixels count as picture",)


def test_no_data_turns_with_the_picture_and_joins_its_transparency() -> None:
    alpha = np.full(RAMP.shape, 128, np.uint8)
    pixels = np.dstack([np.where(HOLE, 0, np.maximum(RAMP, 1)).astype(np.uint8), alpha])
    tags = [(42113, 2, 0, "0", True), (274, 3, 1, 6, True)]
    data = tiff(pixels, photometric="minisblack", extrasamples=["unassalpha"], extratags=tags)
    picture = read_nir(data)
    np.testing.assert_allclose(picture.alpha, np.rot90(np.where(HOLE, 0, 128 / 255), -1), atol=1e-6)


def test_no_data_in_three_equal_channels_and_in_one_of_several_bands() -> None:
    plane = np.where(HOLE, 255, np.minimum(RAMP, 254)).astype(np.uint8)
    for data, band in (
        (nodata(rgb(plane), "255", photometric="rgb"), None),
        (nodata(np.dstack([RAMP, plane]), "255", photometric="minisblack", planarconfig="contig"), 2),
    ):
        np.testing.assert_array_equal(read_nir(data, band=band).alpha, np.where(HOLE, 0, 1))


def test_no_data_of_a_palette_is_an_index() -> None:
    indices = np.where(HOLE, 255, np.minimum(RAMP, 254)).astype(np.uint8)
    grey = np.tile(np.arange(256, dtype=np.uint16) * 257, (3, 1))
    grey[:, 255] = 0
    picture = read_nir(nodata(indices, "255", photometric="palette", colormap=grey))
    np.testing.assert_array_equal(picture.alpha, np.where(HOLE, 0, 1))
    np.testing.assert_allclose(picture.pixels, np.where(HOLE, 0, indices) / 255, atol=1e-6)


def test_holes_of_a_sparse_file_are_no_data_where_it_has_such_a_value() -> None:
    data = bytearray(nodata(RAMP16, "65535", tile=(16, 16)))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        for tag in (324, 325):
            found = file.pages[0].tags[tag]
            data[found.valueoffset : found.valueoffset + found.valuebytecount // found.count] = bytes(
                found.valuebytecount // found.count
            )
    picture = read_nir(bytes(data))
    assert picture.alpha is not None
    assert not picture.alpha[:16, :16].any()
    assert picture.alpha[16:].all()


def test_no_advice_leads_to_a_stretch_over_undeclared_no_data() -> None:
    picture = read_nir(tiff(np.where(HOLE, -9999, RAMP_FLOAT).astype(np.float32)))
    (warning,) = picture.info.warnings
    assert "; if -9999 stands for no data say so first (gdal_edit.py -a_nodata -9999 FILE)" in warning
    assert "range=" not in warning  # all else lies within the range


def test_levels_and_no_data_of_a_colour_picture() -> None:
    colour = np.dstack([RAMP16 >> 4, RAMP16 >> 5, RAMP16 >> 6])
    picture = read_rgb(tiff(colour, photometric="rgb", extratags=levels((100, 100, 100), (4095, 4095, 4095))))
    np.testing.assert_allclose(picture.pixels, np.clip((colour - 100.0) / 3995, 0, 1), atol=1e-6)
    colour[HOLE] = 9
    told = read_rgb(nodata(colour, "9", photometric="rgb")).warnings
    assert told == ("its nodata value 9 is left out of account",)
