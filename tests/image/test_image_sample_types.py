"""Whatever type of number a file stores, black is 0, white is the largest value, no data is no picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from image_files import RAMP, RAMP16, RAMP_FLOAT, tiff
from tiff_files import nodata as tiff_nodata

from nircolor.errors import InputError
from nircolor.image import open_nir, read_nir, read_rgb
from nircolor.image.sample_types import sample_type
from nircolor.image.tiff import stored as tiff_stored

TYPES = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]
PEAKS = {"?": 1, "u1": 2**8 - 1, "i1": 2**7 - 1, "u2": 2**16 - 1, "i2": 2**15 - 1, "u4": 2**32 - 1, "i4": 2**31 - 1}
PEAKS |= {"u8": 2**32 - 1, "i8": 2**31 - 1, "f2": 1, "f4": 1, "f8": 1}
DEPTHS = {"?": "uint8", "u1": "uint8", "i1": "uint8", "f2": "float32", "f4": "float32", "f8": "float32"}
LOWEST, HIGHEST = -(2**31), 2**32 - 1  # what numbers of 64 bits may be


def blocks(code: str) -> st.SearchStrategy[np.ndarray]:
    dtype = np.dtype(code)
    elements = {"elements": st.integers(0 if code == "u8" else LOWEST, HIGHEST)} if code in ("u8", "i8") else {}
    return npst.arrays(dtype, npst.array_shapes(min_dims=2, max_dims=3, max_side=5), **elements)


@given(data=st.data(), code=st.sampled_from(TYPES), order=st.sampled_from("<>"))
def test_values_are_handed_on_as_they_are_from_0_up(data: st.DataObject, code: str, order: str) -> None:
    block = data.draw(blocks(code)).astype(np.dtype(code).newbyteorder(order))
    kind = sample_type(block.dtype)
    samples, clipped = kind.convert(block)
    assert samples.dtype == kind.handed
    assert samples.dtype in (np.uint8, np.uint16, np.float32)
    assert samples.shape == block.shape
    assert kind.peak == PEAKS[code]
    assert kind.depth == DEPTHS.get(code, "uint16")
    narrow = code in ("i1", "i2")
    assert clipped == (np.count_nonzero(block < 0) if narrow else 0)
    with np.errstate(over="ignore", invalid="ignore"):
        wanted = np.maximum(block, 0) if narrow else block
        np.testing.assert_array_equal(samples, wanted.astype(kind.handed))


@given(data=st.data(), code=st.sampled_from(TYPES))
def test_no_data_is_told_from_every_other_value(data: st.DataObject, code: str) -> None:
    block = data.draw(blocks(code))
    declared = data.draw(st.sampled_from(block.ravel().tolist()))
    kind = sample_type(block.dtype, declared=declared)
    assert kind.nodata is not None
    samples, clipped = kind.convert(block)
    gone = np.isnan(block) if declared != declared else block == declared
    found = np.isnan(samples) if np.isnan(kind.nodata) else samples == kind.nodata
    if code == "f8":  # beyond float32 several values are infinite
        assert (found >= gone).all()
    else:
        np.testing.assert_array_equal(found, gone)
    assert clipped == (np.count_nonzero((block < 0) & ~gone) if code in ("i1", "i2") else 0)
    if kind.recoded is not None:
        assert np.isnan(kind.nodata) or kind.nodata > kind.peak
    plain, _ = kind.convert(block, mask=True)  # transparency knows no such value
    np.testing.assert_array_equal(plain, sample_type(block.dtype).convert(block)[0])


@given(code=st.sampled_from([code for code in TYPES if code[0] in "?ui"]), declared=st.floats() | st.integers())
def test_no_data_that_no_sample_can_be_is_none(code: str, declared: float) -> None:
    dtype = np.dtype(code)
    low, high = (0, 1) if code == "?" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    possible = low <= declared <= high and declared == int(declared)
    assert (sample_type(dtype, declared=declared).nodata is not None) == possible


@given(code=st.sampled_from(TYPES), scale=st.floats(), offset=st.floats())
def test_a_reflectance_lies_within_its_type(code: str, scale: float, offset: float) -> None:
    kind = sample_type(np.dtype(code))
    ends = kind.reflectance(scale, offset)
    if ends is not None:
        black, white = ends
        assert 0 <= black < white
        assert white <= kind.peak or kind.stored.kind == "f"
        np.testing.assert_allclose(
            [scale * black + offset, scale * white + offset], [0, 1], atol=1e-6 * (1 + abs(offset))
        )


@pytest.mark.parametrize("code", ["c8", "c16", "S3", "M8[s]", "O"])
def test_other_types_are_refused_by_name(code: str) -> None:
    dtype = np.dtype(code)
    with pytest.raises(InputError, match=r"holds .* samples; convert it to uint8, uint16 or float32 first") as caught:
        sample_type(dtype)
    assert dtype.name in str(caught.value)


@pytest.mark.parametrize("value", [-(2**31) - 1, 2**32, 2**63 - 1])
def test_64_bits_that_are_needed_are_refused_by_name(value: int) -> None:
    block = np.array([[0, 1, value]], np.int64)
    with pytest.raises(InputError, match="holds int64 samples that need more than 32 bits; convert it to float32"):
        sample_type(block.dtype).convert(block)
    samples, _ = sample_type(block.dtype, declared=value).convert(block)  # but not where it stands for no data
    np.testing.assert_array_equal(samples, [[0, 1, np.nan]])


# --- files ------------------------------------------------------------------------------------------------------------

CASES = {
    "int8": (RAMP >> 1).astype(np.int8),
    "int16": (RAMP16 >> 1).astype(np.int16),
    "int32": (RAMP16.astype(np.int32) << 15),
    "uint32": (RAMP16.astype(np.uint32) << 16),
    "int64": (RAMP16.astype(np.int64) << 15),
    "uint64": (RAMP16.astype(np.uint64) << 16),
}
NO_DATA = {"int8": -128, "int16": -9999, "int32": -(2**31), "uint32": 2**32 - 1, "int64": -(2**63), "uint64": 2**64 - 1}
LAYOUTS = [{}, {"compression": "zlib", "tile": (16, 16)}, {"byteorder": ">", "rowsperstrip": 7}]


@pytest.mark.parametrize("layout", LAYOUTS, ids=["plain", "tiles", "big-endian"])
@pytest.mark.parametrize("name", CASES)
def test_files_of_every_type_and_their_no_data(name: str, layout: dict[str, object]) -> None:
    pixels = CASES[name].copy()
    peak = sample_type(pixels.dtype).peak
    picture = read_nir(tiff(pixels, photometric="minisblack", **layout))
    np.testing.assert_allclose(picture.pixels, pixels / peak, atol=1e-6)
    assert picture.info.dtype == ("uint8" if name == "int8" else "uint16")
    assert picture.info.warnings == ()
    pixels[5:9, 7:30] = NO_DATA[name]
    holed = read_nir(tiff_nodata(pixels, str(NO_DATA[name]), photometric="minisblack", **layout), equalize=True)
    gone = np.zeros(pixels.shape, bool)
    gone[5:9, 7:30] = True
    np.testing.assert_array_equal(holed.alpha == 0, gone)
    assert not holed.pixels[gone].any()
    assert holed.info.warnings == (
        f"{gone.sum()} of {gone.size} pixels have its nodata value, {NO_DATA[name]:g}: they count for nothing and are "
        "transparent",
    )


def test_values_below_0_are_counted_but_for_no_data() -> None:
    pixels = np.array([[-5, -9999, 0, 100, 32767, -1]], np.int16)
    picture = read_nir(tiff_nodata(pixels, "-9999", photometric="minisblack"))
    np.testing.assert_allclose(picture.pixels, [[0, 0, 0, 100 / 32767, 1, 0]], atol=1e-7)
    assert picture.info.warnings[0] == "2 of its int16 values are below 0 and became 0"
    wide = read_nir(tiff(pixels.astype(np.int32) << 16, photometric="minisblack"))
    assert "3 of 6 values lie outside [0, 2.14748e+09] and were clipped" in wide.info.warnings[0]


def test_windows_count_each_value_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff_stored, "_KEPT", 0)  # tiles are decoded again and again
    pixels = np.where(RAMP16 < 9000, -3, CASES["int16"]).astype(np.int16)
    data = tiff(pixels, photometric="minisblack", tile=(16, 16))
    with open_nir(data) as windows:
        for top in (0, 5, 10, 0):
            part = windows[top : top + 20, 3:40]
            np.testing.assert_allclose(part, np.maximum(pixels, 0)[top : top + 20, 3:40] / 32767, atol=1e-6)
        assert windows.info.warnings == (
            f"{np.count_nonzero(pixels < 0)} of its int16 values are below 0 and became 0",
        )
        assert windows.info == read_nir(data).info


def test_64_bits_are_no_damage() -> None:
    data = tiff(np.where(RAMP > 150, np.int64(2**40), RAMP), photometric="minisblack", rowsperstrip=5)
    for damaged in ("refuse", "nodata"):
        with pytest.raises(InputError, match="holds int64 samples that need more than 32 bits; convert it to float32"):
            read_nir(data, damaged=damaged)


def test_a_dark_picture_of_32_bits_is_offered_a_range() -> None:
    (warning,) = read_nir(tiff((RAMP16 >> 4).astype(np.uint32), photometric="minisblack")).info.warnings
    assert "add `range=0,5000`, which suits all of a series alike" in warning


@pytest.mark.parametrize("bits", [20, 24])
def test_packed_samples_of_more_than_16_bits(bits: int) -> None:
    pixels = RAMP16.astype(np.uint32) << (bits - 16)
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, photometric="minisblack", bitspersample=bits)
    picture = read_nir(stream.getvalue())
    np.testing.assert_allclose(picture.pixels, pixels / (2**bits - 1), atol=1e-6)
    assert picture.info.dtype == "uint16"


def test_transparency_of_signed_numbers_and_no_data_that_it_may_be() -> None:
    alpha = np.where(RAMP16 > 30_000, 32767, 0).astype(np.int16)
    pixels = np.dstack([CASES["int16"] | 1, alpha])
    tags = [(42113, 2, 0, "0", True)]
    picture = read_nir(tiff(pixels, photometric="minisblack", extrasamples=["unassalpha"], extratags=tags))
    np.testing.assert_array_equal(picture.alpha, alpha / 32767)


def test_no_data_of_a_colour_picture_becomes_black() -> None:
    colour = np.dstack([CASES["int16"], CASES["int16"][::-1], CASES["int16"] // 2])
    colour[4, 4] = -9999
    picture = read_rgb(tiff_nodata(colour, "-9999", photometric="rgb"))
    np.testing.assert_allclose(picture.pixels, np.maximum(colour, 0) / 32767, atol=1e-6)
    assert picture.warnings == ("its nodata value -9999 is left out of account",)


def test_kinds_that_no_library_reads_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="holds complex64 samples"):
        read_nir(tiff(RAMP_FLOAT.astype(np.complex64)))
    data = bytearray(tiff(CASES["int16"], photometric="minisblack"))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        place = file.pages.first.tags[258].valueoffset
    data[place : place + 2] = (12).to_bytes(2, "little")
    with pytest.raises(InputError, match="has 12 bits a sample of the kind INT, which is not supported"):
        read_nir(bytes(data))
