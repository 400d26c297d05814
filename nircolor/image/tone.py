"""Tone: which grey in [0, 1] a stored value becomes. Range from the dtype, stretch, equalisation, the file's profile.

What depends on the whole picture is found first, in passes over blocks of it (``find``); what comes of that is a
function of the single value, which gives the same greys for a window as for the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nircolor.image.histogram import Mask, row_blocks
from nircolor.image.raster import Samples
from nircolor.image.stretch import Stretch

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


def find(dtype: np.dtype[Any], scan: Scan, toning: Toning) -> tuple[Tone, list[str]]:
    """The tone of a picture of ``dtype`` that ``scan`` shows, and warnings.

    Without a stretch, ``toning.span`` becomes 0 to 1, and what is outside is clipped. A stretch whose two ends fall
    together (a constant picture) is left out. NaN becomes 0, infinity 1, minus infinity 0. The profile's curve comes
    last, but not after an equalisation: ranks are the same under every profile.
    """
    from nircolor.image import tone_floats, tone_levels  # which are made of what is defined here

    return (tone_floats if dtype.kind == "f" else tone_levels).find(dtype, scan, toning)


def to_unit(
    samples: Samples,
    peak: float,
    inverted: bool,
    stretch: Stretch,
    equalize: bool,
    valid: Mask | None,
    black: float = 0.0,
) -> tuple[NDArray[np.float32], list[str]]:
    """(H, W) stored ``samples`` -> (H, W) float32 in [0, 1], and warnings.

    ``peak``: the stored value that means 1.0 (1.0 for floats), ``black``: the one that means 0. ``inverted``: 0 is
    white. ``valid`` (H, W): the pixels that count for stretch and equalisation; None = all. See ``find``.
    """
    toning = Toning(samples.size, (black, peak), inverted, stretch, equalize, hint=False)
    tone, warnings = find(samples.dtype, over(samples, valid), toning)
    pixels = np.empty(samples.shape, np.float32)
    for rows in row_blocks(*samples.shape):
        pixels[rows] = tone(samples[rows])
    return pixels, warnings


def over(samples: Samples, valid: Mask | None) -> Scan:
    """A scan of an array in memory, (H, W)."""

    def scan(*collectors: Collector) -> None:
        for rows in row_blocks(*samples.shape):
            for collector in collectors:
                if not collector.done:
                    collector.add(samples[rows], None if valid is None else valid[rows])

    return scan


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
