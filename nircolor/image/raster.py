"""What every decoder hands over: stored samples, untouched, with what is needed to understand them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import InputError

Samples = NDArray[Any]
"""(H, W) uint8, uint16 or float32."""


@dataclass
class Raster:
    """Stored samples of one picture, before orientation and tone."""

    format: str
    planes: list[Samples]
    """The chosen bands: one, or red, green and blue."""
    alpha: Samples | None = None
    alpha_band: int | None = None
    """Which band of the file, from 1, ``alpha`` is; None where it is none of them."""
    peak: float = 1.0
    """Stored value that means 1.0: 255, 65535, 4095 for 12 bits in 16, 1.0 for floats."""
    black: float = 0.0
    """Stored value that means 0."""
    nodata: float | None = None
    """Stored value of pixels that are no picture."""
    noisy: bool = False
    """True where a codec makes small differences between channels of its own, of which nobody needs to hear."""
    inverted: bool = False
    """True where 0 is white."""
    premultiplied: bool = False
    """True where the samples have been multiplied by alpha."""
    icc: bytes | None = None
    exif: bytes | None = None
    """As found, orientation not yet reset."""
    resolution: tuple[float, float] | None = None
    bits: int | None = None
    """How many of the 16 bits of uint16 the format says that count; None for all."""
    compression: str = "deflate"
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Request:
    """Which part of a file is wanted; both count from 1, None = the only one there is."""

    band: int | None = None
    page: int | None = None


class UndevelopedError(InputError):
    """The file is sound, but what is asked for are the samples of a camera's sensor: camera raw."""


@dataclass(frozen=True)
class Bands:
    """Which samples of a pixel to read, counted from 0."""

    colour: tuple[int, ...]
    alpha: int | None

    @property
    def alpha_band(self) -> int | None:
        """The same from 1."""
        return None if self.alpha is None else self.alpha + 1


def choose_bands(count: int, alpha: int | None, band: int | None) -> Bands:
    """Choose among ``count`` samples a pixel, of which number ``alpha`` (from 0) is the mask.

    Raises ``InputError`` where the choice is not obvious or ``band`` (from 1) is not there.
    """
    if band is not None:
        if band > count:
            raise InputError(f"has no band {band}", remedy=f"choose `band=1` to {count}")
        return Bands((band - 1,), None if band - 1 == alpha else alpha)
    colour = tuple(index for index in range(count) if index != alpha)
    if len(colour) in (1, 3):
        return Bands(colour, alpha)
    remedy = f"say which one is near-infrared with `band=1` to {count}"
    raise InputError(f"has {len(colour)} bands", remedy=remedy)


def only_page(page: int | None) -> None:
    """Raise ``InputError`` where another page than the first is asked of a file that has just one."""
    if page not in (None, 1):
        raise InputError(f"has one page only, not {page}", remedy="leave `page` out")


def pick(pixels: Samples, bands: Bands) -> tuple[list[Samples], Samples | None]:
    """Split (H, W) or (H, W, C) ``pixels`` into the chosen planes and the alpha plane, all views (H, W)."""
    stack = pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]
    alpha = None if bands.alpha is None else stack[:, :, bands.alpha]
    return [stack[:, :, index] for index in bands.colour], alpha
