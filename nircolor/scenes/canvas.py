"""The picture being painted: light and distance of every pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nircolor.scenes.noise import Field
from nircolor.scenes.view import Viewpoint


@dataclass(frozen=True)
class Canvas:
    """``light`` (H, W, 4) and ``distance`` (H, W) metres, infinite in the sky; both change as things are painted."""

    view: Viewpoint
    light: Field
    distance: Field

    def paint(self, row: int, column: int, cover: Field, light: Field, distance: Field | float) -> None:
        """Lay (h, w, 4) ``light`` over the pixels from (row, column) on, by (h, w) ``cover``, behind nearer things."""
        part = np.s_[row : row + cover.shape[0], column : column + cover.shape[1]]
        behind = self.distance[part]
        cover = np.where(behind > distance, cover, np.float32(0.0))
        self.light[part] += (light - self.light[part]) * cover[..., None]
        self.distance[part] = np.where(cover > 0.5, distance, behind)
