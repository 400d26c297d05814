"""Protocols: what is done to a prediction and its truth before they are measured. Numbers of two never mix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import numpy as np

from nircolor.errors import UsageError
from nircolor.evaluation.fidelity import psnr
from nircolor.evaluation.metric import Borders, Image, Metric, check_sizes
from nircolor.evaluation.transfer import to_linear


@dataclass(frozen=True)
class Views:
    """A prediction and its truth, (H, W, 3) in [0, 1]: ``signal`` for differences of numbers (PSNR, SSIM, angles, SAM,
    ERGAS), ``display``, always sRGB-coded, for what models an observer (LPIPS, CIEDE2000, colourfulness).
    """

    signal: tuple[Image, Image]
    display: tuple[Image, Image]

    def measure(self, metric: Metric, borders: Borders) -> float | None:
        """The value of one metric."""
        return metric.compute(*(self.signal if metric.view == "signal" else self.display), borders)


@dataclass(frozen=True)
class Protocol:
    """A named convention. ``text`` says in one sentence what it does; it stands beside every table.

    ``formulas`` replaces the formula of a metric (by its key) where the convention has one of its own.
    """

    name: str
    text: str
    prepare: Callable[[Image, Image], Views]
    formulas: Mapping[str, Callable[[Image, Image], float]] = field(default_factory=dict)

    def apply(self, metric: Metric) -> Metric:
        """The metric with this protocol's formula."""
        formula = self.formulas.get(metric.key)
        return metric if formula is None else replace(metric, compute=lambda p, t, borders: formula(p, t))


def to_bytes(image: Image) -> Image:
    """The values an 8-bit file would hold: clipped and rounded to multiples of 1/255."""
    steps: Image = np.rint(np.clip(image, 0, 1) * np.float32(255))
    return steps / np.float32(255)


def _saved(prediction: Image, truth: Image) -> Views:
    pair = to_bytes(prediction), to_bytes(truth)
    return Views(pair, pair)


def _spread(prediction: Image, truth: Image) -> Views:
    low, high = float(truth.min()), float(truth.max())
    step = 1e-3 / 255  # on a scale of 0 to 255 the code divides by the maximum + 0.001, so nothing is divided by 0
    pair = np.clip(prediction, 0, 1), ((truth - np.float32(low)) / np.float32(high - low + step)).astype(np.float32)
    return Views(pair, pair)


def _light(prediction: Image, truth: Image) -> Views:
    display = np.clip(prediction, 0, 1), truth
    return Views((to_linear(display[0]), to_linear(display[1])), display)


def _capped_psnr(prediction: Image, truth: Image) -> float:
    """100 dB for equal pictures, as ColorMamba's code has it."""
    value = psnr(prediction, truth)
    return 100.0 if value == float("inf") else value


def _angle_with_epsilon(prediction: Image, truth: Image) -> float:
    """ColorMamba's angular error in degrees: 1e-6 is added to the product of the lengths, so that a black pixel of
    either picture counts 90 degrees, and equal colours a tenth of a degree or so."""
    check_sizes(prediction, truth)
    dot = (prediction * truth).sum(2)
    lengths = np.sqrt((prediction * prediction).sum(2)) * np.sqrt((truth * truth).sum(2))
    return float(np.degrees(np.arccos(np.clip(dot / (lengths + np.float32(1e-6)), -1, 1))).mean(dtype=np.float64))


SRGB8 = Protocol(
    "srgb8",
    "What a user gets: prediction and truth as saved 8-bit sRGB files, mean of per-image values.",
    _saved,
)
COLORMAMBA = Protocol(
    "colormamba",
    "ColorMamba's code: the truth stretched to [0, 1] by its own minimum and maximum, picture by picture, the "
    "prediction unquantised, 1e-6 in the angle's denominator, mean of per-image values.",
    _spread,
    {"psnr": _capped_psnr, "angle": _angle_with_epsilon},
)
LINEAR = Protocol(
    "linear",
    "HAQAGen's wording: linear light, unquantised; LPIPS, CIEDE2000 and colourfulness on the sRGB-coded pictures, mean "
    "of per-image values.",
    _light,
)
PROTOCOLS = {protocol.name: protocol for protocol in (SRGB8, COLORMAMBA, LINEAR)}


def find_protocol(name: str) -> Protocol:
    """Raises UsageError for a name that is none."""
    if name not in PROTOCOLS:
        close = get_close_matches(name, PROTOCOLS, n=1)
        guess = f" (did you mean {close[0]}?)" if close else ""
        raise UsageError(f"unknown{guess}", option="protocol", value=name, remedy=f"give {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
