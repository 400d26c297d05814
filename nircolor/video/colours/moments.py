"""Maps of a network over time: kept while nothing moves, blended with new ones where nothing has moved.

Two maps decide on colours: the prior of G_B and, with an affine head, the gains and offsets of G_A. ``Moments`` stands
around both, call by call, and has them made only where what they are made of has changed.
"""

from __future__ import annotations

from collections.abc import Callable
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

    A pass of one frame, or of some frames in a row, begins with ``prior``. It counts only once it is settled: one that
    ran out of memory comes again.
    """

    def __init__(self, damping: Damping) -> None:
        self._damping = damping
        self._past: list[Moment] = []  # of the last frame
        self._now: list[Moment] = []
        self._looks: list[Floats] = []
        self._last: Floats | None = None
        self._plan: list[Between | None] = [None]

    def begin(self, looks: list[Floats]) -> None:
        self._looks = looks
        self._plan = plan(self._last, looks, self._damping) if len(looks) > 1 else [None]

    def prior(self, make: Callable[[Any], Floats], seen: Floats) -> Floats:
        """G_B sees the whole of each frame, and before G_A does."""
        self._now = []
        return self.maps(make, seen)

    def maps(self, make: Callable[[Any], Floats], seen: Floats) -> Floats:
        """The maps of ``seen`` (b, 1, h, w): frames in a row, or tiles of one. ``make`` makes those that are chosen."""
        if len(self._plan) > 1:
            return self._row(make, _each(seen))
        looks, first = _each(seen), len(self._now)
        pasts = [self._past[i] if i < len(self._past) else None for i in range(first, first + len(looks))]
        keys: list[Key] = []
        for past, look in zip(pasts, looks, strict=True):
            keys.append(self._key(past.key if past else None, look))
        fresh = [i for i, key in enumerate(keys) if not key.age]
        some = fresh if len(fresh) < len(keys) else ...
        maps = _each(make(some)) if fresh else []
        made = dict(zip(fresh, maps, strict=True))
        found: list[Moment] = []
        for i, (past, key) in enumerate(zip(pasts, keys, strict=True)):
            found.append(self._moment(past, key, made.get(i)))
        self._now += found
        return np.concatenate([moment.maps for moment in found])

    def settle(self) -> None:
        """The pass is complete."""
        self._past, self._now = self._now, []
        self._last = self._looks[-1]

    def _row(self, make: Callable[[Any], Floats], looks: list[Floats]) -> Floats:
        number = len(self._now)
        past = self._past[number] if number < len(self._past) else None
        keys: dict[int, Key] = {}
        key = past.key if past else None
        for i, look in enumerate(looks):
            if not self._plan[i]:
                keys[i] = key = self._key(key, look)
        fresh = [i for i, key in keys.items() if not key.age]
        made = dict(zip(fresh, _each(make(fresh if len(fresh) < len(looks) else ...)), strict=True)) if fresh else {}
        found: dict[int, Moment] = {} if past is None else {-1: past}
        before = -1
        for i, key in keys.items():
            found[i] = past = self._moment(past, key, made.get(i), i - before)
            before = i
        self._now.append(past)
        maps = []
        for i, between in enumerate(self._plan):
            if between:
                first, second = (found[j].maps for j in between.ends)
                maps.append(between.mixed(first, second))
            else:
                maps.append(found[i].maps)
        return np.concatenate(maps)

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
    """The new moment with a share of the past, which is largest where nothing has moved, and nothing where the whole
    camera turns: then what looks the same is something else that does."""
    before, after = (shrink(moment.key.look, now.maps.shape) for moment in (past, now))
    motion = moved(before, after, damping.window)  # (1, 1, h, w)
    turned = damping.turn * float((motion > damping.motion).mean())
    weight = np.float32(damping.strength**step * max(0.0, 1 - turned)) * stillness(motion, damping)
    return Moment(now.key, now.maps + (past.maps - now.maps) * weight)


def _each(maps: Floats) -> list[Floats]:
    """(b, C, h, w) -> b of (1, C, h, w)."""
    return [maps[i : i + 1] for i in range(len(maps))]
