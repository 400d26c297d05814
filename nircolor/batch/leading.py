"""The colours of one entry of a batch, as its reference has them, and what its row says of that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nircolor.batch.process import Made, Work
from nircolor.picture import Windows
from nircolor.reference import Guidance, Led, Used
from nircolor.tiling import Piece

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer


class Leading:
    """Paints the pictures of one entry, and writes into its facts how the reference was used: of several pages, in
    the first."""

    def __init__(self, engine: Colorizer, guidance: Guidance, work: Made) -> None:
        self._engine, self._guidance, self._work = engine, guidance, work
        self._painter: Colorizer | Led | None = None

    def paint(self, image: Windows) -> Iterator[Piece]:
        """As ``Colorizer.paint``. Raises InputError, while pieces are taken, for a file that is no reference."""
        if self._painter is None:
            chosen = self._guidance.chosen(self._work.entry.source, image.info.exif)
            self._painter = chosen.lead(self._engine)
        yield from self._painter.paint(image)
        used = self._painter.used if isinstance(self._painter, Led) else Used("none")
        if self._guidance.is_given and used:
            self._work.facts.setdefault("reference", used.to_json())

    def colorize(self, work: Work) -> NDArray[np.float32]:
        """(H, W, 3) float32 in [0, 1], of a picture in memory."""
        rgb = np.empty((*work.shape, 3), np.float32)
        for top, left, pixels in self.paint(work.image):
            rgb[top : top + len(pixels), left : left + pixels.shape[1]] = pixels
        return rgb
