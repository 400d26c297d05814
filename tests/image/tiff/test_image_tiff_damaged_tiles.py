"""Strips and tiles of a TIFF that cannot be decoded: the place is named, or they become pixels without data."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tifffile
from image_files import RAMP, RAMP16, RAMP_FLOAT, png, tiff

from nircolor.errors import InputError
from nircolor.image import open_nir, read_nir
from nircolor.image.tiff import stored as tiff_stored
from nircolor.image.tone import histogram


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A survey of a small picture ends before it comes to the damage."""
    monkeypatch.setattr(histogram, "_BLOCK", 100)


def spoilt(number: int, pixels: np.ndarray = RAMP16, **layout: Any) -> bytes:
    """A TIFF one strip or tile of which is overwritten."""
    data = bytearray(tiff(pixels, compression="zlib", **layout))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        start, count = page.dataoffsets[number], page.databytecounts[number]
    data[start : start + count] = b"\xa5" * count
    return bytes(data)


@pytest.mark.parametrize(
    ("layout", "place"),
    [({"tile": (16, 16)}, "its tile at row 16, column 16 "), ({"rowsperstrip": 8}, "its strip at row 40, column 0 ")],
    ids=["tile", "strip"],
)
def test_damage_in_the_middle_names_its_place(layout: Any, place: str) -> None:
    pixels = np.tile(RAMP16, (2, 1))
    with pytest.raises(InputError, match=place) as caught:
        read_nir(spoilt(5, pixels, **layout))
    assert "`damaged=nodata`" in str(caught.value)
    with open_nir(spoilt(5, pixels, **layout)) as windows:
        np.testing.assert_array_equal(windows[:10, :10], pixels[:10, :10] / np.float32(65535))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("equalize", [False, True])
def test_damaged_tiles_become_no_data(kind: type, equalize: bool) -> None:
    pixels = (RAMP_FLOAT if kind is np.float32 else RAMP16 // 257 if kind is np.uint8 else RAMP16).astype(kind)
    hole = np.zeros(pixels.shape, bool)
    hole[16:32, 16:32] = True
    declared = tiff(
        np.where(hole, kind(77), np.where(pixels == 77, kind(78), pixels)),
        tile=(16, 16),
        extratags=[(42113, 2, 0, "77", True)],
    )
    damaged = spoilt(5, np.where(pixels == 77, kind(78), pixels), tile=(16, 16))
    with open_nir(damaged, damaged="nodata", equalize=equalize) as windows:
        expected = read_nir(declared, equalize=equalize)
        np.testing.assert_array_equal(windows[:, :], expected.pixels)
        np.testing.assert_array_equal(windows.alpha(slice(None), slice(None)), expected.alpha)
        told = windows.info.warnings
    assert len([text for text in told if "became no data" in text]) == 1
    assert told[0].startswith("1 of its 12 strips or tiles became no data, the first at row 16, column 16 (")


@pytest.mark.parametrize("processors", [1, 3])
def test_one_line_counts_the_damage(processors: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff_stored, "_processors", lambda: processors)
    data = bytearray(spoilt(5, tile=(16, 16)))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        start = file.pages.first.dataoffsets[2]
    data[start : start + 8] = b"\xa5" * 8
    (text, *_) = read_nir(bytes(data), damaged="nodata").info.warnings
    with pytest.raises(InputError, match="its tile at row 0, column 32 "):  # the first of them
        read_nir(bytes(data))
    assert text.startswith("2 of its 12 strips or tiles became no data, the first at row 0, column 32 (")


def test_what_is_beyond_the_end_is_no_data_too() -> None:
    plain = tiff(RAMP16, tile=(16, 16), metadata=None)
    with pytest.raises(InputError, match="beyond its end"):
        read_nir(plain[:-300])
    picture = read_nir(plain[:-300], damaged="nodata")
    assert "row 32, column 48 (it lies beyond the end of the file)" in picture.info.warnings[0]
    assert picture.alpha is not None
    assert not picture.alpha[32:, 48:].any()
    assert picture.alpha[:32].all()


def test_nothing_but_damage_is_refused() -> None:
    with pytest.raises(InputError, match="nothing of it can be decoded"):
        read_nir(spoilt(0, rowsperstrip=100), damaged="nodata")


def test_undamaged_files_are_read_as_ever() -> None:
    for data in (tiff(RAMP), png(RAMP), tiff(RAMP_FLOAT, tile=(16, 16))):
        plain, tolerant = read_nir(data), read_nir(data, damaged="nodata")
        np.testing.assert_array_equal(plain.pixels, tolerant.pixels)
        assert (tolerant.alpha, tolerant.info) == (None, plain.info)


def test_no_data_everywhere() -> None:
    picture = read_nir(tiff(np.zeros((20, 30), np.uint16), tile=(16, 16), extratags=[(42113, 2, 0, "0", True)]))
    assert picture.info.warnings[0].startswith("600 of 600 pixels have its nodata value, 0")
    assert picture.alpha is not None
    assert not picture.alpha.any()
