from __future__ import annotations

import numpy as np
import pytest
from pictures import noisy_pair, plain

from nircolor.errors import UsageError
from nircolor.evaluation.colour import (
    angular_error,
    ciede2000,
    colourfulness,
    colourfulness_ratio,
    sam,
    sam_degrees,
)


def test_angles_worked_examples() -> None:
    assert angular_error(plain(1, 0, 0), plain(0, 1, 0)) == pytest.approx(90)
    assert angular_error(plain(1, 1, 0), plain(1, 0, 0)) == pytest.approx(45)
    assert angular_error(plain(0.2, 0.4, 0.1), plain(0.4, 0.8, 0.2)) == pytest.approx(0, abs=1e-5)
    assert sam(plain(1, 1, 0), plain(1, 0, 0)) == pytest.approx(np.pi / 4)
    assert sam_degrees(plain(1, 1, 1), plain(1, 1, 0)) == pytest.approx(35.26439)


def test_a_small_angle_keeps_its_digits() -> None:
    """The arc cosine of a float32 product could not tell it from 0."""
    assert sam(plain(1, 1e-5, 0), plain(1, 0, 0)) == pytest.approx(1e-5, rel=1e-4)


def test_black_pixels_have_defined_angles() -> None:
    black, red = plain(0, 0, 0), plain(1, 0, 0)
    assert sam(black, black) == 0
    assert angular_error(black, red) == angular_error(red, black) == 90
    half = red.copy()
    half[:4] = 0
    assert angular_error(half, red) == pytest.approx(45)
    assert angular_error(half, half) == 0


def test_sam_of_another_library() -> None:
    """torchmetrics 1.9.0 of the same two pictures, of which no pixel is black (it gives NaN for those)."""
    prediction, truth = noisy_pair(darkest=0.01)
    assert sam(prediction, truth) == pytest.approx(0.253001, abs=1e-5)


def test_ciede2000_worked_examples() -> None:
    """White and black are 100 apart; red and green of sRGB 86.6 (Lab by IEC 61966-2-1, then Sharma et al. 2005)."""
    assert ciede2000(plain(1, 1, 1), plain(0, 0, 0)) == pytest.approx(100, abs=0.01)
    assert ciede2000(plain(1, 0, 0), plain(0, 1, 0)) == pytest.approx(86.61, abs=0.01)
    assert ciede2000(plain(0.3, 0.5, 0.7), plain(0.3, 0.5, 0.7)) == 0


def test_colourfulness_worked_examples() -> None:
    """Half red, half green: rg is 255 and -255 (spread 255, mean 0), yb is 127.5 everywhere: 255 + 0.3 * 127.5."""
    image = plain(1, 0, 0)
    image[:4] = (0, 1, 0)
    assert colourfulness(image) == pytest.approx(293.25)
    assert colourfulness(plain(0.4, 0.4, 0.4)) == 0
    assert colourfulness_ratio(image * np.float32(0.5), image) == pytest.approx(0.5)


def test_colourfulness_ratio_where_the_truth_is_grey() -> None:
    grey, red = plain(0.4, 0.4, 0.4), plain(1, 0, 0)
    assert colourfulness_ratio(grey, grey) == 1
    assert colourfulness_ratio(red, grey) is None
    assert colourfulness_ratio(grey, red) == 0


@pytest.mark.parametrize("metric", [sam, ciede2000])
def test_blocks_make_no_difference(metric, monkeypatch: pytest.MonkeyPatch) -> None:
    prediction, truth = noisy_pair()
    monkeypatch.setattr("nircolor.evaluation.colour.BLOCK_PIXELS", 1 << 20)
    whole = metric(prediction, truth)
    monkeypatch.setattr("nircolor.evaluation.colour.BLOCK_PIXELS", 1000)
    assert metric(prediction, truth) == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize("metric", [sam, sam_degrees, angular_error, ciede2000, colourfulness_ratio])
def test_sizes(metric) -> None:
    assert metric(plain(0.2, 0.3, 0.4, size=(1, 1)), plain(0.2, 0.3, 0.4, size=(1, 1))) in (0, 1)
    with pytest.raises(UsageError, match=r"4 x 3, the truth 5 x 3"):
        metric(plain(0, 0, 0, size=(3, 4)), plain(0, 0, 0, size=(3, 5)))
