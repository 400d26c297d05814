"""What every decoder hands over: stored samples, untouched, with what is needed to understand them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import InputError
from nircolor.image import bands as names
from nircolor.image.bands import Band, BandLabel
from nircolor.image.geo.tags import Geo
from nircolor.image.metadata.kept import Metadata
from nircolor.image.tiff.page_list import Page

Samples = NDArray[Any]
"""(H, W) uint8, uint16 or float32."""

Damaged = Literal["refuse", "nodata"]
"""What becomes of a tile or strip that cannot be decoded: an error, or pixels that are no picture."""


@dataclass
class Raster:
    """Stored samples of one picture, before orientation and tone."""

    format: str
    planes: list[Samples]
    """The chosen bands: one, or red, green and blue."""
    alpha: Samples | None = None
    alpha_band: int | None = None
    """Which band of the file, from 1, ``alpha`` is; None where it is none of them."""
    infrared: int | None = None
    """Which band of the file, from 1, is near-infrared by what the file says; None where it does not."""
    peak: float = 1.0
    """Stored value that means 1.0: 255, 65535, 4095 for 12 bits in 16, 1.0 for floats."""
    black: float = 0.0
    """Stored value that means 0."""
    type_peak: float | None = None
    """``peak`` where ``levels`` prove wrong, and what means opaque; None where there are none."""
    levels: str = "black and white level"
    """Where ``black`` and ``peak`` are from."""
    palette: NDArray[Any] | None = None
    """(n, N) uint8 or uint16: the colours, of the n chosen bands, that the one plane is a plane of numbers of."""
    nodata: float | None = None
    """Value, among these samples, of pixels that are no picture."""
    declared: float | None = None
    """The same as the file declares it, where that is another number."""
    depth: str | None = None
    """Type of the output where it is not that of the samples: uint16 for whole numbers of 32 bits."""
    gaps: bool = False
    """True where a ``Stored`` may find that some pixels are gone."""
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
    metadata: Metadata = field(default_factory=Metadata)
    geo: Geo | None = None
    """Of the stored pixels, before orientation."""
    bits: int | None = None
    """How many of the 16 bits of uint16 the format says that count; None for all."""
    compression: str = "deflate"
    warnings: list[str] = field(default_factory=list)

    @property
    def told_nodata(self) -> float:
        """The value for no data as the file has it, for messages; NaN where there is none."""
        told = self.nodata if self.declared is None else self.declared
        return math.nan if told is None else told


@dataclass(frozen=True)
class Request:
    """Which part of a file is wanted; bands (that may have names) and pages count from 1, None = the only one."""

    band: Band | None = None
    page: int | Page | None = None
    damaged: Damaged = "refuse"

    @property
    def page_number(self) -> int | None:
        """That of ``page``."""
        return self.page if self.page is None or isinstance(self.page, int) else self.page.number


@dataclass(frozen=True)
class Bands:
    """Which samples of a pixel to read, counted from 0."""

    colour: tuple[int, ...]
    alpha: int | None

    @property
    def all(self) -> tuple[int, ...]:
        """Colours first, then alpha."""
        return self.colour if self.alpha is None else (*self.colour, self.alpha)

    @property
    def alpha_band(self) -> int | None:
        """The same from 1."""
        return None if self.alpha is None else self.alpha + 1


def choose_bands(count: int, alpha: int | None, band: Band | None, labels: Sequence[BandLabel] = ()) -> Bands:
    """Choose among ``count`` samples a pixel, of which number ``alpha`` (from 0) is the mask.

    ``labels``: what the file says of each of them. Raises ``InputError`` where the choice is not obvious or ``band``
    (from 1, or a name) is not there.
    """
    if alpha is not None and alpha < len(labels) and labels[alpha].near_infrared:
        alpha = None  # four bands of an aerial camera, of which the file takes the last for transparency
    if isinstance(band, str):
        band = names.find(labels, band, count) + 1
    if band is not None:
        if band > count:
            raise InputError(f"has no band {band}", remedy=f"choose `band=1` to {count}")
        return Bands((band - 1,), None if band - 1 == alpha else alpha)
    colour = tuple(index for index in range(count) if index != alpha)
    if len(colour) in (1, 3):
        return Bands(colour, alpha)
    told = f" ({names.listing(labels, colour)})" if any(map(str, labels)) else ""
    likely = names.near_infrared(labels)
    which = "" if likely is None else f"; `band={likely + 1}` seems to be it"
    remedy = f"say which one is near-infrared with `band=1` to {count}{which}"
    raise InputError(f"has {len(colour)} bands{told}", remedy=remedy)


def only_page(page: int | Page | None) -> None:
    """Raise ``InputError`` where another page than the first is asked of a file that has just one."""
    if page not in (None, 1):
        raise InputError(f"has one page only, not {page}", remedy="leave `page` out")


def pick(pixels: Samples, bands: Bands) -> tuple[list[Samples], Samples | None]:
    """Split (H, W) or (H, W, C) ``pixels`` into the chosen planes and the alpha plane, all views (H, W)."""
    stack = pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]
    alpha = None if bands.alpha is None else stack[:, :, bands.alpha]
    return [stack[:, :, index] for index in bands.colour], alpha
