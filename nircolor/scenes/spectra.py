"""Spectral tables: how materials reflect, how sun and sky shine, what the four bands of the camera see.

Everything lives on one coarse grid, 400 to 1000 nm in 20 nm steps, and is built from a few analytic shapes. A pixel
never carries a spectrum: light and matter are integrated over the bands here, once a material, and the renderer only
mixes the results, which is exact because mixing is linear. Bands are always ordered red, green, blue, near infrared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Spectrum = NDArray[np.float64]
Bands = NDArray[np.floating[Any]]  # (..., 4) red, green, blue, near infrared; float32

WAVELENGTHS: Spectrum = np.arange(400.0, 1001.0, 20.0)


def _bump(centre: float, width: float) -> Spectrum:
    return np.exp(-0.5 * ((WAVELENGTHS - centre) / width) ** 2)


def _step(centre: float, width: float) -> Spectrum:
    return 1.0 / (1.0 + np.exp(-(WAVELENGTHS - centre) / width))


def _ramp(low: float, high: float) -> Spectrum:
    return np.interp(WAVELENGTHS, [400.0, 1000.0], [low, high])


def _plant(visible: float, green: float, plateau: float, yellow: float = 0.0) -> Spectrum:
    """A living leaf: chlorophyll absorbs at 450 and 670, the red edge stands at 715, cell walls scatter beyond it."""
    edge = _step(715.0, 9.0)
    pigment = visible + green * _bump(552.0, 32.0) + yellow * _step(560.0, 14.0)
    return pigment * (1.0 - edge) + edge * plateau * (1.0 - 0.10 * _bump(970.0, 25.0))


def _petal(colour: Spectrum) -> Spectrum:
    return 0.03 + colour * (1.0 - _step(710.0, 12.0)) + 0.58 * _step(710.0, 12.0)


MATERIALS: dict[str, Spectrum] = {
    "leaf": _plant(0.030, 0.070, 0.50),
    "leaf_young": _plant(0.042, 0.125, 0.55, 0.030),
    "leaf_dark": _plant(0.022, 0.036, 0.42),
    "leaf_autumn": _plant(0.035, 0.040, 0.52, 0.230),
    "conifer": _plant(0.020, 0.030, 0.34),
    "grass": _plant(0.040, 0.085, 0.47, 0.016),
    "grass_lush": _plant(0.036, 0.105, 0.54),
    "grass_dry": 0.05 + 0.24 * _step(560.0, 45.0) + _ramp(0.0, 0.16),
    "crop": _plant(0.040, 0.105, 0.50, 0.120),
    "scrub": _plant(0.060, 0.050, 0.36, 0.045),
    "bark": _ramp(0.05, 0.34),
    "soil": 0.035 + 0.10 * _step(600.0, 60.0) + _ramp(0.0, 0.17),
    "earth": 0.06 + 0.17 * _step(585.0, 45.0) + _ramp(0.0, 0.14),
    "sand": 0.14 + 0.26 * _step(545.0, 50.0) + _ramp(0.0, 0.13),
    "rock": 0.13 + 0.05 * _step(560.0, 80.0) + _ramp(0.0, 0.06),
    "rock_dark": 0.075 + 0.02 * _step(560.0, 80.0) + _ramp(0.0, 0.05),
    "rock_red": 0.07 + 0.24 * _step(590.0, 25.0) + _ramp(0.0, 0.09) - 0.05 * _bump(870.0, 50.0),
    "snow": 0.96 - 0.12 * _step(880.0, 40.0) - 0.05 * _bump(1000.0, 40.0),
    "water": 0.030 * _bump(480.0, 60.0) + 0.022 * _bump(550.0, 40.0),
    "asphalt": _ramp(0.075, 0.12),
    "concrete": 0.24 + 0.07 * _step(520.0, 70.0) + _ramp(0.0, 0.05),
    "plaster": 0.66 + 0.10 * _step(440.0, 25.0) + _ramp(0.0, 0.02),
    "paint_cream": 0.42 + 0.30 * _step(490.0, 25.0),
    "paint_ochre": 0.22 + 0.32 * _step(525.0, 26.0) + _ramp(0.0, 0.08),
    "paint_red": 0.08 + 0.26 * _step(600.0, 18.0) + _ramp(0.0, 0.16),
    "paint_blue": 0.17 + 0.13 * _bump(465.0, 50.0) + 0.42 * _step(745.0, 22.0),
    "paint_green": 0.12 + 0.09 * _bump(525.0, 40.0) + 0.20 * _step(780.0, 30.0),
    "brick": 0.07 + 0.20 * _step(585.0, 22.0) + _ramp(0.0, 0.16),
    "tile": 0.06 + 0.27 * _step(590.0, 24.0) + _ramp(0.0, 0.14),
    "slate": 0.09 + 0.02 * _bump(450.0, 50.0) + _ramp(0.0, 0.03),
    "glass": np.full_like(WAVELENGTHS, 0.035),
    "cloud": np.full_like(WAVELENGTHS, 0.92),
    "petal_white": _petal(np.full_like(WAVELENGTHS, 0.68)),
    "petal_yellow": _petal(0.66 * _step(510.0, 11.0)),
    "petal_red": _petal(0.52 * _step(602.0, 9.0)),
    "petal_violet": _petal(0.34 * _bump(440.0, 38.0) + 0.20 * _step(640.0, 14.0)),
}

_PLANCK = 1.0 / (WAVELENGTHS**5 * (np.exp(1.4388e7 / (WAVELENGTHS * 5778.0)) - 1.0))
_SPACE = _PLANCK / _PLANCK.max()
RAYLEIGH: Spectrum = 0.097 * (WAVELENGTHS / 550.0) ** -4.08
AEROSOL: Spectrum = (WAVELENGTHS / 550.0) ** -1.3
_OXYGEN_AND_VAPOUR = 1.0 - 0.15 * _bump(760.0, 8.0) - 0.30 * _bump(940.0, 25.0)
SUN: Spectrum = _SPACE * np.exp(-1.5 * (RAYLEIGH + 0.06 * AEROSOL)) * _OXYGEN_AND_VAPOUR
SKY: Spectrum = 0.19 * _SPACE * (0.92 * (WAVELENGTHS / 550.0) ** -3.8 + 0.08)

_LONG_PASS = _step(745.0, 10.0) * np.interp(WAVELENGTHS, [400.0, 720.0, 1000.0], [1.0, 1.0, 0.15])
SENSORS: Spectrum = np.stack([_bump(602.0, 34.0), _bump(540.0, 36.0), _bump(456.0, 28.0), _LONG_PASS])
_WHITE = SENSORS @ (SUN + SKY)


def band_values(spectrum: Spectrum, light: Spectrum) -> Bands:
    """(4,) what each band records of ``spectrum`` under ``light``; a white card in sun and sky records 1."""
    return np.asarray(SENSORS @ (spectrum * light) / _WHITE, dtype=np.float32)


def scattered(depth: Spectrum) -> Bands:
    """(4,) light that a column of air of optical thickness ``depth`` sends to the eye; 1 is a white card in the sun."""
    return band_values(1.0 - np.exp(-depth), _SPACE)


@dataclass(frozen=True)
class Palette:
    """Materials already lit, one row a name: ``sun`` (N, 4) in sunlight, ``sky`` (N, 4) in the light of the sky."""

    names: tuple[str, ...]
    sun: Bands
    sky: Bands


def palette(*names: str) -> Palette:
    """Integrate the named materials over the bands."""
    rows = [MATERIALS[name] for name in names]
    sun = np.stack([band_values(row, SUN) for row in rows])
    sky = np.stack([band_values(row, SKY) for row in rows])
    return Palette(names, sun, sky)
