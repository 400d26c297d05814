"""A picture of any size becomes a small JPEG."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from nircolor.pages.thumbnails import LONGEST, data_uri, encode, reduce, to_bytes


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, np.float32)


def test_large_pictures_are_averaged_over_areas() -> None:
    picture = noise(1024, 2048, 3)
    blocks = picture.reshape(256, 4, 512, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(reduce(picture), blocks, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 3), (512, 511), (1, 5000), (5000, 1), (700, 900)])
def test_sizes(height: int, width: int) -> None:
    small = reduce(noise(height, width, 3))
    assert max(small.shape[:2]) == min(max(height, width), LONGEST)
    assert min(small.shape[:2]) >= 1
    assert abs(small.shape[0] / small.shape[1] / (height / width) - 1) < 0.01 or min(small.shape[:2]) == 1


def test_small_pictures_are_untouched() -> None:
    picture = noise(5, 3, 3)
    assert reduce(picture) is picture


def test_jpeg_keeps_the_resolution_of_colour() -> None:
    data = encode(to_bytes(noise(16, 16, 3)))
    picture = Image.open(io.BytesIO(data))
    assert picture.format == "JPEG"
    assert {component[1:3] for component in picture.layer} == {(1, 1)}  # type: ignore[attr-defined]
    assert Image.open(io.BytesIO(encode(to_bytes(noise(16, 16))))).mode == "L"


def test_values_are_rounded_and_clipped() -> None:
    values = np.array([[-1, 0, 0.5, 1, 2, np.nan]], np.float32)
    assert to_bytes(values).tolist() == [[0, 0, 128, 255, 255, 0]]


def test_an_address_holds_the_file_itself() -> None:
    data = encode(to_bytes(noise(3, 4, 3)))
    head, _, body = data_uri(data).partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(body) == data
