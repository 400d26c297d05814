"""Tone: range from the dtype, stretch, equalisation, as properties that hold for any picture."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from image_files import RAMP, RAMP16, RAMP_FLOAT, png, tiff

from nircolor.image import Stretch, read_nir
from nircolor.image.quantize import quantize
from nircolor.image.tone.find import to_unit
from nircolor.image.tone.histogram import count_levels, equalization, percentile_of, row_blocks

SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=12)
INTEGERS = st.sampled_from([np.uint8, np.uint16]).flatmap(lambda dtype: arrays(dtype, SHAPES))
FLOATS = arrays(np.float32, SHAPES, elements=st.floats(width=32))  # NaN, infinities and subnormals included
STRETCHES = st.sampled_from([Stretch(), Stretch("minmax"), Stretch("percentile"), Stretch("percentile", 0, 50)])
PLAIN = Stretch()

relaxed = settings(deadline=None, max_examples=60)


def peak_of(samples: np.ndarray) -> float:
    return float(np.iinfo(samples.dtype).max) if samples.dtype.kind == "u" else 1.0


def tone(samples: np.ndarray, stretch: Stretch = PLAIN, equalize: bool = False, inverted: bool = False) -> np.ndarray:
    return to_unit(samples.copy(), peak_of(samples), inverted, stretch, equalize, None)[0]


@relaxed
@given(INTEGERS)
def test_integers_survive_the_round_trip_exactly(samples: np.ndarray) -> None:
    pixels = tone(samples)
    depth = samples.dtype.itemsize * 8
    np.testing.assert_array_equal(quantize(np.dstack([pixels] * 3), pixels, depth), np.dstack([samples] * 4))


def test_every_16_bit_value_survives_the_round_trip() -> None:
    samples = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    np.testing.assert_array_equal(quantize(np.dstack([tone(samples)] * 3), None, 16)[:, :, 1], samples)


@relaxed
@given(INTEGERS)
def test_without_a_stretch_the_range_does_not_depend_on_the_data(samples: np.ndarray) -> None:
    np.testing.assert_allclose(tone(samples), samples / peak_of(samples), atol=1e-7)
    np.testing.assert_allclose(tone(samples, inverted=True), 1 - samples / peak_of(samples), atol=1e-7)


@relaxed
@given(st.one_of(INTEGERS, FLOATS), STRETCHES, st.booleans(), st.booleans())
def test_any_picture_ends_within_0_and_1(samples: np.ndarray, stretch: Stretch, equalize: bool, inverted: bool) -> None:
    with np.errstate(all="ignore"):
        pixels = tone(samples, stretch, equalize, inverted)
    assert pixels.dtype == np.float32
    assert pixels.shape == samples.shape
    assert pixels.min() >= 0  # also false for NaN
    assert pixels.max() <= 1


@relaxed
@given(st.one_of(INTEGERS, arrays(np.float32, SHAPES, elements=st.floats(-1e6, 1e6, width=32))))
def test_minmax_spans_0_to_1_and_keeps_the_order(samples: np.ndarray) -> None:
    pixels = tone(samples, Stretch("minmax"))
    if samples.min() == samples.max():
        np.testing.assert_array_equal(pixels, tone(samples))  # nothing to stretch: as without
        return
    assert pixels[samples == samples.min()].max() == 0
    assert pixels[samples == samples.max()].min() == 1
    order = np.argsort(samples.ravel())
    assert (np.diff(pixels.ravel()[order]) >= 0).all()


@relaxed
@given(INTEGERS, st.floats(0, 100))
def test_percentiles_are_those_of_numpy(samples: np.ndarray, percent: float) -> None:
    histogram = count_levels(samples, int(peak_of(samples)) + 1)
    assert percentile_of(histogram, percent) == pytest.approx(np.percentile(samples, percent), rel=1e-9, abs=1e-6)


@relaxed
@given(st.one_of(INTEGERS, arrays(np.float32, SHAPES, elements=st.floats(-5, 5, width=32))))
def test_percentile_clips_what_lies_outside(samples: np.ndarray) -> None:
    pixels = tone(samples, Stretch("percentile", 10, 90))
    low, high = np.percentile(samples.astype(np.float64), (10, 90))
    if low < high:
        np.testing.assert_allclose(pixels, np.clip((samples - low) / (high - low), 0, 1), atol=1e-5)
    else:
        np.testing.assert_array_equal(pixels, tone(samples))


@relaxed
@given(INTEGERS)
def test_equalisation_is_the_rank_among_all_pixels(samples: np.ndarray) -> None:
    pixels = tone(samples, equalize=True)
    if samples.min() == samples.max():
        np.testing.assert_allclose(pixels, tone(samples), atol=1e-6)
        return
    darkest = np.count_nonzero(samples == samples.min())
    rank = (samples.reshape(1, -1) <= samples.reshape(-1, 1)).sum(axis=1).reshape(samples.shape)  # by definition
    np.testing.assert_allclose(pixels, (rank - darkest) / (samples.size - darkest), atol=1e-6)


def test_equalisation_makes_the_histogram_flat() -> None:
    skewed = (np.random.default_rng(0).random((200, 300)) ** 2).astype(np.float32)
    for samples in (skewed, np.rint(skewed * 65535).astype(np.uint16)):
        counts, _ = np.histogram(tone(samples, equalize=True), bins=10, range=(0, 1))
        np.testing.assert_allclose(counts / samples.size, 0.1, atol=0.01)


def test_equalisation_follows_the_stretch() -> None:
    samples = np.array([[0, 10, 20, 30, 40, 255]], np.uint8)
    pixels = tone(samples, Stretch("percentile", 20, 80), equalize=True)
    # the stretch has merged 0 and 10 into black, 40 and 255 into white: each pair shares one rank
    np.testing.assert_allclose(pixels, [[0, 0, 0.25, 0.5, 1, 1]], atol=1e-6)


@pytest.mark.parametrize("stretch", [Stretch("minmax"), Stretch("percentile")], ids=str)
@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_constant_picture_stays_as_it_is_with_a_warning(stretch: Stretch, value: int) -> None:
    picture = read_nir(png(np.full((5, 7), value, np.uint8)), stretch=stretch)
    np.testing.assert_allclose(picture.pixels, value / 255, atol=1e-7)
    assert picture.info.warnings == (f"`stretch={stretch}` has no effect: both ends of the range are {value}",)


def test_a_constant_float_picture_is_clipped() -> None:
    picture = read_nir(tiff(np.full((5, 7), 5000, np.float32)), stretch=Stretch("minmax"))
    assert (picture.pixels == 1).all()


@pytest.mark.parametrize("samples", [RAMP, RAMP16, RAMP_FLOAT], ids=["uint8", "uint16", "float32"])
def test_transparent_pixels_do_not_count(samples: np.ndarray) -> None:
    spoilt = samples.copy()
    spoilt[:, :10] = peak_of(samples)
    shown = np.ones(samples.shape, bool)
    shown[:, :10] = False
    for stretch, equalize in ((Stretch("minmax"), False), (Stretch("percentile"), False), (PLAIN, True)):
        pixels, _ = to_unit(spoilt.copy(), peak_of(samples), False, stretch, equalize, shown)
        expected = tone(np.ascontiguousarray(samples[:, 10:]), stretch, equalize)
        np.testing.assert_allclose(pixels[:, 10:], expected, atol=1e-5)


def test_a_wholly_transparent_picture_is_not_stretched() -> None:
    pixels, warnings = to_unit(RAMP, 255, False, Stretch("minmax"), True, np.zeros(RAMP.shape, bool))
    np.testing.assert_allclose(pixels, RAMP / 255, atol=1e-6)
    assert len(warnings) == 1


def test_a_huge_float_range_is_no_overflow() -> None:
    samples = np.array([[-3e38, 0, 3e38]], np.float32)
    np.testing.assert_allclose(tone(samples, Stretch("minmax")), [[0, 0.5, 1]])


def test_nan_and_infinity_are_left_out_of_the_stretch() -> None:
    samples = np.array([[np.nan, 10, 20, 30, np.inf, -np.inf]], np.float32)
    np.testing.assert_allclose(tone(samples, Stretch("minmax")), [[0, 0, 0.5, 1, 1, 0]])


@relaxed
@given(st.integers(1, 5000), st.integers(1, 5_000_000))
def test_row_blocks_cover_each_row_once(height: int, width: int) -> None:
    rows = [row for block in row_blocks(height, width) for row in range(block.start, block.stop)]
    assert rows == list(range(height))


def test_equalisation_of_nothing_changes_nothing() -> None:
    table = equalization(np.zeros(256, np.int64))
    assert all(math.isclose(value, level / 255) for level, value in enumerate(table))
