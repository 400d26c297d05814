from __future__ import annotations

import numpy as np
import pytest

from nircolor.evaluation.metrics import angular_error, psnr, ssim


def image(*colour: float, size: tuple[int, int] = (8, 8)) -> np.ndarray:
    return np.broadcast_to(np.asarray(colour, np.float32), (*size, 3)).copy()


def test_psnr_worked_example() -> None:
    assert psnr(image(0.5, 0.5, 0.5), image(0.6, 0.6, 0.6)) == pytest.approx(20, abs=1e-4)
    assert psnr(image(0.5, 0.5, 0.5), image(0.5, 0.5, 0.5)) == float("inf")


def test_angular_error_worked_examples() -> None:
    assert angular_error(image(1, 0, 0), image(0, 1, 0)) == pytest.approx(90)
    assert angular_error(image(1, 1, 0), image(1, 0, 0)) == pytest.approx(45)
    assert angular_error(image(0.2, 0.4, 0.1), image(0.4, 0.8, 0.2)) == pytest.approx(0, abs=1e-3)


def test_angular_error_of_black_pixels_is_defined() -> None:
    black, red = image(0, 0, 0), image(1, 0, 0)
    assert angular_error(black, black) == 0
    assert angular_error(black, red) == 0
    half = red.copy()
    half[:4] = 0
    assert angular_error(half, image(0, 1, 0)) == pytest.approx(90)


def test_ssim_is_one_for_equal_and_lower_for_noise() -> None:
    rng = np.random.default_rng(0)
    a = rng.random((32, 32, 3), np.float32)
    assert ssim(a, a) == pytest.approx(1)
    assert ssim(a, rng.random((32, 32, 3), np.float32)) < 0.2
    assert ssim(a[:1], a[:1]) == 1.0
    assert ssim(a[:4], a[:4]) == pytest.approx(1)
