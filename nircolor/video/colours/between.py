"""Maps of frames that no network sees: carried along from the frames before and after them, by optical flow.

Each pixel takes what explains it: the same place, if nothing has moved there, or the place where it comes from, or
where it goes. What an object uncovers is seen in the frame after, and what it covers in the one before, so that nothing
is left behind it. Where neither explains a frame it is no frame between, and the networks see it (``plan``). The way of
Zhu et al., Deep Feature Flow for Video Recognition (CVPR 2017), from two sides.
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

MARGIN = 8
LEAST = np.float32(1e-3)  # trust where nothing explains a pixel: it takes what is nearest in time


@dataclass(frozen=True)
class Way:
    """From a frame to one beside it: where each pixel comes from, in pixels (h, w, 2), or None where all stay; and how
    much that explains it (h, w), from 0 to 1."""

    steps: Plane | None
    trust: Plane
    n: int

    def carry(self, maps: Floats) -> Floats:
        """(1, C, h', w') of the one -> of the other."""
        if self.steps is None:
            return maps
        height, width = maps.shape[-2:]
        rows, columns = self.steps.shape[:2]
        steps = cv2.resize(self.steps, (width, height), interpolation=cv2.INTER_AREA)
        places = np.indices((height, width), np.float32)
        across = places[1] + steps[..., 0] * np.float32(width / columns)
        down = places[0] + steps[..., 1] * np.float32(height / rows)
        return np.stack([_taken(one, across, down) for one in maps[0]])[None]


@dataclass(frozen=True)
class Between:
    """A frame between two others, numbered in the row; -1 is the last one of the row before. ``share``: how near it is
    to the second."""

    ends: tuple[int, int]
    ways: tuple[Way, Way]
    share: float

    @property
    def lost(self) -> float:
        """Share of its pixels that neither explains."""
        l=(np.maximum(self.ways[0].trust, self.ways[1].trust) < 0.5)
        n=max(w.n for w in self.ways)

        return float(l.mean())

    def mixed(self, before: Floats, after: Floats) -> Floats:
        """Its maps, of those of the two: (1, C, h, w)."""
        first, second = (
            shrink(way.trust + LEAST, before.shape) * np.float32(near)
            for way, near in zip(self.ways, (1 - self.share, self.share), strict=True)
        )
        past, future = self.ways[0].carry(before), self.ways[1].carry(after)
        return np.asarray(past + (future - past) * (second / (first + second)), np.float32)


def plan(last: Floats | None, looks: Sequence[Floats], damping: Damping) -> list[Between | None]:
    """Which frames of a row are between others, and which the networks see (None), the last one always. Looks are
    (1, 1, h, w); ``last``: of the row before."""
    import os
    k=int(os.environ.get('HALF','1'))
    if k>1:
        r=lambda x: None if x is None else cv2.resize(x[0,0],(x.shape[3]//k,x.shape[2]//k),interpolation=cv2.INTER_AREA)[None,None]
        last,looks=r(last),[r(x) for x in looks]
    found: list[Between | None] = [None] * len(looks)
    seen = {-1: last, **dict(enumerate(looks))}

    def fill(first: int, second: int) -> None:
        if second - first < 2:
            return
        middle = (first + second) // 2
        order = [middle, *(i for i in range(first + 1, second) if i != middle)]
        some: dict[int, Between] = {}
        if second - first > damping.span:
            fill(first, middle)
            fill(middle, second)
            return
        for i in order:
            ways = way(seen[first], seen[i], damping), way(seen[second], seen[i], damping)
            some[i] = Between((first, second), ways, (i - first) / (second - first))
            if some[i].lost > damping.lost:
                fill(first, middle)
                fill(middle, second)
                return
        for i, one in some.items():
            found[i] = one

    fill(-1 if last is not None and last.shape == looks[0].shape else 0, len(looks) - 1)
    return found


def way(start: Floats, end: Floats, damping: Damping) -> Way:
    """From one look (1, 1, h, w) to another."""
    motion = moved(start, end, damping.window)
    trust = stillness(motion, damping)[0, 0]
    part = _moving(trust)
    if part is None or float(motion.max()) < damping.still:
        return Way(None, trust, 0)
    past, now = (np.ascontiguousarray(look[..., *part]) for look in (start, end))
    import os
    steps = cv2.DISOpticalFlow.create(int(os.environ.get('DIS','2'))).calc(_bytes(now), _bytes(past), None)
    along = stillness(moved(_stepped(past[0, 0], steps)[None, None], now, damping.window), damping)[0, 0]
    steps[trust[part] >= along] = 0
    n = int((trust<.5).sum())
    trust[part] = np.maximum(trust[part], along)
    full = np.zeros((*trust.shape, 2), np.float32)
    full[part] = steps
    return Way(full, trust, n)


def _moving(trust: Plane) -> tuple[slice, slice] | None:
    """The part of the picture in which something has moved, with some of what is around it."""
    rows, columns = (np.flatnonzero((trust < 0.5).any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return tuple(
        slice(max(0, int(some[0]) - MARGIN), int(some[-1]) + 1 + MARGIN) for some in (rows, columns)
    )  # type: ignore[return-value]


def _stepped(plane: Plane, steps: Plane) -> Plane:
    places = np.indices(plane.shape, np.float32)
    return _taken(plane, places[1] + steps[..., 0], places[0] + steps[..., 1])


def shrink(plane: Plane, shape: tuple[int, ...]) -> Plane:
    return np.asarray(cv2.resize(plane, (shape[-1], shape[-2]), interpolation=cv2.INTER_AREA), np.float32)


def _taken(plane: Plane, across: Plane, down: Plane) -> Plane:
    return np.asarray(cv2.remap(plane, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _bytes(look: Floats) -> NDArray[np.uint8]:
    return np.asarray(cv2.convertScaleAbs(look[0, 0], alpha=255), np.uint8)
