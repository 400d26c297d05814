"""Small copies of a picture before and after, made while it is colorized: a browser cannot show 16 bits or a TIFF."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from nircolor.colorizer import Colorizer
from nircolor.engine import EngineConfig
from nircolor.pages.reduced import Reduced
from nircolor.pages.thumbnails import encode, to_bytes
from nircolor.tiling import Picture, Piece

LONGEST = 2000  # pixels of the longer side: as many as a slider on a usual screen has


class Watched(Colorizer):
    """``engine`` with what a request asks for. It asks ``admit`` about the size of each picture that it paints, and
    keeps the first of them reduced, before and after.
    """

    def __init__(self, engine: Colorizer, config: EngineConfig, admit: Callable[[int, int], None]) -> None:
        info = replace(engine.info, weights=config.weights)
        super().__init__(engine.networks, info, config.tiling, config.prior, None, config.correction, engine.camera)
        self._admit, self._kept = admit, list[Reduced]()

    def paint(self, picture: Picture, **options: Any) -> Iterator[Piece]:
        """As ``Colorizer.paint``. Raises what ``admit`` does."""
        height, width = picture.shape[:2]
        self._admit(height, width)
        pieces = super().paint(picture, **options)
        if self._kept:
            yield from pieces
            return
        before, after = self._kept = [Reduced((height, width), LONGEST), Reduced((height, width), LONGEST)]
        for piece in pieces:
            (top, left, pixels), (rows, columns, _) = piece, piece.pixels.shape
            before.add(top, left, picture[top : top + rows, left : left + columns])
            after.add(top, left, pixels)
            yield piece

    def write(self, before: Path, after: Path) -> None:
        """Two JPEG files."""
        for path, reduced in zip((before, after), self._kept, strict=True):
            path.write_bytes(encode(to_bytes(reduced.picture())))
