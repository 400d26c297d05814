"""LZW codes that stand for nothing are found before a decoder follows them."""

from __future__ import annotations

import io

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import RAMP16, tiff

from nircolor.errors import InputError
from nircolor.image import read_nir
from nircolor.image.tiff.lzw import check_lzw


def packed(codes: list[int], old: bool = False) -> bytes:
    """Codes of 9 bits as TIFF has them, or with the lowest bit first."""
    number = sum(code << (9 * place) for place, code in enumerate(codes if old else codes[::-1]))
    size = -(-9 * len(codes) // 8)
    return number.to_bytes(size, "little") if old else (number << (8 * size - 9 * len(codes))).to_bytes(size, "big")


@settings(deadline=None, max_examples=80)
@given(st.integers(1, 20_000), st.integers(2, 256), st.integers(0, 9))
def test_whole_data_makes_sense(size: int, values: int, seed: int) -> None:
    data = np.random.default_rng(seed).integers(0, values, size).astype(np.uint8).tobytes()
    check_lzw(imagecodecs.lzw_encode(data))


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    "codes", [[256, 258], [256, 300, 65, 66], [256, 65, 260], [256, 65, 258, 256, 259, 257]], ids=str
)
def test_codes_that_stand_for_nothing(codes: list[int], old: bool) -> None:
    with pytest.raises(InputError, match="LZW codes that stand for nothing"):
        check_lzw(packed(codes, old))


@pytest.mark.parametrize("old", [False, True])
def test_codes_that_are_new_or_known(old: bool) -> None:
    for codes in ([256, 65, 258, 258, 257], [256, 256, 65, 66, 258, 257], [256, 65], [256, 257, 300]):
        check_lzw(packed(codes, old))
    check_lzw(b"")


def test_a_spoilt_tile_is_refused() -> None:
    data = bytearray(tiff(RAMP16, compression="lzw", tile=(16, 16)))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        start = int(file.pages.first.dataoffsets[0])
    data[start : start + 3] = packed([256, 300])
    with pytest.raises(InputError, match=r"its tile at row 0, column 0 \(it has LZW codes that stand for nothing\)"):
        read_nir(bytes(data))
