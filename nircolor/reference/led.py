"""An engine that is led by a reference: it paints as the engine does, in the colours that the reference speaks for.

What a reference changes is decided on a small copy of the picture and its colours (``change.py`` makes it in the
picture itself). A picture that fits into memory is painted once, before that; of a larger one the copy is painted,
and the picture then tile by tile as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.correction import Correction
from nircolor.reference.change import Change
from nircolor.reference.guide import Guided, Mode, Used, check_mode, guide
from nircolor.reference.reference import Reference
from nircolor.tiling import Box, Piece

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer, EngineInfo
    from nircolor.tiling import Picture

_SIZE = 360  # the copy has at most so many pixels, squared
_HELD = 4_000_000  # pixels of the largest picture that is painted as a whole
Progress = Callable[[int, int], None]


class Led:
    """``used``: how the reference was used in the picture painted last, None before the first.

    Raises UsageError for an unknown mode.
    """

    def __init__(self, engine: Colorizer, reference: Reference, mode: Mode = "auto") -> None:
        check_mode(mode)
        self._engine, self._reference, self._mode = copy(engine), reference, mode
        if engine.prior == "auto":  # the colours that the reference changes are decided on as those it is compared with
            self._engine.prior = "global"
        self._bare = copy(self._engine)
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
        from nircolor.overview import in_unit, reduce_area

        height, width = picture.shape[:2]
        if height * width > _HELD:
            small = reduce_area(picture, _SIZE)
            before = self._bare.colorize(small, on_retreat=on_retreat)
            change = self._change(before, small, (height, width))
            yield from self._engine.paint(picture, change=change, on_progress=on_progress, on_retreat=on_retreat)
        else:
            whole = picture[0:height, 0:width]
            nir = in_unit(whole)
            colours = self._bare.colorize(nir, on_progress=on_progress, on_retreat=on_retreat)
            yield Piece(0, 0, self._changed(colours, nir))

    def _changed(self, colours: NDArray[np.float32], nir: NDArray[np.float32]) -> NDArray[np.float32]:
        """Colours of a whole picture, (H, W, 3), as the reference and then the corrections by hand have them."""
        from nircolor.overview import reduced_shape

        rows, columns = reduced_shape(nir.shape, _SIZE)
        if (rows, columns) == nir.shape:
            rgb = self._guide(colours, nir).colours
        else:
            before, small = (
                np.asarray(cv2.resize(x, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
                for x in (colours, nir)
            )
            change, rgb = self._change(before, small, nir.shape), colours
            if change:
                rgb = change.apply(rgb[None], nir[None], [Box(0, 0, *nir.shape)])[0]
        return np.asarray(self._engine.correction.apply(rgb, nir), np.float32)

    def _change(self, before: NDArray[np.float32], small: NDArray[np.float32], shape: tuple[int, ...]) -> Change | None:
        """None where the reference says nothing."""
        guided = self._guide(before, small)
        if guided.mode == "none":
            return None
        return Change.between(before, guided.colours, small, (shape[0], shape[1]))

    def _guide(self, colours: NDArray[np.float32], nir: NDArray[np.float32]) -> Guided:
        guided = guide(colours, nir, self._reference, self._mode, self._engine.networks.features)
        self.used = guided.used
        return guided
