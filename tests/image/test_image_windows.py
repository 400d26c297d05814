"""Windows of a picture: equal to the whole to the bit, whatever the file is like and however it is cut."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import GREY_PROFILE, RAMP, RAMP16, RAMP_FLOAT, exif, pillow, rgb, tiff

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
