from __future__ import annotations

import numpy as np
import pytest
from pictures import noisy_pair, plain

from nircolor.errors import UsageError
from nircolor.evaluation.fidelity import ergas, psnr, psnr_ev, ssim
from nircolor.evaluation.ms_ssim import ms_ssim, scale_count
from nircolor.evaluation.transfer import to_linear, to_srgb


def test_psnr_worked_example() -> None:
    assert psnr(plain(0.5, 0.5, 0.5), plain(0.6, 0.6, 0.6)) == pytest.approx(20, abs=1e-4)
    assert psnr(plain(0, 0, 0), plain(1, 1, 1)) == 0
    assert psnr(plain(0.5, 0.5, 0.5), plain(0.5, 0.5, 0.5)) == float("inf")


@pytest.mark.parametrize("stops", [-3.0, -1.0, 0.5, 2.5])
def test_psnr_ev_does_not_care_how_a_picture_is_exposed(stops: float) -> None:
    """A picture whose light is a multiple of the truth's is right but for its exposure."""
    _, truth = noisy_pair()
    truth = truth * np.float32(0.3)  # nothing is clipped at 2.5 stops more
    exposed = to_srgb(np.minimum(to_linear(truth) * np.float32(2**stops), 1))
    assert psnr(exposed, truth) < 35
    assert psnr_ev(exposed, truth) > 70


def test_psnr_ev_is_never_below_psnr_and_colour_still_counts() -> None:
    prediction, truth = noisy_pair()
    assert psnr_ev(prediction, truth) >= psnr(prediction, truth)
    assert psnr_ev(plain(0.5, 0.5, 0.5), plain(0.2, 0.6, 0.2)) < 20
    assert psnr_ev(truth, truth) == float("inf")
    assert psnr_ev(plain(0, 0, 0), plain(1, 1, 1)) == 0  # no gain brightens black


def test_psnr_ev_finds_the_gain_that_a_search_of_all_finds() -> None:
    prediction, truth = noisy_pair()
    light = to_linear(prediction)
    gains = np.exp2(np.linspace(-4, 4, 801)).astype(np.float32)
    best = max(psnr(to_srgb(np.minimum(light * gain, 1)), truth) for gain in gains)
    assert psnr_ev(prediction, truth) == pytest.approx(best, abs=2e-3)


def test_ergas_worked_example() -> None:
    """Every channel is off by a fifth of its mean: 100 / 4 * 0.2."""
    truth = plain(0.5, 0.25, 1)
    assert ergas(truth * np.float32(0.8), truth) == pytest.approx(5, rel=1e-5)
    assert ergas(truth, truth) == 0


def test_ergas_leaves_black_channels_out() -> None:
    truth = plain(0.5, 0, 0)
    assert ergas(plain(0.4, 0.3, 0), truth) == pytest.approx(5, rel=1e-5)
    assert ergas(plain(0, 0, 0), plain(0, 0, 0)) == 0
    assert ergas(plain(0.1, 0, 0), plain(0, 0, 0)) is None


def test_values_of_other_libraries() -> None:
    """torchmetrics 1.9.0 (PSNR, ERGAS with ratio 4), pytorch-msssim 1.0.0, of the same two pictures."""
    prediction, truth = noisy_pair()
    assert psnr(prediction, truth) == pytest.approx(15.025251, abs=1e-4)
    assert ergas(prediction, truth) == pytest.approx(8.867851, abs=1e-4)
    assert ms_ssim(prediction, truth) == pytest.approx(0.852157, abs=2e-5)


@pytest.mark.parametrize("metric", [ssim, ms_ssim])
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (2, 3), (6, 5), (7, 7), (10, 50), (11, 11), (23, 22), (176, 180)])
def test_structure_is_1_for_equal_and_less_for_other_pictures(metric, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.random((*size, 3), np.float32), rng.random((*size, 3), np.float32)
    assert metric(a, a) == pytest.approx(1, abs=1e-6)
    assert metric(a, b) < 0.9
    constant = plain(0.3, 0.3, 0.3, size=size)
    assert metric(constant, constant) == pytest.approx(1)
    assert np.isfinite(metric(constant, plain(0, 0, 0, size=size)))


def test_ms_ssim_of_two_constants_by_hand() -> None:
    """No structure to differ in: the luminance term alone, to the power of the one scale's weight."""
    l = (2 * 0.2 * 0.8 + 1e-4) / (0.2**2 + 0.8**2 + 1e-4)  # noqa: E741
    assert ms_ssim(plain(0.2, 0.2, 0.2, size=(15, 15)), plain(0.8, 0.8, 0.8, size=(15, 15))) == pytest.approx(
        l, rel=1e-4
    )


def test_ms_ssim_by_the_formula_window_by_window() -> None:
    """Two scales, every window on its own, in float64."""
    rng = np.random.default_rng(2)
    truth = rng.random((24, 26, 3), np.float32)
    prediction = np.clip(truth + 0.1 * rng.standard_normal(truth.shape).astype(np.float32), 0, 1)
    g = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    kernel = np.outer(g, g) / g.sum() ** 2
    _, fine = _windows(prediction.astype(np.float64), truth.astype(np.float64), kernel)
    halved = (x.astype(np.float64).reshape(12, 2, 13, 2, 3).mean((1, 3)) for x in (prediction, truth))
    luminance, coarse = _windows(*halved, kernel)
    share = (0.0448 + 0.2856 + 0.3001 + 0.2363 + 0.1333) / (0.0448 + 0.2856)
    by_hand = fine.mean((0, 1)) ** (0.0448 * share) * (luminance * coarse).mean((0, 1)) ** (0.2856 * share)
    assert scale_count(24, 26) == 2
    assert ms_ssim(prediction, truth) == pytest.approx(by_hand.mean(), abs=1e-5)


def _windows(a: np.ndarray, b: np.ndarray, kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width = a.shape[0] - 10, a.shape[1] - 10
    luminance, contrast = np.empty((height, width, 3)), np.empty((height, width, 3))
    for y in range(height):
        for x in range(width):
            p, q = a[y : y + 11, x : x + 11], b[y : y + 11, x : x + 11]
            weigh = lambda z: np.einsum("ij,ijc->c", kernel, z)  # noqa: E731
            mp, mq = weigh(p), weigh(q)
            vp, vq, cov = weigh(p * p) - mp**2, weigh(q * q) - mq**2, weigh(p * q) - mp * mq
            luminance[y, x] = (2 * mp * mq + 1e-4) / (mp**2 + mq**2 + 1e-4)
            contrast[y, x] = (2 * cov + 9e-4) / (vp + vq + 9e-4)
    return luminance, contrast


@pytest.mark.parametrize("metric", [psnr, ssim, ms_ssim, ergas])
def test_two_sizes_are_named(metric) -> None:
    with pytest.raises(UsageError, match=r"the prediction is 4 x 3, the truth 5 x 3"):
        metric(plain(0, 0, 0, size=(3, 4)), plain(0, 0, 0, size=(3, 5)))
