"""What is asked of a tone, and what those that find one have in common: passes over blocks, curves, words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nircolor.image.raster import Samples
from nircolor.image.tone.histogram import Mask, row_blocks
from nircolor.image.tone.stretch import Stretch

Span = tuple[float, float]
"""Stored values that mean 0 and 1 where no stretch says otherwise."""

Tone = Callable[[Samples], NDArray[np.float32]]
"""Stored samples -> greys in [0, 1] of the same shape, fresh."""

_FEW = 0.01  # part of the values that may lie outside a given range without a word


@dataclass(frozen=True)
class Toning:
    """What is asked for. ``size``: pixels of the picture."""

    size: int
    span: Span
    inverted: bool = False
    """True where 0 is white."""
    stretch: Stretch = field(default_factory=Stretch)
    equalize: bool = False
    curve: NDArray[np.float64] | None = None
    """(n,) how bright greys from 0 to 1 look under the file's profile; None: as they are."""
    hint: bool = True
    """Whether a picture that comes out dark is worth a word."""

    @property
    def plain(self) -> bool:
        """True where the values alone decide."""
        return self.stretch.kind == "none" and not self.equalize


class Collector(Protocol):
    """Learns something about a picture, block by block."""

    @property
    def done(self) -> bool:
        """True where no further block would change anything."""

    def add(self, samples: Samples, valid: Mask | None) -> None:
        """``samples`` (h, w), of which those that are ``valid`` (h, w; None = all) count."""


Scan = Callable[..., None]
"""Shows all blocks of a picture to the collectors that it is called with, or as many as they need."""


def apply_curve(curve: NDArray[np.float64], pixels: NDArray[np.float32]) -> None:
    """``pixels`` (H, W) in [0, 1], in place, to what ``curve`` (n,) has for them; it is linear between its points."""
    places = np.linspace(0, 1, curve.size)
    for rows in row_blocks(*pixels.shape[:2]):
        pixels[rows] = np.interp(pixels[rows], places, curve)


def flat(stretch: Stretch, value: float) -> list[str]:
    """What is said of a stretch whose two ends are ``value``."""
    if stretch.kind == "none":
        return []
    return [f"`stretch={stretch}` has no effect: both ends of the range are {value:g}"]


def clipped(outside: int, total: int, stretch: Stretch) -> list[str]:
    """A warning where it is more than noise: the range may be that of another series."""
    if outside <= _FEW * total:
        return []
    share = 100 * outside / total
    return [f"{share:.3g} % of its values lie outside `range={stretch.low:.10g},{stretch.high:.10g}`: clipped"]
