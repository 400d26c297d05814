"""An engine that is led by a reference: it paints as the engine does, in the colours that the reference speaks for.

What a reference changes is decided on a copy of the picture of about a megapixel. A picture that is no larger is that
copy; a larger one is painted tile by tile as ever, and changed as the copy was (``change.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nircolor.correction import Correction
from nircolor.reference.change import Change
from nircolor.reference.guide import Guided, Mode, Used, check_mode, guide
from nircolor.reference.reference import Reference

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer, EngineInfo
    from nircolor.tiling import Picture, Piece

_SIZE = 1024  # the copy has at most so many pixels, squared
Progress = Callable[[int, int], None]


class Led:
    """``used``: how the reference was used in the picture painted last, None before the first.

    Raises UsageError for an unknown mode.
    """

    def __init__(self, engine: Colorizer, reference: Reference, mode: Mode = "auto") -> None:
        check_mode(mode)
        self._engine, self._reference, self._mode = engine, reference, mode
        self._bare = copy(engine)
        self._bare.correction = Correction()  # by hand, which comes last
        self.used: Used | None = None

    @property
    def info(self) -> EngineInfo:
        """Of the engine."""
        return self._engine.info

    def colorize(
        self,
        nir: NDArray[Any],
        on_progress: Progress | None = None,
        on_retreat: Callable[[str], None] | None = None,
    ) -> NDArray[Any]:
        """As ``Colorizer.colorize``."""
        from nircolor.image.quantize import round_to

        rgb = np.empty((*nir.shape, 3), nir.dtype)
        for top, left, pixels in self.paint(nir, on_progress=on_progress, on_retreat=on_retreat):
            rgb[top : top + len(pixels), left : left + pixels.shape[1]] = round_to(pixels, nir.dtype)
        return rgb

    def paint(
        self,
        picture: Picture,
        *,
        on_progress: Progress | None = None,
        on_retreat: Callable[[str], None] | None = None,
    ) -> Iterator[Piece]:
        """As ``Colorizer.paint``; the picture is read once more before the first piece."""
        from nircolor.overview import reduce_area
        from nircolor.tiling import Piece

        small = reduce_area(picture, _SIZE)
        before = self._bare.colorize(small, on_retreat=on_retreat)
        guided = self._guide(before, small)
        height, width = picture.shape[:2]
        if small.shape == (height, width):
            yield Piece(0, 0, self._corrected(guided.colours, small))
            if on_progress:
                on_progress(height * width, height * width)
            return
        change = None
        if guided.mode != "none":
            change = Change.between(before, guided.colours, small, (height, width))
        yield from self._engine.paint(picture, change=change, on_progress=on_progress, on_retreat=on_retreat)

    def _guide(self, colours: NDArray[np.float32], nir: NDArray[np.float32]) -> Guided:
        from nircolor.reference.sight import sight_of

        guided = guide(colours, nir, self._reference, self._mode, sight_of(self._engine))
        self.used = guided.used
        return guided

    def _corrected(self, colours: NDArray[np.float32], nir: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch

        corrected = self._engine.correction.apply(torch.from_numpy(colours), torch.from_numpy(nir))
        return np.asarray(corrected.numpy(), np.float32)
