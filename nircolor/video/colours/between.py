"""Maps of frames that no network sees: carried along from the frame before and the one after, by optical flow.

Each pixel takes what explains it: the same place, if nothing has moved there, or the place where it comes from, or
where it goes. What an object uncovers is seen in the frame after, and what it covers in the one before, so that nothing
is left behind it. Where neither explains what has moved the networks see the frame (``plan``). This is the way of Zhu
et al., Deep Feature Flow for Video Recognition (CVPR 2017), from two sides; the flow is that of Kroeger et al., Fast
Optical Flow using Dense Inverse Search (ECCV 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.networks import Floats
from nircolor.video.colours.damping import Damping
from nircolor.video.colours.look import moved, stillness

Plane = NDArray[np.float32]

HALF = 0.5  # trust in a pixel below which it has moved, or is not explained
LEAST = np.float32(1e-3)  # trust where nothing explains a pixel: it takes the mean
MARGIN = 8  # pixels around what has moved, in which flow is looked for, too
SMALLEST = 16  # pixels a side that the search for flow can do with


@dataclass(frozen=True)
class Way:
    """From a frame to one beside it. ``steps`` (h, w, 2): how far from each pixel what it shows lies in the first, in
    pixels across and down; None: nothing has moved. ``trust`` (h, w): how well that explains it, from 0 to 1.
    ``moved`` (h, w): where something has."""

    steps: Plane | None
    trust: Plane
    moved: NDArray[np.bool_]

    def carry(self, maps: Floats) -> Floats:
        """(1, C, h', w') of the first frame -> of the other."""
        if self.steps is None:
            return maps
        height, width = maps.shape[-2:]
        scale = np.array([width / self.trust.shape[1], height / self.trust.shape[0]], np.float32)
        return _stepped(maps[0], _resized(self.steps, maps.shape) * scale)[None]


@dataclass(frozen=True)
class Between:
    """A frame between two others, by the ways from both."""

    before: Way
    after: Way

    @property
    def lost(self) -> float:
        """Share of what has moved that neither explains."""
        lost = np.maximum(self.before.trust, self.after.trust) < HALF
        return float(lost.sum()) / max(1, int((self.before.moved | self.after.moved).sum()))

    def mixed(self, before: Floats, after: Floats) -> Floats:
        """Its maps, of those of the two: (1, C, h, w)."""
        past, future = (_resized(way.trust, before.shape) + LEAST for way in (self.before, self.after))
        first, second = self.before.carry(before), self.after.carry(after)
        return np.asarray(first + (second - first) * (future / (past + future)), np.float32)


def plan(last: Floats | None, looks: Sequence[Floats], damping: Damping) -> list[Between | None]:
    """Which frames of a row are between those beside them, and which the networks see (None): the last one, and at
    least every second. Looks are (1, 1, h, w); ``last``: that of the frame before the row."""
    found: list[Between | None] = [None] * len(looks)
    for i in range(len(looks) - 2, -1, -2):
        before = looks[i - 1] if i else last
        if before is not None and before.shape == looks[i].shape:
            between = Between(way(before, looks[i], damping), way(looks[i + 1], looks[i], damping))
            found[i] = between if between.lost <= damping.lost else None
    return found


def way(start: Floats, end: Floats, damping: Damping) -> Way:
    """From one look (1, 1, h, w) to another."""
    trust = stillness(moved(start, end, damping.window), damping)[0, 0]
    has_moved = trust < HALF
    if not has_moved.any():
        return Way(None, trust, has_moved)
    part = tuple(_around(np.flatnonzero(has_moved.any(axis))) for axis in (1, 0))
    past, now = (np.ascontiguousarray(look[0, 0][part]) for look in (start, end))
    flow = _flow(now, past)
    there = _stepped(past[None], flow)[None]
    along = stillness(moved(there, now[None, None], damping.window), damping)[0, 0]
    flow[trust[part] >= along] = 0
    steps = np.zeros((*trust.shape, 2), np.float32)
    steps[part], trust[part] = flow, np.maximum(trust[part], along)
    return Way(steps, trust, has_moved)


def _flow(now: Plane, past: Plane) -> Plane:
    """(h, w), (h, w) -> (h, w, 2): where in ``past`` each pixel lies, in pixels across and down from where it is."""
    height, width = now.shape
    # OpenCV halves pictures by their width, and reads beyond those that are then lower than a patch of 8 pixels.
    more = (0, max(0, max(SMALLEST, -(-width // 2)) - height), 0, max(0, SMALLEST - width))
    grown = [cv2.copyMakeBorder(_bytes(look), *more, cv2.BORDER_REPLICATE) for look in (now, past)]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    flow = search.calc(*grown, None)  # type: ignore[call-overload]
    return np.asarray(flow, np.float32)[:height, :width]


def _around(lines: NDArray[np.intp]) -> slice:
    return slice(max(0, int(lines[0]) - MARGIN), int(lines[-1]) + 1 + MARGIN)


def _stepped(planes: Plane, steps: Plane) -> Plane:
    """(C, h, w), each pixel taken from where it lies by its steps (h, w, 2); borders are replicated."""
    places = np.indices(steps.shape[:2], np.float32)
    across, down = places[1] + steps[..., 0], places[0] + steps[..., 1]
    taken = [cv2.remap(one, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for one in planes]
    return np.asarray(np.stack(taken), np.float32)


def _resized(plane: Plane, shape: tuple[int, ...]) -> Plane:
    return np.asarray(cv2.resize(plane, (shape[-1], shape[-2]), interpolation=cv2.INTER_AREA), np.float32)


def _bytes(look: Plane) -> NDArray[np.uint8]:
    return np.asarray(cv2.convertScaleAbs(look, alpha=255), np.uint8)
