"""Another camera, another day: the random tones of a training sample. A strength of 0 leaves the values as they are."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def jitter_nir(
    nir: Floats, rng: np.random.Generator, *, gamma: float, gain: float, contrast: float, noise: float
) -> Floats:
    """Random gamma, gain, contrast around the picture's mean, and noise, clipped as a sensor clips.

    ``nir``: (H, W) in [0, 1]. ``gamma``, ``gain`` and ``contrast`` are logarithms of the largest factor; ``noise`` is
    the largest standard deviation.
    """
    exponent, factor = (_factor(strength, rng) for strength in (gamma, gain))
    exposed = nir**exponent * factor
    if contrast:
        exposed = adjust_contrast(exposed, _factor(contrast, rng))
    if noise:
        exposed = exposed + rng.standard_normal(nir.shape, np.float32) * np.float32(rng.uniform(0, noise))
    clipped: Floats = np.clip(exposed, 0, 1)
    return clipped


def soften(nir: Floats, rng: np.random.Generator, blur: float) -> Floats:
    """A Gaussian blur of at most ``blur`` pixels, as cheap lenses have it, on every second picture."""
    if not blur or rng.random() < 0.5:
        return nir
    softened = cv2.GaussianBlur(nir, (0, 0), max(0.1, rng.uniform(0, blur)))
    return np.asarray(softened, np.float32)


def jitter_rgb(rgb: Floats, rng: np.random.Generator, *, exposure: float, saturation: float) -> Floats:
    """Random exposure and saturation of a reference, (H, W, 3) in [0, 1].

    ``exposure`` is the logarithm of the largest gain, ``saturation`` the largest relative change of HSV saturation
    (HAQAGen section 4.1: 0.1).
    """
    if exposure:
        rgb = np.clip(rgb * _factor(exposure, rng), 0, 1)
    if saturation:
        rgb = adjust_saturation(rgb, 1 + rng.uniform(-1, 1) * saturation)
    return rgb


def adjust_contrast(nir: Floats, factor: float) -> Floats:
    """Distances from the mean times ``factor``; the result may leave [0, 1]."""
    mean = nir.mean(dtype=np.float64)
    adjusted: Floats = (nir - np.float32(mean)) * np.float32(factor) + np.float32(mean)
    return adjusted


def adjust_saturation(rgb: Floats, factor: float) -> Floats:
    """HSV saturation times ``factor``, at most 1; hue and value stay. ``rgb``: (H, W, 3) in [0, 1].

    S = (max - min) / max, so that moving all channels away from the largest by one factor changes nothing but S.
    """
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    value = np.maximum(np.maximum(red, green), blue)
    spread = value - np.minimum(np.minimum(red, green), blue)
    most = np.divide(value, spread, out=np.ones_like(value), where=spread > 0)  # brings the smallest channel to 0
    scale = np.minimum(most, np.float32(max(0.0, factor)))
    adjusted: Floats = value[..., None] - (value[..., None] - rgb) * scale[..., None]
    return np.maximum(adjusted, 0, out=adjusted)


def _factor(strength: float, rng: np.random.Generator) -> float:
    """Between exp(-strength) and exp(strength), as likely above 1 as below."""
    return math.exp(rng.uniform(-1, 1) * strength)
