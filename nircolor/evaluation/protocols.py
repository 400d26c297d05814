"""Protocols: what is done to a prediction and its truth before they are measured. Numbers of two never mix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nircolor.errors import UsageError
from nircolor.evaluation.metric import Image


@dataclass(frozen=True)
class Views:
    """A prediction and its truth, (H, W, 3) in [0, 1]: ``signal`` for differences of numbers (PSNR, SSIM, angles, SAM,
    ERGAS), ``display``, always sRGB-coded, for what models an observer (LPIPS, CIEDE2000, colourfulness).
    """

    signal: tuple[Image, Image]
    display: tuple[Image, Image]


@dataclass(frozen=True)
class Protocol:
    """A named convention. ``text`` says in one sentence what it does; it stands beside every table."""

    name: str
    text: str
    prepare: Callable[[Image, Image], Views]


def to_linear(srgb: Image) -> Image:
    """sRGB-coded values -> linear light, both in [0, 1] (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_bytes(image: Image) -> Image:
    """The values an 8-bit file would hold: clipped and rounded to multiples of 1/255."""
    return (np.rint(np.clip(image, 0, 1) * np.float32(255)) / np.float32(255)).astype(np.float32)


def _saved(prediction: Image, truth: Image) -> Views:
    pair = to_bytes(prediction), to_bytes(truth)
    return Views(pair, pair)


def _spread(prediction: Image, truth: Image) -> Views:
    low, high = float(truth.min()), float(truth.max())
    stretched = (truth - np.float32(low)) / np.float32(high - low) if high > low else truth
    pair = np.clip(prediction, 0, 1), stretched
    return Views(pair, pair)


def _light(prediction: Image, truth: Image) -> Views:
    display = np.clip(prediction, 0, 1), truth
    return Views((to_linear(display[0]), to_linear(display[1])), display)


SRGB8 = Protocol(
    "srgb8",
    "What a user gets: prediction and truth as saved 8-bit sRGB files, mean of per-image values.",
    _saved,
)
COLORMAMBA = Protocol(
    "colormamba",
    "ColorMamba's code: the truth stretched to [0, 1] by its own minimum and maximum, image by image, the prediction "
    "unquantised, mean of per-image values.",
    _spread,
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
        raise UsageError(f"--protocol {name}: unknown; give {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
