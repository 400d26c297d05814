"""Samples of a video from colours: right to half a level, whatever the matrix, range, depth and siting."""

from __future__ import annotations

import numpy as np
import pytest

from nircolor.video.write.yuv import WEIGHTS, Colour, Layout, colour_of, matrix_of, planes


def exact(rgb: np.ndarray, bits: int, matrix: int, full: bool) -> np.ndarray:
    """(..., 3) Y'CbCr in levels, float64, written out (ITU-T H.273)."""
    red, blue = WEIGHTS[matrix]
    r, g, b = np.moveaxis(rgb.astype(float), -1, 0)
    y = red * r + (1 - red - blue) * g + blue * b
    cb, cr = (b - y) / (2 * (1 - blue)), (r - y) / (2 * (1 - red))
    if full:
        return np.stack(
            [(2**bits - 1) * y, (2**bits - 1) * cb + 2 ** (bits - 1), (2**bits - 1) * cr + 2 ** (bits - 1)], -1
        )
    unit = 2 ** (bits - 8)
    return np.stack([(219 * y + 16) * unit, (224 * cb + 128) * unit, (224 * cr + 128) * unit], -1)


@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("pixels", "bits"), [("yuv444p", 8), ("yuv444p10le", 10)])
def test_every_level(matrix: int, full: bool, pixels: str, bits: int) -> None:
    steps = np.linspace(0, 1, 9)
    rgb = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(27, 27, 3).astype(np.float32)
    expected = np.clip(exact(rgb, bits, matrix, full), 0, 2**bits - 1)
    for plane, levels in zip(
        planes(rgb, Layout(pixels), Colour(1, 1, matrix, full)), np.moveaxis(expected, -1, 0), strict=True
    ):
        assert plane.dtype == (np.uint8 if bits == 8 else np.uint16)
        assert np.abs(plane - levels).max() <= 0.501


def test_known_values() -> None:
    ends = np.array([[[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 0, 1]]], np.float32)
    y, cb, cr = planes(ends, Layout("yuv444p"), Colour(1, 1, 1, False))
    assert (y.tolist(), cb.tolist(), cr.tolist()) == (
        [[16, 235, 63, 32]],
        [[128, 128, 102, 240]],
        [[128, 128, 240, 118]],
    )
    assert planes(ends, Layout("yuv444p10le"), Colour(1, 1, 1, False))[0].tolist()[0][:2] == [64, 940]
    assert planes(ends, Layout("yuv444p"), Colour(1, 1, 1, True))[0].tolist()[0][:2] == [0, 255]


def test_colours_beyond_the_ends_are_clipped() -> None:
    wild = np.array([[[-3, -3, -3], [7, 7, 7]]], np.float32)
    assert planes(wild, Layout("yuv444p"), Colour(1, 1, 6, False))[0].tolist() == [[16, 235]]
    assert planes(wild, Layout("bgr0"), Colour(1, 1, 0, True))[0].tolist() == [[0, 0, 0, 255, 255, 255, 255, 255]]


@pytest.mark.parametrize(("pixels", "size"), [("yuv420p", (3, 4)), ("yuv422p10le", (6, 4)), ("yuv444p", (6, 8))])
def test_sizes_of_chroma(pixels: str, size: tuple[int, int]) -> None:
    luma, *chroma = planes(np.full((6, 8, 3), 0.5, np.float32), Layout(pixels), Colour(1, 1, 6, False))
    assert (luma.shape, [plane.shape for plane in chroma]) == ((6, 8), [size] * 2)
    assert all(np.all(plane == 128 * (4 if "10" in pixels else 1)) for plane in chroma)


@pytest.mark.parametrize(("centred", "place"), [(False, 0.0), (True, 0.5)])
def test_chroma_lies_where_readers_take_it_from(centred: bool, place: float) -> None:
    """On a ramp, a sample is the value at its place: on every second column, or half a column after it."""
    blue = np.zeros((4, 32, 3), np.float32)
    blue[..., 2] = np.arange(32) / 31
    cb = planes(blue, Layout("yuv420p", centred), Colour(1, 1, 6, False))[1][1, 1:-1].astype(float)
    wanted = exact(blue[:1, :1] * 0 + np.array([0, 0, 1]) * ((np.arange(2, 30, 2) + place) / 31)[:, None], 8, 6, False)
    assert np.abs(cb - wanted[..., 1].ravel()[: cb.size]).max() <= 0.51


def test_what_is_not_tagged_is_what_is_usual() -> None:
    assert colour_of((2, 2, 2), False, 480) == Colour(1, 1, 6, False)
    assert colour_of((2, 2, 2), True, 720) == Colour(1, 1, 1, True)
    assert colour_of((9, 16, 9), False, 480) == Colour(9, 16, 9, False)
    assert colour_of((0, 0, 0), False, 480) == Colour(1, 1, 6, False)
    np.testing.assert_allclose(
        matrix_of(8, colour_of((2, 2, 2), False, 1080))[0], [46.559, 156.629, 15.812, 16], atol=1e-3
    )
