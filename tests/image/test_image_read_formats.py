"""Every format and depth gives back the values that were stored, scaled by the dtype."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import image_files as files
import numpy as np
import pytest
from image_files import RAMP, RAMP16, RAMP_FLOAT, pillow, png, rgb, tiff
from PIL import Image

from nircolor.errors import InputError, UsageError
from nircolor.image import read_nir

LOSSLESS = {
    "PNG": [png(RAMP), png(rgb(RAMP)), pillow("PNG", RAMP)],
    "BMP": [pillow("BMP", RAMP), pillow("BMP", rgb(RAMP))],
    "WEBP": [pillow("WEBP", rgb(RAMP), lossless=True)],
    "TIFF": [tiff(RAMP), tiff(rgb(RAMP), photometric="rgb"), tiff(RAMP, byteorder=">", tile=(32, 16))],
}


@pytest.mark.parametrize("format", LOSSLESS)
def test_8_bit_values_are_divided_by_255(format: str) -> None:
    for data in LOSSLESS[format]:
        picture = read_nir(data)
        assert picture.pixels.dtype == np.float32
        assert picture.alpha is None
        assert (picture.info.format, picture.info.dtype, picture.info.warnings) == (format, "uint8", ())
        np.testing.assert_array_equal(picture.pixels, RAMP.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("data", [png(RAMP16), png(rgb(RAMP16)), tiff(RAMP16), tiff(RAMP16, byteorder=">")])
def test_16_bit_values_are_divided_by_65535(data: bytes) -> None:
    picture = read_nir(data)
    assert picture.info.dtype == "uint16"
    np.testing.assert_allclose(picture.pixels, RAMP16 / 65535, rtol=0, atol=1e-7)


def test_a_dark_16_bit_picture_stays_dark() -> None:
    dark = (RAMP16 // 600).astype(np.uint16)  # all values fit into 8 bits: the trap of guessing the range
    assert read_nir(png(dark)).pixels.max() == pytest.approx(dark.max() / 65535)
    assert read_nir(tiff(dark)).pixels.max() == pytest.approx(dark.max() / 65535)


@pytest.mark.parametrize(("quality", "tolerance"), [(95, 4 / 255), (75, 12 / 255)])
@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
@pytest.mark.parametrize("pixels", [RAMP, rgb(RAMP)], ids=["grey", "rgb"])
def test_lossy_formats_are_close(format: str, pixels: np.ndarray, quality: int, tolerance: float) -> None:
    smooth = np.sort(pixels, axis=1)  # compression noise stays small without edges
    picture = read_nir(pillow(format, smooth, quality=quality))
    grey = smooth if smooth.ndim == 2 else smooth[:, :, 0]
    assert picture.info.format == format
    assert np.abs(picture.pixels - grey / 255).max() < tolerance


def test_small_chroma_noise_of_a_jpeg_is_read_as_luma_and_said() -> None:
    tinted = rgb(np.full((32, 32), 120, np.uint8))
    tinted[:, :, 2] += 5
    picture = read_nir(pillow("JPEG", tinted, quality=95))
    assert picture.info.warnings[0].startswith("its channels differ, but little")
    assert np.abs(picture.pixels - 120 / 255).max() < 2 / 255
    assert read_nir(png(tinted)).info.warnings == picture.info.warnings  # the same picture, saved without loss


@pytest.mark.parametrize(("format", "quality"), [("JPEG", 90), ("WEBP", 90), ("PNG", None), ("BMP", None)])
def test_a_colour_picture_is_refused_and_a_band_of_it_read(format: str, quality: int | None) -> None:
    colours = np.dstack([np.full((16, 16), value, np.uint8) for value in (200, 120, 40)])
    data = pillow(format, colours, **({"quality": quality} if quality else {}))
    with pytest.raises(InputError, match=r"three channels differ.*`band=1`, 2 or 3"):
        read_nir(data)
    for band, value in ((1, 200), (2, 120), (3, 40)):
        assert read_nir(data, band=band).pixels.mean() * 255 == pytest.approx(value, abs=4)


def test_bands_count_every_sample_from_one() -> None:
    bands = np.dstack([RAMP, RAMP[::-1], RAMP[:, ::-1], RAMP // 2])
    data = tiff(bands, photometric="rgb", extrasamples=["unspecified"], planarconfig="contig")
    for number in range(4):
        picture = read_nir(data, band=number + 1)
        np.testing.assert_allclose(picture.pixels, bands[:, :, number] / 255, atol=1e-6)
        assert picture.alpha is None
    with pytest.raises(InputError, match=r"has 4 bands; .*`band=1` to 4"):
        read_nir(data)
    with pytest.raises(InputError, match=r"no band 5; choose `band=1` to 4"):
        read_nir(data, band=5)


def test_an_alpha_channel_can_be_chosen_as_band_as_in_gdal() -> None:
    # four-band aerial pictures are often labelled RGBA although the fourth band is near-infrared
    bands = np.dstack([RAMP, RAMP[::-1], RAMP[:, ::-1], RAMP // 2])
    data = tiff(bands, photometric="rgb", extrasamples=["unassalpha"])
    picture = read_nir(data, band=4)
    np.testing.assert_allclose(picture.pixels, bands[:, :, 3] / 255, atol=1e-6)
    assert picture.alpha is None
    first = read_nir(data, band=1)
    assert first.alpha is not None
    np.testing.assert_allclose(first.alpha, bands[:, :, 3] / 255, atol=1e-6)


@pytest.mark.parametrize("option", [{"band": 0}, {"band": -1}, {"page": 0}])
def test_bands_and_pages_below_one_are_wrong_usage(option: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="count from 1"):
        read_nir(png(RAMP), **option)


@pytest.mark.parametrize(
    "data",
    [
        png(np.dstack([RAMP, RAMP.T.reshape(RAMP.shape)])),
        png(np.dstack([RAMP, RAMP, RAMP, RAMP.T.reshape(RAMP.shape)])),
        pillow("WEBP", np.dstack([RAMP, RAMP, RAMP, RAMP.T.reshape(RAMP.shape)]), lossless=True, exact=True),
        tiff(np.dstack([RAMP, RAMP.T.reshape(RAMP.shape)]), photometric="minisblack", extrasamples=["unassalpha"]),
    ],
    ids=["png grey", "png rgba", "webp", "tiff"],
)
def test_alpha_is_kept_as_a_mask(data: bytes) -> None:
    picture = read_nir(data)
    assert picture.alpha is not None
    np.testing.assert_allclose(picture.pixels, RAMP / 255, atol=1e-6)
    np.testing.assert_allclose(picture.alpha, RAMP.T.reshape(RAMP.shape) / 255, atol=1e-6)


def test_a_transparent_colour_of_a_png_becomes_a_mask() -> None:
    picture = read_nir(pillow("PNG", RAMP, transparency=int(RAMP[5, 5])))
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha == 0, RAMP[5, 5] == RAMP)


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF"])
def test_one_bit_is_black_and_white(format: str) -> None:
    picture = read_nir(pillow(format, RAMP > 128))
    np.testing.assert_array_equal(picture.pixels, (RAMP > 128).astype(np.float32))
    assert picture.info.dtype == "uint8"


def test_a_palette_is_read_where_it_is_grey_and_refused_where_it_is_not() -> None:
    indexed = Image.fromarray(RAMP % 4, "L").convert("P")
    greys = [level for value in (250, 10, 99, 33) for level in (value, value, value)]
    for format in ("PNG", "BMP", "TIFF"):
        indexed.putpalette(greys)
        picture = read_nir(_saved(indexed, format))
        np.testing.assert_allclose(picture.pixels, np.array([250, 10, 99, 33])[RAMP % 4] / 255, atol=1e-6)
        indexed.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 7, 7, 7])
        with pytest.raises(InputError, match="colour picture"):
            read_nir(_saved(indexed, format))
        red = read_nir(_saved(indexed, format), band=1)
        assert set(np.unique(np.rint(red.pixels * 255))) == {0, 7, 255}


def _saved(image: Image.Image, format: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format)
    return stream.getvalue()


def test_an_interlaced_16_bit_png_is_read_silently(capfd: pytest.CaptureFixture[str]) -> None:
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b"".join(
        b"\0" + row.astype(">u2").tobytes()
        for top, left, down, right in passes
        for row in RAMP16[top::down, left::right]
    )

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", files.WIDTH, files.HEIGHT, 16, 0, 0, 0, 1)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    np.testing.assert_allclose(read_nir(data).pixels, RAMP16 / 65535, atol=1e-7)
    assert capfd.readouterr() == ("", "")


def test_the_content_decides_not_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "wrong.jpg"
    path.write_bytes(tiff(RAMP_FLOAT))
    assert read_nir(path).info.format == "TIFF"


def test_the_first_picture_of_a_jpeg_with_several_is_read() -> None:
    stream = io.BytesIO()  # what many phones and stereo cameras write
    first, second = (Image.fromarray(np.sort(RAMP, axis=axis)) for axis in (1, 0))
    first.save(stream, "MPO", save_all=True, append_images=[second], quality=95)
    picture = read_nir(stream.getvalue())
    assert picture.info.format == "JPEG"
    assert np.abs(picture.pixels - np.sort(RAMP, axis=1) / 255).max() < 4 / 255


def test_names_may_have_spaces_and_any_letters(tmp_path: Path) -> None:
    for name in ("near infrared.png", "nächtlich 夜.png", "-leading.png", "ünïcödé\u202e.png"):
        path = tmp_path / name
        path.write_bytes(png(RAMP))
        assert read_nir(path).pixels.shape == RAMP.shape
        assert read_nir(str(path)).pixels.shape == RAMP.shape


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1)])
@pytest.mark.parametrize("format", ["PNG", "BMP", "WEBP", "JPEG", "TIFF"])
def test_the_smallest_pictures(format: str, shape: tuple[int, int]) -> None:
    picture = read_nir(pillow(format, np.full(shape, 77, np.uint8)))
    assert picture.pixels.shape == shape
    assert np.abs(picture.pixels - 77 / 255).max() <= 1 / 255
