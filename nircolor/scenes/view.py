"""Where the camera stands, where the sun is, how far one can see: what every layer of a scene shares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import cos, radians, sin

import numpy as np

from nircolor.scenes.noise import Field
from nircolor.scenes.spectra import AEROSOL, RAYLEIGH, SKY, SUN, WAVELENGTHS, Bands, band_values, scattered

FOCAL = 0.95  # in units of the longer side of the picture: a field of view of 55 degrees across


@dataclass(frozen=True)
class Viewpoint:
    """A level camera. Metres: x to the right, y up, z ahead. ``u``, ``v`` count the longer side of the picture.

    ``lift`` is how far above the horizon the centre of the picture lies, ``eye`` the height of the camera above y = 0.
    The longer side always spans the same angle, so a seed keeps its composition at any size.
    """

    height: int
    width: int
    lift: float = 0.05
    eye: float = 1.7

    @property
    def scale(self) -> int:
        """Pixels of the longer side."""
        return max(self.height, self.width)

    @cached_property
    def u(self) -> Field:
        """(W,) horizontal place of each column, 0 in the middle."""
        return ((np.arange(self.width, dtype=np.float32) + 0.5) - self.width / 2) / np.float32(self.scale)

    @cached_property
    def v(self) -> Field:
        """(H,) vertical place of each row, 0 on the horizon, positive above it."""
        rows = self.height / 2 - (np.arange(self.height, dtype=np.float32) + 0.5)
        return rows / np.float32(self.scale) + np.float32(self.lift)

    def column(self, u: float) -> float:
        """Fractional column index of ``u`` (pixel centres are whole numbers)."""
        return u * self.scale + self.width / 2 - 0.5

    def row(self, v: float) -> float:
        """Fractional row index of ``v`` (pixel centres are whole numbers)."""
        return self.height / 2 - 0.5 - (v - self.lift) * self.scale


@dataclass(frozen=True)
class Sun:
    """Where the sun stands: ``elevation`` and ``behind`` (how far behind the camera) in degrees, ``side`` +1 right."""

    elevation: float = 40.0
    behind: float = 25.0
    side: int = 1

    @property
    def direction(self) -> tuple[float, float, float]:
        """Unit vector towards the sun (x, y, z)."""
        flat = cos(radians(self.elevation))
        across, back = cos(radians(self.behind)), sin(radians(self.behind))
        return self.side * flat * across, sin(radians(self.elevation)), -flat * back


@dataclass(frozen=True)
class Air:
    """Air between the eye and a thing: ``visibility`` in metres. Blue scatters most, near infrared least."""

    visibility: float = 60000.0

    @cached_property
    def extinction(self) -> Bands:
        """(4,) per metre."""
        mix = 0.45 * (WAVELENGTHS / 550.0) ** -4.0 + 0.55 * AEROSOL
        light = SUN + SKY
        return band_values(mix * 3.0 / self.visibility, light) / band_values(np.ones_like(mix), light)

    @cached_property
    def airlight(self) -> Bands:
        """(4,) what an endless path of air sends to the eye: the sky just above the horizon."""
        return scattered((RAYLEIGH + 0.06 * AEROSOL) * 7.0) * np.float32(0.55)

    def veil(self, radiance: Field, distance: Field | float) -> Field:
        """``radiance`` (..., 4) as it looks from ``distance`` (...) metres."""
        thickness = np.multiply.outer(np.asarray(distance, np.float32), -self.extinction)
        clear = np.exp(thickness, out=thickness)
        return np.asarray(self.airlight + (radiance - self.airlight) * clear, dtype=np.float32)
