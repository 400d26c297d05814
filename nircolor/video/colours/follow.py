"""The colours of a reference in a video: it is laid over a view once, and again when the camera has moved.

Where it shows the same is decided anew in each frame, so that whoever walks through keeps the network's colours.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.correction import Correction
from nircolor.image.quantize import SCALES, round_to
from nircolor.overview import reduced_shape
from nircolor.reference import Change, Guidance, Used, guide
from nircolor.reference.place import Placement, by_place, register
from nircolor.tiling import Box

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

_SIZE = 384  # a frame is looked at with at most so many pixels, squared
_MOVED = 0.75  # pixels of it, from which on the camera has moved
_LOOK_ALIKE = 0.5  # correlation of two frames' edges, under which they are two views

Plane = NDArray[np.float32]


class Follow:
    """Of one video, frame after frame. ``bare``: the engine that paints them, without corrections by hand, which come
    last. ``used``: how the reference was used in each view."""

    def __init__(self, engine: Colorizer, guidance: Guidance) -> None:
        self.bare, self.used = copy(engine), list[Used]()
        self.bare.correction = Correction()
        self._engine, self._guidance = engine, guidance
        self._edges: Plane | None = None  # of the view that was decided on
        self._placement: Placement | None = None
        self._change: Change | None = None

    def lead(self, nir: NDArray[Any], calm: Plane, rgb: NDArray[Any]) -> NDArray[Any]:
        """The colours of a frame (H, W, 3), of its type, as the reference has them; ``calm``: the frame, (H, W) in
        [0, 1], without its noise."""
        colours = np.asarray(rgb, np.float32) * np.float32(1 / SCALES[rgb.dtype])
        rows, columns = reduced_shape(nir.shape, _SIZE)
        before, small = (
            np.asarray(cv2.resize(x, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
            for x in (colours, calm)
        )
        if self._is_new(small):
            self._decide(small, before, nir.shape)
        change = self._change
        if self._placement and self._guidance.reference:
            after = by_place(before, small, self._guidance.reference.pixels, self._placement)
            change = Change.between(before, after, small, (nir.shape[0], nir.shape[1]))
        seen = np.asarray(nir, np.float32) * np.float32(1 / SCALES[nir.dtype])
        made = colours
        if change:
            made = change.apply(made[None], seen[None], [Box(0, 0, *nir.shape)])[0]
        return round_to(self._engine.correction.apply(made, seen), rgb.dtype)

    def _is_new(self, small: Plane) -> bool:
        """Whether the camera has moved since the last view that was decided on."""
        edges, past = _edges(small), self._edges
        if past is not None and past.shape == edges.shape and _alike(past, edges):
            return False
        self._edges = edges
        return True

    def _decide(self, small: Plane, before: Plane, shape: tuple[int, ...]) -> None:
        reference, mode = self._guidance.reference, self._guidance.mode
        self._placement = self._change = None
        if reference is None:
            return
        self._placement = register(small, reference.pixels, reference.view) if mode != "palette" else None
        if self._placement:
            self.used.append(Used("place", self._placement.evidence))
        elif mode != "place":
            guided = guide(before, small, reference, "palette", self._engine.networks.features)
            self.used.append(guided.used)
            if guided.mode != "none":
                self._change = Change.between(before, guided.colours, small, (shape[0], shape[1]))
        else:
            self.used.append(Used("none"))


def _edges(small: Plane) -> Plane:
    smooth = cv2.GaussianBlur(small, (0, 0), 1.5)
    steep = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    return np.asarray(steep - steep.mean(), np.float32)


def _alike(past: Plane, now: Plane) -> bool:
    """Flat frames are alike."""
    if not past.any() or not now.any():
        return not past.any() and not now.any()
    if float(np.corrcoef(past.ravel(), now.ravel())[0, 1]) < _LOOK_ALIKE:
        return False
    (dx, dy), _ = cv2.phaseCorrelate(past, now, cv2.createHanningWindow(now.shape[::-1], cv2.CV_32F))
    return float(np.hypot(dx, dy)) <= _MOVED
