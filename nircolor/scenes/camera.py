"""From light to pictures: lens, exposure, colour matrix, sRGB curve, sensor noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import UsageError
from nircolor.image.quantize import round_to
from nircolor.scenes.noise import Field

# Gaussian sensors overlap, so raw colours are pale; every row sums to 1, so that greys stay grey.
_MATRIX = np.array([[1.70, -0.57, -0.13], [-0.25, 1.55, -0.30], [0.02, -0.45, 1.43]], np.float32)


@dataclass(frozen=True)
class Exposure:
    """``key`` and ``middle``: where the bright parts and the geometric mean of a picture land; ``read`` and ``shot``:
    the two parts of the sensor's noise at full scale. All are linear light; 1 is the brightest the sensor can hold.
    ``percentile`` of the pixels count as not bright; ``push`` is how far bright parts may exceed ``key`` for the mean's
    sake."""

    key: float = 0.74
    middle: float = 0.17
    percentile: float = 97.0
    push: float = 1.4
    read: float = 0.0015
    shot: float = 0.006


COLOUR = Exposure()
INFRARED = Exposure(key=0.76, middle=0.23, push=1.7)


def soften(light: Field) -> Field:
    """Blur (H, W, 4) by the lens: weights 1/8, 3/4, 1/8 along both axes, edges repeated."""
    for axis in (0, 1):
        pad = [(1, 1) if n == axis else (0, 0) for n in range(3)]
        wide = np.pad(light, pad, mode="edge")
        before, after = np.delete(wide, np.s_[-2:], axis), np.delete(wide, np.s_[:2], axis)
        light = light * np.float32(0.75) + (before + after) * np.float32(0.125)
    return light


def encode(linear: Field) -> Field:
    """The sRGB curve: linear [0, 1] to encoded [0, 1]."""
    low = linear * np.float32(12.92)
    high = np.float32(1.055) * np.power(np.maximum(linear, 1e-8), np.float32(1 / 2.4)) - np.float32(0.055)
    return np.where(linear <= 0.0031308, low, high).astype(np.float32)


def _expose(values: Field, meter: Field, exposure: Exposure) -> Field:
    bright = exposure.key / max(float(np.percentile(meter, exposure.percentile)), 1e-3)
    middle = exposure.middle / max(float(np.exp(np.mean(np.log(np.maximum(meter, 0.0) + 1e-3)))), 1e-3)
    gain = np.float32(min(max(bright, middle), exposure.push * bright, 12.0))
    return np.asarray(values * gain, dtype=np.float32)


def _shoulder(linear: Field, knee: float = 0.7) -> Field:
    """Roll highlights off above ``knee``, so that they keep their colour and never clip hard."""
    room = np.float32(1.0 - knee)
    over = np.maximum(linear - np.float32(knee), 0.0)
    return np.where(linear > knee, knee + room * (1.0 - np.exp(-over / room)), linear).astype(np.float32)


def _noise(linear: Field, exposure: Exposure, rng: np.random.Generator) -> Field:
    spread = np.sqrt(np.float32(exposure.read**2) + np.float32(exposure.shot**2) * np.maximum(linear, 0.0))
    return np.asarray(linear + spread * rng.standard_normal(linear.shape, dtype=np.float32))


def develop(light: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """(H, W, 4) light to the near-infrared picture (H, W) and the colour picture (H, W, 3), encoded, in [0, 1]."""
    light = soften(light)
    colour = _expose(light[..., :3], light[..., 1], COLOUR)
    infrared = _expose(light[..., 3], light[..., 3], INFRARED)
    colour = _noise(colour, COLOUR, rng) @ _MATRIX.T
    infrared = _noise(infrared, INFRARED, rng)
    return _finish(infrared), _finish(colour)


def _finish(linear: Field) -> Field:
    return np.asarray(np.clip(encode(_shoulder(linear)), 0.0, 1.0), dtype=np.float32)


def quantise(values: Field, bits: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Values in [0, 1], any shape, to whole numbers of 8 or 16 bits, rounded to nearest, halves to even; what lies
    outside is clipped. Raises :class:`~nircolor.errors.UsageError` for any other number of bits."""
    if bits not in (8, 16):
        raise UsageError(f"{bits} bits are not supported: use 8 or 16")
    return round_to(values.astype(np.float64), np.dtype(f"uint{bits}"))
