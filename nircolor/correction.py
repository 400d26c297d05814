"""Corrections by hand, pixel by pixel: brightness, colour, warmth, where 1 is as the weights say.

    Correction(brightness=1.2)  a fifth more light: a mid grey of 128 becomes 139, and what passes white is clipped
    Correction(colour=1.3)      what sets a colour apart from the grey of its luma, times 1.3; 0 is a grey picture
    Correction(warmth=1.1)      red against blue, a tenth more in linear light, at the same luminance

A pixel's correction depends on the pixel alone, so that tiles and whole pictures agree.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from nircolor.ends import DARK, known, ramp
from nircolor.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

LUMA = (0.299, 0.587, 0.114)  # of coded red, green and blue: what stays when chroma is scaled
LUMINANCE = (0.2126, 0.7152, 0.0722)  # of linear red, green and blue: what stays when the balance changes
RANGES = {"brightness": (0.1, 10.0), "colour": (0.0, 10.0), "warmth": (0.1, 10.0)}


@dataclass(frozen=True)
class Correction:
    """Factors, 1: no change. brightness: of linear light, 0.1 to 10. colour: of chroma, 0 to 10. warmth: of red over
    blue in linear light, 0.1 to 10.
    """

    brightness: float = 1.0
    colour: float = 1.0
    warmth: float = 1.0

    def check(self) -> None:
        """Raises UsageError, naming the first factor that is out of its range or no number."""
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            if not number or not least <= value <= most:
                remedy = f"give a number from {least:g} to {most:g}; 1 is as the weights say"
                raise UsageError("out of range", option=name, value=value, remedy=remedy)

    @property
    def factors(self) -> dict[str, float]:
        """Those that change something, by name."""
        return {name: float(value) for name, value in asdict(self).items() if value != 1}

    def apply(self, rgb: Floats, nir: Floats) -> Floats:
        """Where NIR is black or blown, pixels stay as they are: neutral.

        Args:
            rgb: (..., 3) sRGB-coded, in [0, 1]. nir: (...) in [0, 1], what the colours were made of.

        Returns (..., 3) in [0, 1]; ``rgb`` itself where all factors are 1.
        """
        if not self.factors:
            return rgb
        corrected = rgb if self.colour == 1 else scale_chroma(rgb, self.colour).clip(0, 1)
        if self.brightness != 1 or self.warmth != 1:
            light = self._balanced(_to_linear(corrected), nir) * self.brightness
            corrected = _to_srgb(light.clip(0, 1))
        made: Floats = (rgb + (corrected - rgb) * known(nir)[..., None]).clip(0, 1)
        return made

    def _balanced(self, light: Floats, nir: Floats) -> Floats:
        """Red times the root of the warmth, blue over it, then all three times what keeps the luminance."""
        if self.warmth == 1:
            return light
        import numpy as np

        root = self.warmth ** (ramp(nir / DARK) / 2)  # darkness is not tinted
        weights, ways = np.array(LUMINANCE, np.float32), np.array([1, 0, -1], np.float32)
        warm = light * root[..., None] ** ways
        balanced: Floats = warm * ((light @ weights) / np.maximum(warm @ weights, 1e-6))[..., None]
        return balanced


def scale_chroma(rgb: Floats, factor: float) -> Floats:
    """(..., 3) coded, with ``factor`` times as much of what sets each pixel apart from its luma."""
    grey = luma_of(rgb)
    scaled: Floats = grey + factor * (rgb - grey)
    return scaled


def luma_of(rgb: Floats) -> Floats:
    """(..., 3) coded -> (..., 1)."""
    import numpy as np

    grey: Floats = (rgb @ np.array(LUMA, np.float32))[..., None]
    return grey


def _to_linear(srgb: Floats) -> Floats:
    """sRGB-coded -> linear light (IEC 61966-2-1), both in [0, 1]."""
    import numpy as np

    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _to_srgb(light: Floats) -> Floats:
    import numpy as np

    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)
