from __future__ import annotations

import numpy as np
import pytest
from pictures import noisy_pair, plain

from nircolor.errors import UsageError
from nircolor.evaluation.metric import Borders
from nircolor.evaluation.metrics import METRICS
from nircolor.evaluation.protocols import PROTOCOLS, find_protocol, to_bytes
from nircolor.evaluation.transfer import to_linear

BY_KEY = {metric.key: metric for metric in METRICS}


def value(protocol: str, key: str, prediction: np.ndarray, truth: np.ndarray) -> float:
    convention = PROTOCOLS[protocol]
    measured = convention.prepare(prediction, truth).measure(convention.apply(BY_KEY[key]), Borders())
    assert measured is not None
    return measured


@pytest.mark.parametrize(("protocol", "psnr"), [("srgb8", 12.08), ("colormamba", 6.02), ("linear", 12.15)])
def test_one_pair_has_the_documented_number_under_each_protocol(protocol: str, psnr: float) -> None:
    """The example of docs/evaluation.md: a grey step from 0.25 to 0.75, predicted as 0.5 throughout."""
    truth = plain(0.25, 0.25, 0.25)
    truth[4:] = 0.75
    assert value(protocol, "psnr", plain(0.5, 0.5, 0.5), truth) == pytest.approx(psnr, abs=0.005)


def test_srgb8_rounds_to_the_nearest_step_of_a_byte() -> None:
    assert to_bytes(plain(0.4999 / 255, 0.5001 / 255, 2))[0, 0].tolist() == pytest.approx([0, 1 / 255, 1])
    tiny = plain(0.2, 0.2, 0.2) + np.float32(0.3 / 255)
    assert value("srgb8", "psnr", tiny, plain(0.2, 0.2, 0.2)) == float("inf")
    assert value("linear", "psnr", tiny, plain(0.2, 0.2, 0.2)) < 70


def test_colormamba_as_its_code_has_it() -> None:
    """Truth less its minimum, over its maximum plus 0.001 (of 255); 1e-6 in the angle; 100 dB for equal pictures."""
    prediction, truth = noisy_pair()
    bytes_ = np.rint(truth * 200 + 20).astype(np.uint8)
    bytes_ -= bytes_.min()
    stretched = bytes_ / (bytes_.max() + 1e-3)
    file = np.rint(truth * 200 + 20).astype(np.float32) / np.float32(255)
    error = np.mean((stretched - prediction) ** 2)
    assert value("colormamba", "psnr", prediction, file) == pytest.approx(-10 * np.log10(error), abs=1e-3)
    dot = np.sum(stretched * prediction, axis=2)
    lengths = np.linalg.norm(stretched, axis=2) * np.linalg.norm(prediction, axis=2)
    angle = np.degrees(np.arccos(dot / (lengths + 1e-6))).mean()
    assert value("colormamba", "angle", prediction, file) == pytest.approx(angle, abs=1e-3)
    step = plain(0, 0, 0)
    step[4:] = 1
    stretched_step = PROTOCOLS["colormamba"].prepare(step, step).signal[1]
    assert value("colormamba", "psnr", stretched_step, step) == 100
    assert value("colormamba", "angle", plain(0, 0, 0), plain(0, 0, 0)) == pytest.approx(90)


def test_a_constant_truth_survives_colormamba() -> None:
    assert np.isfinite(value("colormamba", "psnr", plain(0.5, 0.5, 0.5), plain(0.5, 0.5, 0.5)))


def test_linear_light_for_differences_and_srgb_for_observers() -> None:
    assert to_linear(plain(0, 0.04045, 1))[0, 0].tolist() == pytest.approx([0, 0.0031308, 1], abs=1e-6)
    assert to_linear(plain(0.5, 0.5, 0.5))[0, 0, 0] == pytest.approx(0.21404, abs=1e-5)
    prediction, truth = noisy_pair()
    for key in ("ciede2000", "colour-ratio"):
        assert value("linear", key, prediction, truth) == pytest.approx(
            BY_KEY[key].compute(prediction, truth, Borders())
        )
    views = PROTOCOLS["linear"].prepare(prediction, truth)
    np.testing.assert_array_equal(views.signal[1], to_linear(truth))


def test_pictures_are_not_changed() -> None:
    prediction, truth = noisy_pair()
    before = prediction.copy(), truth.copy()
    for protocol in PROTOCOLS.values():
        protocol.prepare(prediction, truth)
    np.testing.assert_array_equal(prediction, before[0])
    np.testing.assert_array_equal(truth, before[1])


def test_an_unknown_protocol_is_refused_with_the_nearest_name() -> None:
    assert find_protocol("linear").name == "linear"
    with pytest.raises(UsageError, match=r"did you mean srgb8\?"):
        find_protocol("srgb")
