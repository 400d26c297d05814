"""Colour pictures of every format, read for measuring: exact values, depths, orientation, and bad input."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from image_files import RAMP, RAMP16, exif, pillow, png, rgb, samples, tiff

from nircolor.errors import InputError
from nircolor.image import read_rgb

COLOUR = np.dstack([RAMP, RAMP[::-1], RAMP[:, ::-1]])
COLOUR16 = np.dstack([RAMP16, RAMP16[::-1], RAMP16[:, ::-1]])


@pytest.mark.parametrize(
    ("data", "expected", "dtype"),
    [
        (png(COLOUR), COLOUR / 255, "uint8"),
        (png(COLOUR16), COLOUR16 / 65535, "uint16"),
        (tiff(COLOUR16, photometric="rgb", compression="zlib"), COLOUR16 / 65535, "uint16"),
        (tiff((COLOUR16 / 65535).astype(np.float32), photometric="rgb"), COLOUR16 / 65535, "float32"),
        (tiff(np.moveaxis(COLOUR, 2, 0), photometric="rgb", planarconfig="separate"), COLOUR / 255, "uint8"),
        (pillow("BMP", COLOUR), COLOUR / 255, "uint8"),
        (bytes(imagecodecs.webp_encode(COLOUR, lossless=True)), COLOUR / 255, "uint8"),
        (pillow("PNG", RAMP), rgb(RAMP) / 255, "uint8"),
    ],
    ids=["png8", "png16", "tiff16", "tiff float", "tiff planar", "bmp", "webp", "grey"],
)
def test_values_are_exact(data: bytes, expected: np.ndarray, dtype: str) -> None:
    picture = read_rgb(data)
    assert (picture.pixels.dtype, picture.dtype, picture.warnings) == (np.float32, dtype, ())
    np.testing.assert_allclose(picture.pixels, expected, atol=1e-7)


def test_jpeg_is_near_and_turned_upright() -> None:
    smooth = np.dstack([np.linspace(0, 255, 64 * 48).reshape(48, 64)] * 3).astype(np.uint8)
    smooth[..., 2] //= 2
    picture = read_rgb(pillow("JPEG", smooth, quality=98, subsampling=0, exif=exif(6)))
    assert picture.pixels.shape == (64, 48, 3)
    np.testing.assert_allclose(picture.pixels, np.rot90(smooth, -1) / 255, atol=0.03)


def test_transparency_is_left_out_with_a_warning() -> None:
    picture = read_rgb(png(np.dstack([COLOUR, RAMP])))
    np.testing.assert_allclose(picture.pixels, COLOUR / 255, atol=1e-7)
    assert picture.warnings == ("transparency is left out of account",)


def test_every_kind_of_file_that_is_read_as_nir_is_read_as_colour_too() -> None:
    for name, data in samples().items():
        picture = read_rgb(data)
        assert picture.pixels.ndim == 3, name
        assert picture.pixels.shape[2] == 3, name


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "empty"), (b"text", "no picture"), (png(COLOUR)[:90], "damaged|truncated"), (tiff(COLOUR)[:900], "trunc")],
)
def test_bad_files_are_one_line_with_their_path(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "bad.png"
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"bad\.png: .*({words})") as error:
        read_rgb(path)
    assert "\n" not in str(error.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.png: does not exist"):
        read_rgb(tmp_path / "gone.png")
    with pytest.raises(InputError, match="is a folder"):
        read_rgb(tmp_path)
