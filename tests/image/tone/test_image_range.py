"""A fixed range for a whole series, and the hint that leads to it where the range by type leaves a picture dark."""

from __future__ import annotations

import re

import numpy as np
import pytest
from image_files import png, tiff

from nircolor.errors import UsageError
from nircolor.image import Stretch, read_nir

SCENE = np.clip(np.add.outer(np.linspace(0.02, 0.5, 60), np.linspace(0, 0.5, 80)), 0, 1)  # (60, 80)


def stored(peak: float) -> np.ndarray:
    return np.rint(SCENE * peak).astype(np.uint16)


def advice(data: bytes) -> str | None:
    """What the only warning says to add."""
    warnings = read_nir(data).info.warnings
    found = [match[1] for warning in warnings if (match := re.search(r"add `range=(\S+)`,? ", warning))]
    assert len(found) == len(warnings) <= 1
    return found[0].rstrip(",") if found else None


@pytest.mark.parametrize(
    ("pixels", "peak"),
    [(stored(4095), 4095), (stored(4095).astype(np.float32), 4095), ((SCENE * 200).astype(np.uint8), 200)],
)
def test_the_ends_of_a_range_become_black_and_white(pixels: np.ndarray, peak: int) -> None:
    picture = read_nir(tiff(pixels, metadata=None), stretch=Stretch.between(0, peak))
    np.testing.assert_allclose(picture.pixels, pixels / peak, atol=1e-6)
    assert picture.info.warnings == ()
    half = read_nir(tiff(pixels, metadata=None), stretch=Stretch.between(peak / 4, peak / 2)).pixels
    np.testing.assert_allclose(half, np.clip((pixels - peak / 4) / (peak / 4), 0, 1), atol=1e-5)


def test_a_range_may_lie_outside_of_what_the_type_holds() -> None:
    pixels = read_nir(png(stored(4095)), stretch=Stretch.between(-4095, 99999)).pixels
    np.testing.assert_allclose(pixels, (stored(4095) + 4095.0) / (99999 + 4095), atol=1e-6)


def test_parts_of_a_picture_agree_with_the_whole() -> None:
    pixels, how = stored(4095), Stretch.parse("none", "100,3000")
    whole = read_nir(png(pixels), stretch=how).pixels
    np.testing.assert_array_equal(whole[20:40, 10:50], read_nir(png(pixels[20:40, 10:50]), stretch=how).pixels)


def test_a_range_that_cuts_much_off_is_told() -> None:
    (warning,) = read_nir(png(stored(4095)), stretch=Stretch.between(0, 1023)).info.warnings
    assert re.fullmatch(r"8\d(\.\d)? % of its values lie outside `range=0,1023`: clipped", warning)
    (warning,) = read_nir(tiff(SCENE.astype(np.float32)), stretch=Stretch.between(0.5, 1)).info.warnings
    assert "lie outside `range=0.5,1`: clipped" in warning


@pytest.mark.parametrize("text", ["0,4095", " 0 , 4095 ", "-5,1e4", "0.25,0.5"])
def test_the_forms_of_a_range(text: str) -> None:
    low, high = (float(part) for part in text.split(","))
    assert Stretch.parse("none", text) == Stretch.between(low, high) == Stretch.parse(f"range:{text}")
    assert Stretch.parse(str(Stretch.between(low, high))) == Stretch.between(low, high)


@pytest.mark.parametrize("text", ["", "5", "1,2,3", "a,b", "9,1", "4,4", "nan,1", "0,inf"])
def test_nonsense_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"^`range=.* such as `range=0,4095`$"):
        Stretch.parse("none", text)


def test_a_range_excludes_a_stretch() -> None:
    with pytest.raises(UsageError, match=r"^`stretch=minmax` and `range=0,1`: one excludes the other"):
        Stretch.parse("minmax", "0,1")


@pytest.mark.parametrize(
    ("peak", "range"),
    [(1023, "0,1023"), (4095, "0,4095"), (16383, "0,16383"), (8000, "0,10000"), (10000, "0,10000"), (255, "0,255")],
)
def test_few_bits_in_16_are_told_with_the_range_that_uses_them(peak: int, range: str) -> None:
    data = png(stored(peak))
    assert advice(data) == range
    followed = read_nir(data, stretch=Stretch.parse("none", range))
    assert followed.info.warnings == ()
    assert followed.pixels.max() > 0.75


def test_the_line_says_how_much_is_used() -> None:
    (warning,) = read_nir(png(stored(4095))).info.warnings
    assert warning == (
        "uses only 6.2 % of its range (up to 4036 of 65535), so the result is dark; "
        "add `range=0,4095`, which suits all of a series alike"
    )


def test_dark_floats_and_white_is_zero() -> None:
    assert advice(tiff((SCENE * 0.18).astype(np.float32))) == "0,0.2"
    assert advice(tiff((SCENE * 9e-4).astype(np.float32))) == "0,0.001"
    inverted = tiff(stored(4095), photometric="miniswhite", metadata=None)
    assert advice(inverted) == "0,4095"
    assert "so the result is pale" in read_nir(inverted).info.warnings[0]


def test_a_few_hot_pixels_hide_nothing() -> None:
    pixels = stored(4095)
    pixels[5, [1, 30]] = 65535
    assert advice(png(pixels)) == "0,4095"


def test_what_transparent_pixels_hold_does_not_count() -> None:
    pixels = np.dstack([stored(4095), np.full(SCENE.shape, 65535, np.uint16)])
    pixels[:10] = (65535, 0)
    assert advice(png(pixels)) == "0,4095"


@pytest.mark.parametrize(
    "data",
    [
        png(stored(65535)),
        png(stored(20000)),
        png((SCENE * 40).astype(np.uint8)),  # a night
        png(np.zeros((9, 9), np.uint16)),
        png(np.full((9, 9), 900, np.uint16)),
        tiff(np.zeros((9, 9), np.float32)),
        tiff(stored(4095), extratags=[(281, "H", 1, 4095, True)], metadata=None),  # the file says its range
    ],
)
def test_nothing_is_said_where_nothing_is_wrong(data: bytes) -> None:
    assert read_nir(data).info.warnings == ()


def test_nothing_is_said_where_the_tone_was_asked_for() -> None:
    for options in ({"stretch": Stretch("percentile")}, {"equalize": True}):
        assert read_nir(png(stored(4095)), **options).info.warnings == ()
