"""Maps of a network over time: kept while nothing moves, blended with new ones where nothing has moved.

Two maps decide on colours: the prior of G_B and, with an affine head, the gains and offsets of G_A. ``Moments`` stands
around both, call by call, and has them made only where what they are made of has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nircolor.video.colours.damping import Damping
from nircolor.video.colours.look import exposure, moved, shrink, stillness


@dataclass(frozen=True)
class Key:
    """The look (1, 1, h, w), ``age`` frames ago, that maps were made of."""

    look: Tensor
    age: int = 0


@dataclass(frozen=True)
class Moment:
    """What was seen, and the maps (1, C, h', w') that came of it."""

    key: Key
    maps: Tensor


class Moments:
    """What the branches of a network said of one scene: a moment for each call, or tile, of a frame.

    A pass of one frame, or of some frames in a row, begins with ``prior``. It counts only once it is settled: one that
    ran out of memory comes again.
    """

    def __init__(self, damping: Damping) -> None:
        self._damping = damping
        self._past: list[Moment] = []  # of the last frame
        self._now: list[Moment] = []
        self._in_a_row = False

    def prior(self, make: Callable[[Any], Tensor], seen: Tensor) -> Tensor:
        """G_B sees the whole of each frame, and before G_A does."""
        self._now, self._in_a_row = [], len(seen) > 1
        return self.maps(make, seen)

    def maps(self, make: Callable[[Any], Tensor], seen: Tensor) -> Tensor:
        """The maps of ``seen`` (b, 1, h, w): frames in a row, or tiles of one. ``make`` makes those that are chosen."""
        looks, first = seen.float().split(1), len(self._now)  # type: ignore[no-untyped-call]
        pasts = [self._past[i] if i < len(self._past) else None for i in range(first, first + len(looks))]
        keys: list[Key] = []
        for past, look in zip(pasts, looks, strict=True):
            before = keys[-1] if self._in_a_row and keys else past.key if past else None
            keys.append(self._key(before, look))
        fresh = [i for i, key in enumerate(keys) if not key.age]
        some = fresh if len(fresh) < len(keys) else ...
        maps = make(some).float().split(1) if fresh else ()  # type: ignore[no-untyped-call]
        made = dict(zip(fresh, maps, strict=True))
        found: list[Moment] = []
        for i, (past, key) in enumerate(zip(pasts, keys, strict=True)):
            found.append(self._moment(found[-1] if self._in_a_row and found else past, key, made.get(i)))
        self._now += found[-1:] if self._in_a_row else found
        return torch.cat([moment.maps for moment in found])

    def settle(self) -> None:
        """The pass is complete."""
        self._past, self._now = self._now, []

    def _key(self, past: Key | None, look: Tensor) -> Key:
        """The look that the maps of this one are made of: an earlier one, while there is nothing new to see."""
        damping = self._damping
        if past is None or past.look.shape != look.shape or past.age >= damping.keep:
            return Key(look)
        if abs(exposure(past.look, look) - 1) > damping.drift:
            return Key(look)
        still = float(moved(past.look, look, damping.window).max()) < damping.still
        return Key(past.look, past.age + 1) if still else Key(look)

    def _moment(self, past: Moment | None, key: Key, maps: Tensor | None) -> Moment:
        if maps is None and past is not None:
            return Moment(key, past.maps)
        assert maps is not None  # a key without an age has maps of its own
        now = Moment(key, maps)
        if past is None or past.maps.shape != maps.shape:  # tiles change when memory runs out
            return now
        return blend(past, now, self._damping)


def blend(past: Moment, now: Moment, damping: Damping) -> Moment:
    """The new moment with a share of the past, which is largest where nothing has moved, and nothing where the whole
    camera turns: then what looks the same is something else that does."""
    before, after = (shrink(moment.key.look, now.maps.shape) for moment in (past, now))
    motion = moved(before, after, damping.window)  # (1, 1, h, w)
    turned = damping.turn * float((motion > damping.motion).float().mean())
    weight = damping.strength * max(0.0, 1 - turned) * stillness(motion, damping)
    return Moment(now.key, torch.lerp(now.maps, past.maps, weight))
