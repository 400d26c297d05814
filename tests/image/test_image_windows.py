"""Windows of a picture: equal to the whole to the bit, whatever the file is like and however it is cut."""

from __future__ import annotations

import io
import itertools
import logging
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import GREY_PROFILE, RAMP, RAMP16, RAMP_FLOAT, exif, pillow, png, rgb, tiff

from nircolor.errors import InputError, UsageError
from nircolor.image import Stretch, open_nir, read_nir
from nircolor.image.tiff import stored as tiff_stored
from nircolor.image.tone import histogram
from nircolor.image.tone.find import to_unit

STRETCHES = st.sampled_from(
    [Stretch(), Stretch("minmax"), Stretch("percentile"), Stretch("percentile", 20, 60), Stretch.between(0.1, 0.7)]
)
LAYOUTS = st.sampled_from(
    [
        {"rowsperstrip": 1},
        {"rowsperstrip": 7, "compression": "zlib", "predictor": 2},
        {"rowsperstrip": 1000},
        {"tile": (16, 32), "compression": "lzw"},
        {"tile": (64, 16)},
        {"tile": (128, 128), "compression": "zstd"},
    ]
)
relaxed = settings(deadline=None, max_examples=60)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Surveys of small pictures take several steps too, and nothing is kept that need not be."""
    monkeypatch.setattr(histogram, "_BLOCK", 100)
    monkeypatch.setattr(tiff_stored, "_KEPT", 0)


@st.composite
def pictures(draw: st.DrawFn) -> tuple[bytes, dict[str, Any]]:
    """A TIFF, and how it is read: types, bands, transparency, nodata, white or black as zero, all mixed."""
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    dtype, bands = draw(st.sampled_from(["uint8", "uint16", "float32"])), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    top = {"uint8": 256, "uint16": draw(st.sampled_from([4096, 65536])), "float32": 1}[dtype]
    pixels = (rng.random((height, width, bands)) * top * draw(st.sampled_from([1, 1, 0.1]))).astype(dtype)
    if bands >= 3 and draw(st.booleans()):
        pixels[..., 1:3] = pixels[..., :1]
    if dtype == "float32" and draw(st.booleans()):
        pixels[0, 0], pixels[-1, -1] = np.nan, 7
    options = dict(draw(LAYOUTS), photometric=draw(st.sampled_from(["minisblack", "miniswhite"])), metadata=None)
    if bands in (3, 4):
        options["photometric"] = "rgb"
    if bands in (2, 4):
        options["extrasamples"] = [draw(st.sampled_from(["assocalpha", "unassalpha"]))]
    if bands > 1 and draw(st.booleans()):
        options["planarconfig"], pixels = "separate", np.moveaxis(pixels, -1, 0)
    tags = [(274, 3, 1, draw(st.integers(1, 8)), True)]
    if draw(st.booleans()):
        tags.append((42113, 2, 0, draw(st.sampled_from(["0", "7", "nan", str(pixels.flat[0])])), True))
    if draw(st.booleans()):
        options["iccprofile"] = GREY_PROFILE
    if options.get("predictor") and dtype == "float32":
        options["predictor"] = 3
    data = tiff(np.squeeze(pixels, -1) if bands == 1 else pixels, extratags=tags, **options)
    how = {"stretch": draw(STRETCHES), "equalize": draw(st.booleans()), "grey": True}
    return data, how


def cuts(draw: st.DrawFn, length: int) -> list[slice]:
    """Windows that cover an axis; neighbours may overlap."""
    places = sorted({0, length, *draw(st.lists(st.integers(0, length), max_size=4))})
    over = draw(st.integers(0, 5))
    return [slice(max(0, start - over), stop) for start, stop in itertools.pairwise(places)]


@relaxed
@given(pictures(), st.data())
def test_windows_are_those_of_the_whole(picture: tuple[bytes, dict[str, Any]], data: st.DataObject) -> None:
    source, how = picture
    whole = read_nir(source, **how)
    with open_nir(source, **how) as windows:
        assert windows.shape == whole.pixels.shape
        assert windows.info == whole.info
        assert windows.has_alpha == (whole.alpha is not None)
        draw = st.composite(cuts)
        for rows in data.draw(draw(windows.shape[0])):
            for columns in data.draw(draw(windows.shape[1])):
                np.testing.assert_array_equal(windows[rows, columns], whole.pixels[rows, columns])
                alpha = windows.alpha(rows, columns)
                if whole.alpha is None:
                    assert alpha is None
                else:
                    np.testing.assert_array_equal(alpha, whole.alpha[rows, columns])


@relaxed
@given(pictures())
def test_the_steps_of_a_survey_change_nothing(picture: tuple[bytes, dict[str, Any]]) -> None:
    source, how = picture
    pieces = read_nir(source, **how)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(histogram, "_BLOCK", 1 << 20)
        at_once = read_nir(source, **how)
    np.testing.assert_array_equal(pieces.pixels, at_once.pixels)
    assert pieces.info == at_once.info


@pytest.mark.parametrize("stretch", [Stretch(), Stretch("minmax"), Stretch("percentile", 3, 80)], ids=str)
@pytest.mark.parametrize("equalize", [False, True])
@pytest.mark.parametrize("pixels", [RAMP, RAMP16, RAMP_FLOAT], ids=["uint8", "uint16", "float32"])
def test_pieces_are_toned_as_an_array_is(pixels: np.ndarray, stretch: Stretch, equalize: bool) -> None:
    peak = float(np.iinfo(pixels.dtype).max) if pixels.dtype.kind == "u" else 1.0
    expected, _ = to_unit(pixels, peak, False, stretch, equalize, None)
    with open_nir(tiff(pixels, tile=(16, 16), compression="zlib"), stretch=stretch, equalize=equalize) as windows:
        np.testing.assert_array_equal(windows[3:20, 5:40], expected[3:20, 5:40])


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_turned_pictures_of_other_formats(format: str, turn: int) -> None:
    data = pillow(format, rgb(RAMP), exif=exif(turn))
    whole = read_nir(data).pixels
    with open_nir(data) as windows:
        np.testing.assert_array_equal(windows[4:31, 7:30], whole[4:31, 7:30])


def test_a_window_beyond_the_picture_is_cut_as_that_of_an_array() -> None:
    with open_nir(tiff(RAMP)) as windows:
        assert windows[30:100, 50:99].shape == RAMP[30:100, 50:99].shape
        assert windows[99:100, :].shape == (0, RAMP.shape[1])
        np.testing.assert_array_equal(windows[-5:, :], windows[RAMP.shape[0] - 5 :, :])
        with pytest.raises(UsageError, match="no steps"):
            windows[::2, :]


def test_an_error_names_the_file_and_one_of_the_caller_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "field.tif"
    path.write_bytes(tiff(RAMP))
    with pytest.raises(ZeroDivisionError), open_nir(path):
        raise ZeroDivisionError
    with pytest.raises(InputError, match=r"field\.tif: has no band 7"), open_nir(path, band=7):
        pass
    with pytest.raises(UsageError, match="refuse or nodata"), open_nir(path, damaged="perhaps"):  # type: ignore[arg-type]
        pass


# --- what is decoded, and what is held --------------------------------------------------------------------------------


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The tiles that are decoded, one after the other."""
    found: list[tuple[int, int]] = []
    plain = tiff_stored.TiffStored._decoded

    def noted(self: tiff_stored.TiffStored, place: tuple[int, int], encoded: list[bytes | None]) -> Any:
        found.append(place)
        return plain(self, place, encoded)

    monkeypatch.setattr(tiff_stored.TiffStored, "_decoded", noted)
    return found


def tiles(height: int, width: int, side: int, overlap: int) -> Iterator[tuple[slice, slice]]:
    for top in range(0, height, side - overlap):
        for left in range(0, width, side - overlap):
            yield slice(top, min(top + side, height)), slice(left, min(left + side, width))


def large(**layout: Any) -> bytes:
    """1024 x 768, 16 bits, bright."""
    return tiff((np.add.outer(np.arange(1024) * 40, np.arange(768) * 20) % 65536).astype(np.uint16), **layout)


@pytest.mark.parametrize("layout", [{"tile": (64, 64)}, {"rowsperstrip": 9}], ids=str)
@pytest.mark.parametrize("turn", [1, 2, 3, 4])
def test_each_tile_is_decoded_once_a_pass(layout: Any, turn: int, decoded: list[tuple[int, int]]) -> None:
    with open_nir(large(**layout, extratags=[(274, 3, 1, turn, True)])) as windows:
        assert len(set(decoded)) <= 24  # bright: seen in the first rows
        for side, overlap in ((1024, 0), (200, 40)):
            decoded.clear()
            for rows, columns in tiles(1024, 768, side, overlap):
                windows[rows, columns]
                windows.alpha(slice(rows.start, rows.start + 20), columns)
            assert len(decoded) == len(set(decoded))


@pytest.mark.parametrize("layout", [{"tile": (64, 64), "compression": "lzw"}, {"rowsperstrip": 9}], ids=str)
def test_threads_change_nothing(layout: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = large(**layout)
    expected = read_nir(data)
    monkeypatch.setattr(tiff_stored, "_processors", lambda: 3)
    np.testing.assert_array_equal(read_nir(data).pixels, expected.pixels)


@pytest.mark.parametrize("processors", [1, 3])
def test_what_a_library_says_late_is_heard(processors: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff_stored, "_processors", lambda: processors)
    plain = tiff_stored.TiffStored._unpacked

    def loud(self: tiff_stored.TiffStored, index: int, data: bytes | None) -> Any:
        if index >= 100:
            logging.getLogger("imagecodecs").warning("a strange strip")
        return plain(self, index, data)

    monkeypatch.setattr(tiff_stored.TiffStored, "_unpacked", loud)
    with open_nir(large(rowsperstrip=9)) as windows:
        assert windows.info.warnings == ()
        windows[800:1000, :]
        assert windows.info.warnings == ("imagecodecs says: a strange strip",)


def test_a_window_decodes_what_it_touches(decoded: list[tuple[int, int]]) -> None:
    with open_nir(large(tile=(64, 64))) as windows:
        decoded.clear()
        windows[600:650, 100:130]
    assert decoded == [(9, 1), (9, 2), (10, 1), (10, 2)]


@pytest.mark.parametrize("stretch", [Stretch(), Stretch("percentile")], ids=str)
@pytest.mark.parametrize("kind", ["uint16", "float32"])
def test_memory_is_that_of_a_row_of_windows(kind: str, stretch: Stretch, tmp_path: Path) -> None:
    """Of 24 megapixels, one row of windows in stored samples and one window in floats."""
    path, rows, columns = tmp_path / "long.tif", 48, 1024
    block = (np.add.outer(np.arange(256), np.arange(256)) * (120 if kind == "uint16" else 1 / 520)).astype(kind)
    blocks = (block for _ in range(24_576 // 256 * columns // 256))
    tifffile.imwrite(path, blocks, shape=(24_576, columns), dtype=kind, tile=(256, 256), compression="zlib")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(histogram, "_BLOCK", 1 << 16)
        tracemalloc.start()
        with open_nir(path, stretch=stretch) as windows:
            for top in range(0, windows.shape[0], rows):
                windows[top : top + rows, :]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 14_000_000  # the picture: 50 or 100 MB; as floats 100


# --- damage -----------------------------------------------------------------------------------------------------------


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


# --- sizes ------------------------------------------------------------------------------------------------------------


def enormous(turn: int = 1, **layout: Any) -> bytes:
    """576 megapixels in half a megabyte: bright tiles of 2000 x 2000, all alike, or one strip."""
    stream, side = io.BytesIO(), 24_000
    tile = zlib.compress(b"\xc8" * 4_000_000)
    encoded = [bytes(600_000)] if layout else [tile] * 144
    with tifffile.TiffWriter(stream, bigtiff=True) as writer:
        writer.write(
            iter(encoded),
            shape=(side, side),
            dtype=np.uint8,
            photometric="minisblack",
            metadata=None,
            compression="zlib",
            extratags=[(274, 3, 1, turn, True)],
            **(layout or {"tile": (2000, 2000)}),
        )
    return stream.getvalue()


def test_larger_than_memory_is_read_by_windows_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histogram, "_BLOCK", 1 << 22)
    data = enormous()
    with open_nir(data) as windows:
        assert windows.shape == (24_000, 24_000)
        assert (windows[23_990:, 23_990:] == np.float32(200 / 255)).all()
    with pytest.raises(InputError, match="above the limit of 400 megapixels"):
        read_nir(data)


def test_what_must_be_decoded_whole_is_bounded() -> None:
    with (
        pytest.raises(InputError, match="above the limit of 400 megapixels"),
        open_nir(enormous(6)),
    ):
        pass
    with (
        pytest.raises(InputError, match="in strips or tiles of 24000 x 24000, a row of which is above the limit"),
        open_nir(enormous(rowsperstrip=24_000)),
    ):
        pass
