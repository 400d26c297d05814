"""What a window of stored samples shows, pixel by pixel: nothing here depends on the rest of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import InputError
from nircolor.image import nodata
from nircolor.image.raster import Raster, Samples
from nircolor.image.stored import Block
from nircolor.image.tone.grey import luma_of
from nircolor.image.tone.histogram import Mask


@dataclass(frozen=True)
class Part:
    """A window: its bands, its transparency, and where it has no data."""

    planes: list[Samples]
    """One, or red, green and blue, each (h, w)."""
    alpha: NDArray[np.float32] | None
    """(h, w) in [0, 1], as the file has it."""
    empty: Mask | None
    """(h, w) True where the samples are the nodata value; None = nowhere."""
    lost: Mask | None
    """(h, w) True where the file has no samples that can be read; None = nowhere."""

    @property
    def gone(self) -> Mask | None:
        """(h, w) True where there is no data, for either reason; None = nowhere."""
        if self.empty is None or self.lost is None:
            return self.lost if self.empty is None else self.empty
        return self.empty | self.lost

    @property
    def valid(self) -> Mask | None:
        """(h, w) True for the pixels that are picture: neither transparent nor without data; None for all."""
        gone, opaque = self.gone, None if self.alpha is None else self.alpha > 0
        if gone is None:
            return opaque
        return ~gone if opaque is None else opaque & ~gone


def part_of(block: Block, meaning: Raster) -> Part:
    """``block`` as ``meaning`` explains it. Raises ``InputError`` where its palette is too short."""
    empty = nodata.missing(block.planes, meaning.nodata)
    if empty is not None and block.gone is not None:
        empty &= ~block.gone  # each pixel is counted once
    planes = block.planes if meaning.palette is None else _colours(meaning.palette, block, empty)
    alpha = None if block.alpha is None else _alpha(block.alpha, meaning.type_peak or meaning.peak)
    return Part(planes, alpha, empty, block.gone)


def _colours(palette: NDArray[np.unsignedinteger], block: Block, empty: Mask | None) -> list[Samples]:
    numbers = block.planes[0]
    for without in (empty, block.gone):
        numbers = numbers if without is None else np.where(without, 0, numbers)
    if int(numbers.max()) >= palette.shape[1]:
        raise InputError("is damaged: its palette has too few colours", remedy="get a fresh copy")
    return [band[numbers] for band in palette]


def _alpha(samples: Samples, peak: float) -> NDArray[np.float32]:
    pixels = samples.astype(np.float32)
    pixels /= np.float32(peak)
    return np.clip(np.nan_to_num(pixels, copy=False), 0, 1, out=pixels)


def samples_of(part: Part, luma: bool, premultiplied: bool) -> Samples:
    """(h, w) the one plane that ``part`` stands for: its first, or its ``luma``; 0 where there is no data."""
    samples = luma_of(part.planes) if luma else part.planes[0]
    if premultiplied and part.alpha is not None:
        samples = _divide(samples, part.alpha)
    gone = part.gone
    return samples if gone is None else np.where(gone, samples.dtype.type(0), samples)


def _divide(samples: Samples, alpha: NDArray[np.float32]) -> Samples:
    """Take the multiplication by alpha back; black where nothing is left of the colour."""
    colour = np.divide(samples, alpha, out=np.zeros(samples.shape, np.float32), where=alpha > 0)
    if samples.dtype.kind == "f":
        return colour
    return np.clip(np.rint(colour), 0, np.iinfo(samples.dtype).max).astype(samples.dtype)


def alpha_of(part: Part) -> NDArray[np.float32]:
    """(h, w) in [0, 1]: the transparency of ``part``, 0 where there is no data."""
    gone = part.gone
    if gone is None:
        return np.ones(part.planes[0].shape, np.float32) if part.alpha is None else part.alpha
    return np.where(gone, np.float32(0), np.float32(1) if part.alpha is None else part.alpha)
