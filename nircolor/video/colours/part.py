"""A part of a picture that is looked at alone, where most of the picture is as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nircolor.video.colours.damping import Damping
from nircolor.video.colours.look import stillness


@dataclass(frozen=True)
class Part:
    """Rows and columns of a look. ``motion``: (1, 1, rows, columns) of ``look.moved``."""

    rows: slice
    columns: slice
    motion: Tensor

    @staticmethod
    def of(motion: Tensor, unit: int, damping: Damping) -> Part | None:
        """All that has moved, ``damping.margin`` pixels around it, and what is left to multiples of ``unit``; None
        where that is more than ``damping.part`` of the whole. ``motion``: (1, 1, h, w)."""
        moving = motion[0, 0] >= damping.still
        rows, columns = (_around(moving.any(axis), unit, damping.margin) for axis in (1, 0))
        part = Part(rows, columns, motion[..., rows, columns])
        return part if part.motion.numel() <= damping.part * motion.numel() else None

    def index(self, i: int) -> tuple[Any, ...]:
        """Of this part of the i-th picture of (b, C, h, w)."""
        return slice(i, i + 1), slice(None), self.rows, self.columns

    def renewed(self, look: Tensor, now: Tensor) -> Tensor:
        """(1, 1, h, w): ``look``, with this part of ``now``."""
        look = look.clone()
        look[self.index(0)] = now[self.index(0)]
        return look

    def pasted(self, past: Tensor, made: Tensor, damping: Damping) -> Tensor:
        """Maps (1, C, h', w') of the whole, with those that were ``made`` of this part where something has moved.

        The network saw less than the whole: what that changes is measured where nothing has moved, and taken out.
        """
        step = (self.rows.stop - self.rows.start) // made.shape[-2]
        rows, columns = (slice(side.start // step, side.stop // step) for side in (self.rows, self.columns))
        old, weight = past[..., rows, columns], stillness(F.max_pool2d(self.motion, step), damping)
        bias = ((old - made) * weight).sum((2, 3), keepdim=True) / weight.sum().clamp(min=1)
        maps = past.clone()
        maps[..., rows, columns] = torch.lerp(made + bias, old, weight)
        return maps


def _around(moving: Tensor, unit: int, margin: int) -> slice:
    """From the first to the last that moves, a margin around it, out to multiples of ``unit``."""
    found = moving.nonzero()
    first, last = max(0, int(found[0]) - margin), int(found[-1]) + 1 + margin
    return slice(first // unit * unit, min(-(-last // unit) * unit, len(moving)))
