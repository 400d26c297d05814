"""What a reference changes, found on a small copy of a picture and made in the picture itself, tile by tile.

As in ``model/guided.py``: around each pixel the change is a linear function of near-infrared, whose gains and offsets
are enlarged, so that edges are as sharp as those of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nircolor.tiling import Box

_RADIUS = 2  # pixels of the small copy
_EDGE = 1e-4  # variance of near-infrared that counts as an edge


@dataclass(frozen=True)
class Change:
    """``gain`` and ``offset``: (h, w, 3) of the small copy. ``shape``: height and width of the picture."""

    gain: NDArray[np.float32]
    offset: NDArray[np.float32]
    shape: tuple[int, int]

    @classmethod
    def between(
        cls, before: NDArray[np.float32], after: NDArray[np.float32], nir: NDArray[np.float32], shape: tuple[int, int]
    ) -> Change:
        """From colours (h, w, 3) to others of a small copy, (h, w), of a picture of ``shape``."""
        wanted, seen = after - before, nir[..., None]
        middle, base = _mean(nir)[..., None], _mean(wanted)
        variance = np.maximum(_mean(nir * nir)[..., None] - middle**2, 0)
        gain = (_mean(wanted * seen) - base * middle) / (variance + np.float32(_EDGE))
        return cls(_mean(gain), _mean(base - gain * middle), shape)

    def apply(self, rgb: NDArray[np.float32], nir: NDArray[np.float32], boxes: list[Box]) -> NDArray[np.float32]:
        """Tiles, (b, h, w, 3) in [0, 1], of the picture that shows ``nir``, (b, h, w), where ``boxes`` are."""
        return np.stack([self._applied(*one) for one in zip(rgb, nir, boxes, strict=True)])

    def _applied(self, rgb: NDArray[np.float32], nir: NDArray[np.float32], box: Box) -> NDArray[np.float32]:
        made = self._part(self.gain, box)
        made *= cv2.merge([nir, nir, nir])
        made += self._part(self.offset, box)
        made += rgb
        return made.clip(0, 1, out=made)

    def _part(self, maps: NDArray[np.float32], box: Box) -> NDArray[np.float32]:
        """(box.height, box.width, 3), bilinear, centres of pixels aligned, borders replicated."""
        down, across = maps.shape[0] / self.shape[0], maps.shape[1] / self.shape[1]
        place = np.array([
            [across, 0, (box.left + 0.5) * across - 0.5],
            [0, down, (box.top + 0.5) * down - 0.5],
        ])  # fmt: skip
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = box.width, box.height
        return np.asarray(cv2.warpAffine(maps, place, size, flags=how, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _mean(x: NDArray[np.float32]) -> NDArray[np.float32]:
    side = 2 * _RADIUS + 1
    return np.asarray(cv2.blur(x, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)
