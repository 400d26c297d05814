"""Another camera, another day: the random tones of a training sample. A strength of 0 leaves the values as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Tone:
    """A change of tone: three factors, each 1 where nothing changes."""

    gamma: float = 1.0  # exponent of the values
    gain: float = 1.0
    contrast: float = 1.0  # of distances from the mean

    def at(self, strength: float) -> Tone:
        """The same change, 0: not at all, 1: as it is."""
        return Tone(self.gamma**strength, self.gain**strength, self.contrast**strength)


def draw_tone(rng: np.random.Generator, *, gamma: float, gain: float, contrast: float) -> Tone:
    """A random tone; the strengths are logarithms of the largest factors."""
    return Tone(_factor(gamma, rng), _factor(gain, rng), _factor(contrast, rng) if contrast else 1.0)


def apply_tone(picture: Floats, tone: Tone) -> Floats:
    """Gamma, gain, and contrast around the picture's mean, clipped as a sensor clips; (H, W) or (H, W, 3) in [0, 1]."""
    if tone == Tone():
        return picture
    exposed = picture**tone.gamma * tone.gain
    clipped: Floats = np.clip(adjust_contrast(exposed, tone.contrast) if tone.contrast != 1 else exposed, 0, 1)
    return clipped


def add_noise(nir: Floats, rng: np.random.Generator, most: float) -> Floats:
    """Noise of a random standard deviation, at most ``most``, clipped; (H, W) in [0, 1]."""
    if not most:
        return nir
    noise = rng.standard_normal(nir.shape, np.float32) * np.float32(rng.uniform(0, most))
    noisy: Floats = np.clip(nir + noise, 0, 1)
    return noisy


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
