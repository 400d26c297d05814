"""Colours in [0, 1] to the samples that a codec takes, rounded once, from float.

libswscale does the same in integers; with 10 bits it was up to 3.7 levels off where this is at most half a level off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

BT709, UNSPECIFIED, BT601, BT2020 = 1, 2, 6, 9
"""Numbers of ITU-T H.273. Those of BT.601 and BT.709 are the same for primaries, transfer and matrix."""

WEIGHTS = {BT709: (0.2126, 0.0722), 5: (0.299, 0.114), BT601: (0.299, 0.114), BT2020: (0.2627, 0.0593)}
"""Shares of red and blue in luma, by matrix (ITU-T H.273, table 4)."""

HD_ROWS = 720
"""From so many rows on, players take untagged video for BT.709."""


@dataclass(frozen=True)
class Colour:
    """What samples mean: primaries, transfer and matrix as of ITU-T H.273, 0 for RGB, and the range."""

    primaries: int
    transfer: int
    matrix: int
    full_range: bool


@dataclass(frozen=True)
class Layout:
    """How samples lie. ``pixels``: FFmpeg's name. ``centred``: chroma lies between columns, as in JPEG, not on them."""

    pixels: str
    centred: bool = False

    @property
    def is_rgb(self) -> bool:
        return not self.pixels.startswith("yuv")

    @property
    def bits(self) -> int:
        """Of a sample."""
        return next((bits for bits in (10, 12, 16) if self.pixels.endswith(f"{bits}le")), 8)

    @property
    def steps(self) -> tuple[int, int]:
        """Rows and columns that share one sample of chroma."""
        return (2 if "420" in self.pixels else 1), (2 if "420" in self.pixels or "422" in self.pixels else 1)


def colour_of(tags: tuple[int, int, int], full_range: bool, rows: int) -> Colour:
    """Colours of a video: those of its source as far as that is tagged, else what is usual for so many rows."""
    primaries, transfer, matrix = tags
    if matrix not in WEIGHTS:
        matrix = BT709 if rows >= HD_ROWS else BT601
    usual = BT2020 if matrix == BT2020 else BT709
    return Colour(
        primaries if primaries > UNSPECIFIED or primaries == BT709 else usual,
        transfer if transfer > UNSPECIFIED or transfer == BT709 else BT709,
        matrix,
        full_range,
    )


def planes(rgb: NDArray[np.floating], layout: Layout, colour: Colour) -> list[NDArray[Any]]:
    """(H, W, 3) in [0, 1] -> samples as ``layout`` has them: one array a plane, uint8 or uint16.

    Sides have to be multiples of ``layout.steps``.
    """
    rgb = np.clip(rgb.astype(np.float32, copy=False), 0, 1)
    if layout.is_rgb:
        return _rgb_planes(rgb, layout)
    sampled: Any = cv2.transform(np.ascontiguousarray(rgb), matrix_of(layout.bits, colour))  # (H, W, 3) Y Cb Cr
    luma, *chroma = (np.ascontiguousarray(sampled[..., i]) for i in range(3))
    return [_rounded(plane, layout.bits) for plane in (luma, *(_reduced(plane, layout) for plane in chroma))]


def matrix_of(bits: int, colour: Colour) -> NDArray[np.float32]:
    """(3, 4): R'G'B' in [0, 1] and 1 -> Y', Cb, Cr in levels (ITU-T H.273, 8.3)."""
    red, blue = WEIGHTS[colour.matrix]
    luma = np.array([red, 1 - red - blue, blue])
    shares = np.stack([luma, ([0, 0, 1] - luma) / (2 - 2 * blue), ([1, 0, 0] - luma) / (2 - 2 * red)])
    unit, most = 2 ** (bits - 8), 2**bits - 1
    spans = [most] * 3 if colour.full_range else [219 * unit, 224 * unit, 224 * unit]
    zeros = [0 if colour.full_range else 16 * unit, 128 * unit, 128 * unit]
    return np.column_stack([shares * np.array(spans)[:, None], zeros]).astype(np.float32)


def _reduced(plane: NDArray[np.float32], layout: Layout) -> NDArray[np.float32]:
    """Chroma at its own resolution: columns lie on every second one of luma, rows between two."""
    down, across = layout.steps
    if (down, across) == (1, 1):
        return plane
    rows = np.array([0.5, 0.5] if down == 2 else [1], np.float32)
    columns = np.array([0.5, 0.5] if layout.centred else [0.25, 0.5, 0.25], np.float32)
    anchor = (0 if layout.centred else 1, 0)
    smooth: Any = cv2.sepFilter2D(plane, -1, columns, rows, anchor=anchor, borderType=cv2.BORDER_REPLICATE)
    reduced: NDArray[np.float32] = smooth[::down, ::across]
    return reduced


def _rgb_planes(rgb: NDArray[np.float32], layout: Layout) -> list[NDArray[Any]]:
    red, green, blue = (_rounded(rgb[..., i] * (2**layout.bits - 1), layout.bits) for i in range(3))
    if layout.pixels == "bgr0":
        return [np.dstack([blue, green, red, np.full_like(red, 255)]).reshape(len(red), -1)]
    return [green, blue, red]


def _rounded(levels: NDArray[np.float32], bits: int) -> NDArray[Any]:
    rounded: NDArray[Any] = np.clip(np.rint(levels), 0, 2**bits - 1).astype(np.uint8 if bits == 8 else np.uint16)
    return rounded
