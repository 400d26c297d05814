"""JPEG XL in and out."""

from __future__ import annotations

import io

import imagecodecs
import numpy as np
import pytest
from format_files import SMOOTH, SMOOTH16, jxl
from image_files import exif_bytes, rgb

from nircolor.errors import InputError
from nircolor.image import ImageInfo, read_nir, write_rgb
from nircolor.image.codecs.jxl_header import read_header
from nircolor.image.tone.icc import _encode

COLOUR = np.random.default_rng(0).random((21, 34, 3), np.float32)
FLOATS = (SMOOTH16 / 65535).astype(np.float32)


def written(depth: int, info: ImageInfo | None = None, alpha: np.ndarray | None = None) -> bytes:
    stream = io.BytesIO()
    write_rgb(stream, COLOUR, info, depth=depth, format="jxl", alpha=alpha)
    return stream.getvalue()


@pytest.mark.parametrize("pixels", [SMOOTH, rgb(SMOOTH)], ids=["grey", "rgb"])
@pytest.mark.parametrize("options", [{}, {"usecontainer": True}, {"lossless": False, "distance": 0.3}], ids=str)
def test_8_bits(pixels: np.ndarray, options: dict) -> None:
    picture = read_nir(jxl(pixels, **options))
    assert (picture.info.format, picture.info.dtype, picture.info.warnings) == ("JXL", "uint8", ())
    assert np.abs(picture.pixels - SMOOTH / 255).max() < (2.1 / 255 if "distance" in options else 1e-6)


@pytest.mark.parametrize(
    ("pixels", "bits", "light"),
    [
        (SMOOTH16, None, SMOOTH16 / 65535),
        (SMOOTH16 >> 4, 12, (SMOOTH16 >> 4) / 4095),
        (FLOATS, None, FLOATS),
        (FLOATS.astype(np.float16), None, FLOATS),
    ],
    ids=["16", "12", "float", "half"],
)
def test_what_is_marked_as_linear_is_read_so(pixels: np.ndarray, bits: int | None, light: np.ndarray) -> None:
    data = jxl(pixels, bitspersample=bits)  # imagecodecs marks all but 8 bits as linear
    assert read_header(data[data.index(b"\xff\x0a") :]).space == (1, 8)
    picture = read_nir(data)
    assert picture.info.dtype == ("uint16" if pixels.dtype == np.uint16 else "float32")
    assert picture.info.bits == bits
    assert np.abs(picture.pixels - _encode(light)).max() < 2e-3  # half floats have 11 bits


def test_alpha_is_kept_as_a_mask() -> None:
    for pixels in (np.dstack([SMOOTH, SMOOTH[::-1]]), np.dstack([rgb(SMOOTH), SMOOTH[::-1]])):
        picture = read_nir(jxl(pixels))
        assert picture.alpha is not None
        np.testing.assert_allclose(picture.pixels, SMOOTH / 255, atol=1e-6)
        np.testing.assert_allclose(picture.alpha, SMOOTH[::-1] / 255, atol=1e-6)


def test_an_animation_is_refused() -> None:
    data = bytes(imagecodecs.jpegxl_encode(np.stack([rgb(SMOOTH)] * 3), photometric="rgb"))
    with pytest.raises(InputError, match="is an animated JPEG XL; extract one picture first"):
        read_nir(data)


def test_a_size_above_the_limit_is_refused_before_it_is_decoded() -> None:
    bits = "0" + "11" + f"{99_999:030b}"[::-1] + "001"[::-1]  # large; height, 30 bits; ratio 1: as wide
    data = b"\xff\x0a" + int((bits + "1" * 40)[::-1], 2).to_bytes(16, "little")
    with pytest.raises(InputError, match=r"is 100000 x 100000 pixels .* above the limit"):
        read_nir(data)


@pytest.mark.parametrize(("depth", "dtype"), [(8, np.uint8), (16, np.uint16)])
@pytest.mark.parametrize("alpha", [None, COLOUR[:, :, 0].copy()], ids=["opaque", "alpha"])
@pytest.mark.parametrize("exif", [None, exif_bytes()], ids=["bare", "exif"])
def test_outputs_are_lossless_and_marked_as_srgb(
    depth: int, dtype: type, alpha: np.ndarray | None, exif: bytes | None
) -> None:
    data = written(depth, ImageInfo("JXL", "uint8", exif=exif), alpha)
    stored = imagecodecs.jpegxl_decode(data)
    assert stored.dtype == dtype
    assert np.abs(stored[:, :, :3] / np.iinfo(dtype).max - COLOUR).max() <= 0.51 / np.iinfo(dtype).max
    assert read_header(data[data.index(b"\xff\x0a") :]).space == (1, 13)
    read = read_nir(data, grey=True)
    assert read.info.exif == exif
    assert (read.alpha is not None) == (alpha is not None)


def test_an_orientation_of_the_codestream_counts_and_that_of_exif_does_not() -> None:
    data = bytearray(written(8, ImageInfo("JXL", "uint8", exif=exif_bytes())))
    place = data.index(b"MM\0*")
    tags = data[place:].index(b"\x01\x12\x00\x03\x00\x00\x00\x01")
    data[place + tags + 8 : place + tags + 10] = b"\0\x06"  # the EXIF block of a careless writer
    assert read_nir(bytes(data), grey=True).pixels.shape == COLOUR.shape[:2]
