"""TIFF as it comes from instruments: depths, tags, layouts, pages."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import tifffile
from image_files import RAMP, RAMP16, RAMP_FLOAT, png, rgb, tiff, tiff_pages

from nircolor.errors import InputError
from nircolor.image import read_nir

LAYOUTS = [
    {},
    {"compression": "zlib", "predictor": True},
    {"compression": "lzw", "predictor": True},
    {"compression": "zstd"},
    {"compression": "packbits"},
    {"compression": "lzma"},
    {"tile": (16, 16)},
    {"tile": (64, 96), "compression": "zlib"},
    {"rowsperstrip": 5, "compression": "lzw"},
    {"bigtiff": True},
    {"byteorder": ">"},
]


@pytest.mark.parametrize("pixels", [RAMP, RAMP16, RAMP_FLOAT], ids=["uint8", "uint16", "float32"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_every_layout_gives_the_same_pixels(pixels: np.ndarray, layout: dict[str, object]) -> None:
    picture = read_nir(tiff(pixels, **layout))
    peak = 1 if pixels.dtype == np.float32 else np.iinfo(pixels.dtype).max
    np.testing.assert_allclose(picture.pixels, pixels / peak, atol=1e-7)
    assert picture.info.dtype == str(pixels.dtype)
    assert picture.info.warnings == ()


@pytest.mark.parametrize(
    ("written", "kept"), [(None, "none"), ("lzw", "lzw"), ("zlib", "deflate"), ("zstd", "deflate")]
)
def test_the_kind_of_compression_is_noted(written: str | None, kept: str) -> None:
    assert read_nir(tiff(RAMP, compression=written)).info.compression == kept


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_planar_layouts_give_the_right_band(planar: str) -> None:
    bands = np.stack([RAMP16, RAMP16[::-1], RAMP16[:, ::-1], RAMP16 // 2, RAMP16 // 3])
    stored = bands if planar == "separate" else np.moveaxis(bands, 0, 2)
    data = tiff(stored, photometric="minisblack", planarconfig=planar, compression="zlib", tile=(16, 16))
    for number, band in enumerate(bands):
        np.testing.assert_allclose(read_nir(data, band=number + 1).pixels, band / 65535, atol=1e-7)


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 15])
def test_significant_bits_named_by_max_sample_value(bits: int) -> None:
    pixels = RAMP16 >> (16 - bits)
    data = tiff(pixels, extratags=[(281, 3, 1, 2**bits - 1, True)])
    np.testing.assert_allclose(read_nir(data).pixels, pixels / (2**bits - 1), atol=1e-6)


def test_a_max_sample_value_that_is_only_the_largest_value_found_does_not_set_the_range() -> None:
    data = tiff(RAMP16 // 2, extratags=[(281, 3, 1, int(RAMP16.max() // 2), True)])
    np.testing.assert_allclose(read_nir(data).pixels, (RAMP16 // 2) / 65535, atol=1e-6)


def test_values_above_the_named_bits_are_clipped_and_counted() -> None:
    pixels = np.array([[0, 4095, 5000, 65535]], np.uint16)
    picture = read_nir(tiff(pixels, extratags=[(281, 3, 1, 4095, True)]))
    np.testing.assert_array_equal(picture.pixels, [[0, 1, 1, 1]])
    assert picture.info.warnings == ("2 values are above 4095, which the file gives as its largest; they were clipped",)


@pytest.mark.parametrize("bits", [2, 4, 10, 12, 14])
def test_packed_samples_use_their_own_range(bits: int) -> None:
    pixels = (RAMP16 >> (16 - bits)).astype(np.uint8 if bits < 8 else np.uint16)
    picture = read_nir(_packed(pixels, bits))
    np.testing.assert_allclose(picture.pixels, pixels / (2**bits - 1), atol=1e-6)
    assert picture.info.dtype == ("uint8" if bits < 8 else "uint16")


def _packed(pixels: np.ndarray, bits: int) -> bytes:
    """A TIFF of 2 to 14 bits a sample, rows starting on byte boundaries; tifffile does not write these."""
    rows = []
    for row in pixels:
        text = "".join(format(int(value), f"0{bits}b") for value in row)
        rows.append(int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big"))
    data = b"".join(rows)
    tags = [
        (256, pixels.shape[1]), (257, pixels.shape[0]), (258, bits), (259, 1), (262, 1),
        (273, 8), (277, 1), (278, pixels.shape[0]), (279, len(data)),
    ]  # fmt: skip
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    padding = len(data) % 2
    return (
        b"II*\0" + struct.pack("<I", 8 + len(data) + padding) + data + bytes(padding)
        + struct.pack("<H", len(tags)) + table + bytes(4)
    )  # fmt: skip


@pytest.mark.parametrize("pixels", [RAMP, RAMP16, RAMP > 128], ids=["8", "16", "1"])
def test_white_is_zero_is_inverted(pixels: np.ndarray) -> None:
    peak = 1 if pixels.dtype == bool else np.iinfo(pixels.dtype).max
    picture = read_nir(tiff(pixels, photometric="miniswhite"))
    np.testing.assert_allclose(picture.pixels, 1 - pixels.astype(float) / peak, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_floats_are_read_as_float32(dtype: type) -> None:
    picture = read_nir(tiff(RAMP_FLOAT.astype(dtype)))
    np.testing.assert_allclose(picture.pixels, RAMP_FLOAT, atol=1e-3)
    assert picture.info.dtype == "float32"


def test_nan_and_infinity_are_defined_and_counted() -> None:
    pixels = np.array([[np.nan, np.inf, -np.inf, 0.5, np.nan]], np.float32)
    picture = read_nir(tiff(pixels))
    np.testing.assert_array_equal(picture.pixels, [[0, 1, 0, 0.5, 0]])
    assert picture.info.warnings == (
        "2 values are NaN (became 0)",
        "1 values are infinite (became 1)",
        "1 values are minus infinite (became 0)",
    )


def test_floats_outside_the_range_are_clipped_with_advice() -> None:
    picture = read_nir(tiff(np.array([[-3, 0, 0.25, 1, 700]], np.float32)))
    np.testing.assert_array_equal(picture.pixels, [[0, 0, 0.25, 1, 1]])
    assert "2 of 5 values lie outside [0, 1]" in picture.info.warnings[0]
    assert "; `range=-3,700` takes in the whole of this picture" in picture.info.warnings[0]


def test_float64_beyond_float32_counts_as_infinite() -> None:
    picture = read_nir(tiff(np.array([[0.5, 1e300]], np.float64)))
    np.testing.assert_array_equal(picture.pixels, [[0.5, 1]])
    assert picture.info.warnings == ("1 values are infinite (became 1)",)


def test_pages_are_refused_until_one_is_chosen() -> None:
    data = tiff_pages(RAMP, RAMP[::-1], RAMP // 2)
    with pytest.raises(InputError, match="has 3 pages; choose one with `page=1` to 3"):
        read_nir(data)
    np.testing.assert_allclose(read_nir(data, page=3).pixels, (RAMP // 2) / 255, atol=1e-6)
    with pytest.raises(InputError, match=r"3 page\(s\), not 4"):
        read_nir(data, page=4)
    with pytest.raises(InputError, match="one page only, not 2"):
        read_nir(png(RAMP), page=2)


def test_overviews_are_no_pages() -> None:
    picture = read_nir(tiff_pages(RAMP, RAMP[::2, ::2], RAMP[::4, ::4], subfiletype=1))
    np.testing.assert_allclose(picture.pixels, RAMP / 255, atol=1e-6)


def test_holes_of_a_sparse_file_are_black() -> None:
    data = bytearray(tiff(RAMP, tile=(16, 16)))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tags = file.pages[0].tags
        for tag in (324, 325):  # first tile: offset 0 and no bytes, as GDAL writes SPARSE_OK
            start, size = tags[tag].valueoffset, tags[tag].valuebytecount // tags[tag].count
            data[start : start + size] = bytes(size)
    picture = read_nir(bytes(data))
    assert not picture.pixels[:16, :16].any()
    np.testing.assert_allclose(picture.pixels[16:], RAMP[16:] / 255, atol=1e-6)


def test_premultiplied_alpha_is_taken_back() -> None:
    alpha = np.tile(np.array([0, 51, 128, 255], np.uint8), (4, 1))
    stored = np.rint(200.0 * alpha / 255).astype(np.uint8)
    picture = read_nir(tiff(np.dstack([stored, alpha]), photometric="minisblack", extrasamples=["assocalpha"]))
    np.testing.assert_allclose(picture.pixels[:, 1:], 200 / 255, atol=3 / 255)
    assert not picture.pixels[:, 0].any()


def test_jpeg_in_tiff_is_close() -> None:
    smooth = np.sort(RAMP, axis=1)
    for pixels in (smooth, rgb(smooth)):
        data = tiff(pixels, compression="jpeg", compressionargs={"level": 95}, rowsperstrip=16)
        assert np.abs(read_nir(data).pixels - smooth / 255).max() < 6 / 255


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"photometric": "separated", "extrasamples": []}, "SEPARATED samples"),
        ({"photometric": "cfa"}, "is camera raw"),
        ({"compression": "png", "photometric": "rgb"}, "packed with PNG"),
    ],
)
def test_other_kinds_are_refused_by_name(options: dict[str, object], reason: str) -> None:
    pixels = np.dstack([RAMP] * 4) if options["photometric"] == "separated" else rgb(RAMP)
    pixels = RAMP if options["photometric"] == "cfa" else pixels
    with pytest.raises(InputError, match=reason):
        read_nir(tiff(pixels, **options))


def test_a_volume_is_refused() -> None:
    with pytest.raises(InputError, match="volume of several slices"):
        read_nir(tiff(np.stack([RAMP, RAMP]), volumetric=True, tile=(16, 16, 16), photometric="minisblack"))
