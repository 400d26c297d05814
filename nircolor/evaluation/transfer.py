"""sRGB-coded values and linear light (IEC 61966-2-1)."""

from __future__ import annotations

import numpy as np

from nircolor.evaluation.metric import Image


def to_linear(srgb: Image) -> Image:
    """sRGB-coded values -> linear light, both in [0, 1]."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_srgb(light: Image) -> Image:
    """Linear light -> sRGB-coded values, both in [0, 1]."""
    coded = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, coded).astype(np.float32)
