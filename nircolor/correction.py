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

from nircolor.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

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

    def apply(self, rgb: Tensor, nir: Tensor) -> Tensor:
        """Where NIR is black or blown, pixels stay as they are: neutral.

        Args:
            rgb: (..., 3) sRGB-coded, in [0, 1]. nir: (...) in [0, 1], what the colours were made of.

        Returns (..., 3) in [0, 1]; ``rgb`` itself where all factors are 1.
        """
        if not self.factors:
            return rgb
        import torch

        from nircolor.model.ends import BLACK, WHITE, ramp

        corrected = rgb if self.colour == 1 else scale_chroma(rgb, self.colour).clamp(0, 1)
        if self.brightness != 1 or self.warmth != 1:
            light = self._balanced(_to_linear(corrected), nir) * self.brightness
            corrected = _to_srgb(light.clamp(0, 1))
        share = ramp(nir / BLACK) * ramp((1 - nir) / WHITE)
        return torch.lerp(rgb, corrected, share[..., None].expand_as(rgb)).clamp(0, 1)

    def _balanced(self, light: Tensor, nir: Tensor) -> Tensor:
        """Red times the root of the warmth, blue over it, then all three times what keeps the luminance."""
        if self.warmth == 1:
            return light
        from nircolor.model.ends import DARK, ramp

        root = self.warmth ** (ramp(nir / DARK) / 2)  # darkness is not tinted
        weights = light.new_tensor(LUMINANCE)
        warm = light * root[..., None] ** light.new_tensor([1.0, 0.0, -1.0])
        return warm * ((light @ weights) / (warm @ weights).clamp_min(1e-6))[..., None]


def scale_chroma(rgb: Tensor, factor: float) -> Tensor:
    """(..., 3) coded, with ``factor`` times as much of what sets each pixel apart from its luma."""
    grey = (rgb @ rgb.new_tensor(LUMA))[..., None]
    return grey + factor * (rgb - grey)


def _to_linear(srgb: Tensor) -> Tensor:
    """sRGB-coded -> linear light (IEC 61966-2-1), both in [0, 1]."""
    import torch

    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _to_srgb(light: Tensor) -> Tensor:
    import torch

    return torch.where(light <= 0.0031308, light * 12.92, 1.055 * light.clamp_min(0.0031308) ** (1 / 2.4) - 0.055)
