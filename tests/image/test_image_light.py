"""What is proportional to light: OpenEXR and camera raw, both read under a linear profile."""

from __future__ import annotations

import importlib.util
import struct

import numpy as np
import pytest
from format_files import BLACK, SMOOTH16, WHITE, dng, exr

from nircolor.errors import InputError
from nircolor.image import plan_output, read_nir, read_rgb
from nircolor.image.metadata import exif
from nircolor.image.tone.icc import _encode

with_exr = pytest.mark.skipif(importlib.util.find_spec("OpenEXR") is None, reason="OpenEXR is not installed")
with_raw = pytest.mark.skipif(importlib.util.find_spec("rawpy") is None, reason="rawpy is not installed")
LIGHT = (SMOOTH16 / 65535).astype(np.float32)
ONES = np.ones_like(LIGHT)


@with_exr
@pytest.mark.parametrize(
    "channels",
    [
        {"Y": LIGHT},
        {"Y": LIGHT.astype(np.float16)},
        {"RGB": np.dstack([LIGHT] * 3)},
        {"R": LIGHT, "G": LIGHT, "B": LIGHT},
        {"nir": LIGHT},
    ],
    ids=["Y", "half", "RGB", "R G B", "a name"],
)
def test_exr_is_shown_as_srgb(channels: dict[str, np.ndarray]) -> None:
    picture = read_nir(exr(channels))
    assert (picture.info.format, picture.info.dtype, picture.info.warnings) == ("EXR", "float32", ())
    assert np.abs(picture.pixels - _encode(LIGHT)).max() < 2e-3
    assert plan_output(None, picture.info).format == "TIFF"


@with_exr
def test_bands_of_an_exr_are_named() -> None:
    data = exr({"RGBA": np.dstack([LIGHT, LIGHT, LIGHT, ONES / 2]), "nir": LIGHT[::-1].copy(), "Z": ONES.astype("u4")})
    with pytest.raises(InputError) as caught:
        read_nir(data)
    assert "has 5 bands (1 is 'R', 2 is 'G', 3 is 'B', 4 is 'A', 5 is 'Z', 6 is 'nir')" in str(caught.value)
    assert np.abs(read_nir(data, band=6).pixels - _encode(LIGHT[::-1] * 2).clip(0, 1)).max() < 2e-3  # less its alpha


@with_exr
def test_whole_numbers_of_an_exr() -> None:
    whole = SMOOTH16.astype(np.uint32) << 16
    picture = read_nir(exr({"Y": whole}))
    assert np.abs(picture.pixels - _encode(whole / (2**32 - 1))).max() < 2e-3
    assert picture.info.dtype == "uint16"
    masked = read_nir(exr({"Y": whole, "A": ONES}))
    assert masked.alpha is not None
    assert masked.alpha.min() == 1
    assert np.abs(masked.pixels - picture.pixels).max() < 1e-6
    with pytest.raises(InputError, match="holds float32 and uint32 samples in one picture; choose one band"):
        read_nir(exr({"R": LIGHT, "G": LIGHT, "B": whole}))


@with_exr
def test_damage_of_an_exr_is_refused() -> None:
    data = exr({"Y": LIGHT})
    window = data.index(b"dataWindow\0box2i\0") + 21
    for patch, place, reason in (
        (struct.pack("<4i", 0, 0, 99_999, 99_999), window, "is 100000 x 100000 pixels .* above the limit"),
        (struct.pack("<4i", 5, 5, 0, 0), window, "is empty"),
        (b"dataWindoX", window - 21, "no header that makes sense"),
        (b"\x02\x10", 4, "of several parts, or a deep one"),
        (b"\xff" * 30, len(data) - 40, "is damaged"),
    ):
        with pytest.raises(InputError, match=reason):
            read_nir(data[:place] + patch + data[place + len(patch) :])


# --- camera raw -------------------------------------------------------------------------------------------------------

MOSAIC = np.tile(SMOOTH16 >> 4, (2, 2))[:64, :96].copy()
FLAT = np.full((64, 96), BLACK, np.uint16)


@with_raw
def test_raw_is_the_mean_of_the_channels_and_linear() -> None:
    flat = FLAT.copy()
    for row, column, value in ((0, 0, 400), (0, 1, 800), (1, 0, 800), (1, 1, 1200)):
        flat[row::2, column::2] += value
    picture = read_nir(dng(flat))
    light = (400 + 800 + 1200) / 3 / (WHITE - BLACK)
    assert (picture.info.format, picture.info.dtype) == ("RAW", "uint16")
    assert np.abs(picture.pixels - _encode(np.float64(light))).max() < 1e-3
    assert [text for text in picture.info.warnings if "camera was converted" in text]
    planned = plan_output(None, picture.info)
    assert (planned.format, planned.depth) == ("TIFF", 16)


@with_raw
@pytest.mark.parametrize("level", [BLACK, 300, 2000, WHITE])
def test_black_and_white_are_those_of_the_sensor(level: int) -> None:
    picture = read_nir(dng(np.full((64, 96), level, np.uint16)))
    assert np.abs(picture.pixels - _encode(np.float64((level - BLACK) / (WHITE - BLACK)))).max() < 1e-3


@with_raw
def test_raw_of_the_whole_size_turned_once_with_its_exif() -> None:
    picture = read_nir(dng(MOSAIC, extratags=[(271, 2, 0, "Maker", True), (274, 3, 1, 6, True)]))
    assert picture.pixels.shape == (96, 64)
    assert picture.info.exif is not None
    assert b"Maker" in picture.info.exif
    assert exif.tidy(picture.info.exif).orientation == 1
    assert read_rgb(dng(MOSAIC)).pixels.shape == (64, 96, 3)


@with_raw
def test_raw_that_cannot_be_read_is_refused() -> None:
    data = dng(MOSAIC)
    for broken in (data[: len(data) // 2], b"FUJIFILMCCD-RAW 0201" + bytes(200), b"II*\0\x10\0\0\0CR\2\0" + bytes(90)):
        with pytest.raises(InputError, match=r"is camera raw that cannot be read \(.*\); develop it to TIFF first, or"):
            read_nir(broken)
    with pytest.raises(InputError, match="has one band only, not 2"):
        read_nir(data, band=2)
