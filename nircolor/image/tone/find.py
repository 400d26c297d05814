"""Tone: which grey in [0, 1] a stored value becomes. Range from the dtype, stretch, equalisation, the file's profile.

What depends on the whole picture is found first, in passes over blocks of it (``find``); what comes of that is a
function of the single value, which gives the same greys for a window as for the whole.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.image.raster import Samples
from nircolor.image.tone import floats as tone_floats
from nircolor.image.tone import levels as tone_levels
from nircolor.image.tone.histogram import Mask, row_blocks
from nircolor.image.tone.stretch import Stretch
from nircolor.image.tone.toning import Collector, Scan, Tone, Toning


def find(dtype: np.dtype[Any], scan: Scan, toning: Toning) -> tuple[Tone, list[str]]:
    """The tone of a picture of ``dtype`` that ``scan`` shows, and warnings.

    Without a stretch, ``toning.span`` becomes 0 to 1, and what is outside is clipped. A stretch whose two ends fall
    together (a constant picture) is left out. NaN becomes 0, infinity 1, minus infinity 0. The profile's curve comes
    last, but not after an equalisation: ranks are the same under every profile.
    """
    if dtype.kind == "f":
        return tone_floats.find(dtype, scan, toning)
    return tone_levels.find(dtype, scan, toning)


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
