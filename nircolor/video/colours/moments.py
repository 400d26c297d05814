"""Maps of a network over time: kept while nothing moves, blended with new ones where nothing has moved.

Two maps decide on colours: the prior of G_B and, with an affine head, the gains and offsets of G_A. ``Moments`` stands
around both, call by call, and has them made only where what they are made of has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nircolor.networks import Floats
from nircolor.video.colours.between import Between, plan
from nircolor.video.colours.damping import Damping
from nircolor.video.colours.look import exposure, moved, shrink, stillness


@dataclass(frozen=True)
class Key:
    """The look (1, 1, h, w), ``age`` frames ago, that maps were made of."""

    look: Floats
    age: int = 0


@dataclass(frozen=True)
class Moment:
    """What was seen, and the maps (1, C, h', w') that came of it."""

    key: Key
    maps: Floats


class Moments:
    """What the branches of a network said of one scene: a moment for each call, or tile, of a frame.

    A pass begins with ``begin``, and counts only once it is settled: one that ran out of memory comes again.
    """

    def __init__(self, damping: Damping) -> None:
        self._damping = damping
        self._past: list[Moment] = []  # of the last frame
        self._now: list[Moment] = []
        self._last: Floats | None = None  # its look
        self._looks: Sequence[Floats] = ()
        self._plan: list[Between | None] = []

    def begin(self, looks: Sequence[Floats]) -> None:
        """A pass of one frame, or of some frames in a row, of these looks (1, 1, h, w)."""
        self._now, self._looks = [], looks
        self._plan = plan(self._last, looks, self._damping) if len(looks) > 1 else []

    def maps(self, make: Callable[[Any], Floats], seen: Floats) -> Floats:
        """The maps of ``seen`` (b, 1, h, w): frames in a row, or tiles of one; of G_B, which sees the whole of each
        frame, before those of G_A. ``make`` makes those that are chosen."""
        looks, first = _each(seen), len(self._now)
        pasts = [self._past[i] if i < len(self._past) else None for i in range(first, first + len(looks))]
        if self._plan:
            return self._row(make, looks, pasts[0])
        keys = {i: self._key(past.key if past else None, looks[i]) for i, past in enumerate(pasts)}
        made = _made(make, keys, len(looks))
        found = [self._moment(past, keys[i], made.get(i)) for i, past in enumerate(pasts)]
        self._now += found
        return np.concatenate([moment.maps for moment in found])

    def settle(self) -> None:
        """The pass is complete."""
        self._past, self._last = self._now, self._looks[-1]

    def _row(self, make: Callable[[Any], Floats], looks: list[Floats], past: Moment | None) -> Floats:
        """Those of frames in a row: what is between two others comes after them."""
        keys, key = dict[int, Key](), past.key if past else None
        for i, look in enumerate(looks):
            if not self._plan[i]:
                keys[i] = key = self._key(key, look)
        made, before = _made(make, keys, len(looks)), -1
        found = {} if past is None else {-1: past}
        for i, key in keys.items():
            found[i] = past = self._moment(past, key, made.get(i), i - before)
            before = i
        self._now.append(found[before])
        return np.concatenate(
            [
                between.mixed(found[i - 1].maps, found[i + 1].maps) if between else found[i].maps
                for i, between in enumerate(self._plan)
            ]
        )

    def _key(self, past: Key | None, look: Floats) -> Key:
        """The look that the maps of this one are made of: an earlier one, while there is nothing new to see."""
        damping = self._damping
        if past is None or past.look.shape != look.shape or past.age >= damping.keep:
            return Key(look)
        if abs(exposure(past.look, look) - 1) > damping.drift:
            return Key(look)
        still = float(moved(past.look, look, damping.window).max()) < damping.still
        return Key(past.look, past.age + 1) if still else Key(look)

    def _moment(self, past: Moment | None, key: Key, maps: Floats | None, step: int = 1) -> Moment:
        if maps is None and past is not None:
            return Moment(key, past.maps)
        assert maps is not None  # a key without an age has maps of its own
        now = Moment(key, maps)
        if past is None or past.maps.shape != maps.shape:  # tiles change when memory runs out
            return now
        return blend(past, now, self._damping, step)


def blend(past: Moment, now: Moment, damping: Damping, step: int = 1) -> Moment:
    """The new moment with a share of the past, ``step`` frames ago, which is largest where nothing has moved, and
    nothing where the whole camera turns: then what looks the same is something else that does."""
    before, after = (shrink(moment.key.look, now.maps.shape) for moment in (past, now))
    motion = moved(before, after, damping.window)  # (1, 1, h, w)
    turned = damping.turn * float((motion > damping.motion).mean())
    weight = np.float32(damping.strength**step * max(0.0, 1 - turned)) * stillness(motion, damping)
    return Moment(now.key, now.maps + (past.maps - now.maps) * weight)


def _made(make: Callable[[Any], Floats], keys: Mapping[int, Key], count: int) -> dict[int, Floats]:
    """New maps for those frames, of ``count``, whose keys are their own looks."""
    fresh = [i for i, key in keys.items() if not key.age]
    return dict(zip(fresh, _each(make(fresh if len(fresh) < count else ...)), strict=True)) if fresh else {}


def _each(maps: Floats) -> list[Floats]:
    """(b, C, h, w) -> b of (1, C, h, w)."""
    return [maps[i : i + 1] for i in range(len(maps))]
