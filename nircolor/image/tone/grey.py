"""Three channels as one: grey is judged by how a picture is, not by its worst pixel.

Cameras and programs hand out grey pictures whose channels differ a little: a slight cast, chroma noise of a codec,
rounding of 16 bits, a small logo or a yellow clock. Colour pictures have colour in a good share of their pixels, those
of snow and fog too: docs/results.md says how both were counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import ColourInputError
from nircolor.image.raster import Samples
from nircolor.image.tone.histogram import Mask, row_blocks

RULES = ((8, 0.06), (16, 0.02))
"""Difference between channels (of 255), and the share of the pixels that may exceed it in a grey picture: one of these
has to hold. The first forgives a logo or a clock, the second a cast or noise everywhere."""

_SAMPLE = 1 << 18  # pixels that are enough to find how bright a picture is


class Channels:
    """Whether three channels are one, seen block by block; how far apart they are, and what counts as white.

    The sample of deeper pictures is taken from every n-th row and column.
    """

    done = False

    def __init__(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> None:
        self.equal = True
        self._step = max(1, int((shape[0] * shape[1] / _SAMPLE) ** 0.5))
        self._deep, self._row, self._bright = dtype != np.uint8, 0, list[NDArray[Any]]()
        self._spreads = None if dtype.kind == "f" else np.zeros(int(np.iinfo(dtype).max) + 1, np.int64)

    def add(self, planes: Sequence[Samples], valid: Mask | None) -> None:
        """The next rows: three planes (h, W), and the pixels that count (None: all)."""
        first, *others = planes
        floats = first.dtype.kind == "f"
        equal = all(np.array_equal(first, other, equal_nan=floats) for other in others)
        self.equal = self.equal and equal
        if self._spreads is not None and equal:
            self._spreads[0] += first.size if valid is None else int(np.count_nonzero(valid))
        elif self._spreads is not None:
            self._spreads += np.bincount(_spread(planes, valid), minlength=self._spreads.size)
        if self._deep:
            self._bright.append(self._sample(planes, valid))
        self._row += len(first)

    def _sample(self, planes: Sequence[Samples], valid: Mask | None) -> NDArray[Any]:
        rows, columns = slice(-self._row % self._step, None, self._step), slice(None, None, self._step)
        sample = np.maximum.reduce([plane[rows, columns] for plane in planes])
        return np.asarray(sample[np.isfinite(sample) if valid is None else np.isfinite(sample) & valid[rows, columns]])

    def white(self) -> float:
        """The stored value that counts as white. 8 bits are made to be looked at; deeper pictures may use a part of
        their range only, 12 of 16 bits or other units, and there the brightest thousandth counts.
        """
        if not self._deep:
            return 255.0
        bright = np.concatenate(self._bright)
        return max(float(np.percentile(bright, 99.9)), 0.0) if bright.size else 0.0

    def shares(self) -> list[float]:
        """For each of ``RULES`` the share of the pixels, of those that count, whose channels are further apart.

        Of integers; for floats that takes a second pass, ``Shares``.
        """
        if self._spreads is None:
            raise TypeError("floats need a second pass")
        above = [int(self._spreads[int(limit) + 1 :].sum()) for limit in _limits(self.white())]
        return [count / max(int(self._spreads.sum()), 1) for count in above]


class Shares:
    """``Channels.shares`` of floats, once it is known what counts as ``white``."""

    done = False

    def __init__(self, white: float) -> None:
        self._limits, self._counts, self._counted = _limits(white), [0] * len(RULES), 0

    def add(self, planes: Sequence[Samples], valid: Mask | None) -> None:
        """See ``Channels``."""
        spread = _spread(planes, valid)
        self._counted += spread.size
        pairs = zip(self._counts, self._limits, strict=True)
        self._counts = [count + int(np.count_nonzero(spread > limit)) for count, limit in pairs]

    def shares(self) -> list[float]:
        """See ``Channels``."""
        return [count / max(self._counted, 1) for count in self._counts]


def remark(shares: list[float], noisy: bool, alpha_band: int | None, infrared: int | None = None) -> list[str]:
    """What is said of a picture whose channels differ as ``shares`` say, little; ``noisy``: so a codec leaves them.

    Raises ``ColourInputError`` for a colour picture; ``alpha_band``: which band of it is taken for transparency,
    ``infrared``: which is near-infrared.
    """
    if all(share > most for share, (_, most) in zip(shares, RULES, strict=True)):
        raise _refusal(alpha_band, infrared, shares[0])
    if not shares[0] and noisy:
        return []
    (low, _), (high, _) = RULES
    small, large = map(_percent, shares)
    return [
        f"its channels differ, but little (by more than {low} of 255 in {small} of its pixels, by more than {high} in "
        f"{large}): read as grey, by their luma"
    ]


def _refusal(alpha_band: int | None, infrared: int | None, share: float) -> ColourInputError:
    bands = "`band=1`, 2 or 3"
    if alpha_band:
        bands = f"`band=1` to {alpha_band} ({alpha_band} is marked as transparency)"
    if infrared:
        bands = f"`band={infrared}`"
    return ColourInputError(
        f"is a colour picture: its three channels differ, by more than {RULES[0][0]} of 255 in {_percent(share)} of "
        "its pixels",
        remedy=f"take their luma with `grey=True`, or the one that is near-infrared with {bands}",
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _limits(white: float) -> list[float]:
    return [difference / 255 * white for difference, _ in RULES]


def _spread(planes: Sequence[Samples], valid: Mask | None) -> NDArray[Any]:
    """(n,) largest less smallest channel of each pixel; NaN, which exceeds nothing, where one is not finite."""
    spread = np.asarray(np.maximum.reduce(planes) - np.minimum.reduce(planes))
    return spread.ravel() if valid is None else spread[valid]


def luma_of(planes: Sequence[Samples]) -> Samples:
    """(h, w) of red, green and blue; integers that are equal stay what they are."""
    # BT.601, the luma that JPEG and WebP store: it gives back the grey that went in before chroma noise
    if planes[0].dtype.kind == "f":
        red, green, blue = planes
        return np.asarray(np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue)
    if all(np.array_equal(planes[0], other) for other in planes[1:]):
        return planes[0]
    luma = np.empty_like(planes[0], order="C")
    height, width = luma.shape
    for rows in row_blocks(height, width):
        red, green, blue = (plane[rows].astype(np.uint32) for plane in planes)
        luma[rows] = (299 * red + 587 * green + 114 * blue + 500) // 1000
    return luma
