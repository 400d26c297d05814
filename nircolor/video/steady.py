"""Less flicker: what the network says of a frame is blended with what it said of the same things before.

Two maps decide on colours: the prior of G_B and, with an affine head, the gains and offsets of G_A. Both are smoothed
exponentially over the frames, pixel by pixel, and only where the picture stays as it is: where something moves, the new
frame counts alone. The frame's own light and texture pass through untouched, so that nothing is smeared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nircolor.video.damping import Damping

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer


@dataclass(frozen=True)
class Moment:
    """What was seen and what was said of it: ``look`` (b, 1, h, w) NIR, ``maps`` (b, C, h, w)."""

    look: Tensor
    maps: Tensor


class Steady:
    """Colorizes the frames of one video, in order. ``cuts`` counts the scene changes so far.

    Smoothing needs an engine with ``prior="global"``: raises UsageError for another one. ``on_retreat``: as of
    ``Colorizer.colorize``.
    """

    def __init__(self, engine: Colorizer, damping: Damping, on_retreat: Callable[[str], None] | None = None) -> None:
        damping.check(engine.prior)
        self.cuts = 0
        self._engine, self._damping, self._on_retreat = engine, damping, on_retreat
        self._past: list[Moment] = []  # of the last frame, one for each call of a branch
        self._now: list[Moment] = []

    def colorize(self, nir: NDArray[Any]) -> NDArray[Any]:
        """The next frame, as ``Colorizer.colorize`` takes and returns it."""
        if not self._damping.strength:
            return self._engine.colorize(nir, on_retreat=self._on_retreat)
        with self._engine.filtered(self._prior, self._smoothed):
            rgb = self._engine.colorize(nir, on_retreat=self._on_retreat)
        self._past, self._now = self._now, []
        return rgb

    def forget(self) -> None:
        """The next frame is as the first: what lies between it and the last one was not for the network."""
        self._past = []

    def _prior(self, seen: Tensor, maps: Tensor) -> Tensor:
        """G_B sees the whole frame, and before G_A does."""
        self._now = []  # a frame that ran out of memory may have begun before
        look = _shrink(seen, maps)
        if self._past and change(self._past[0].look, look, self._damping.grid) > self._damping.cut:
            self._past = []
            self.cuts += 1
        return self._smoothed(seen, maps)

    def _smoothed(self, seen: Tensor, maps: Tensor) -> Tensor:
        now, number = Moment(_shrink(seen, maps), maps.float()), len(self._now)
        past = self._past[number] if number < len(self._past) else None
        if past is not None and past.maps.shape == now.maps.shape:  # tiles change when memory runs out
            now = blend(past, now, self._damping)
        self._now.append(now)
        return now.maps


def blend(past: Moment, now: Moment, damping: Damping) -> Moment:
    """The new moment with a share of the past, which is largest where nothing has moved."""
    weight = damping.strength * stillness(past.look, now.look, damping)  # (b, 1, h, w)
    return Moment(torch.lerp(now.look, past.look, weight), torch.lerp(now.maps, past.maps, weight))


def stillness(past: Tensor, now: Tensor, damping: Damping) -> Tensor:
    """(b, 1, h, w) twice -> (b, 1, h, w): 1 where both look alike but for noise, 0 where something has moved."""
    difference = F.avg_pool2d(
        _level(past, now) - now, damping.window, stride=1, padding=damping.window // 2, count_include_pad=False
    )
    return torch.exp(-((difference / damping.motion) ** 2))


def change(past: Tensor, now: Tensor, grid: int) -> float:
    """Mean difference of (b, 1, h, w) twice, in patches large enough for a moving camera to matter little."""
    difference = F.adaptive_avg_pool2d(_level(past, now) - now, grid)
    return difference.abs().mean().item()


def _level(past: Tensor, now: Tensor) -> Tensor:
    """``past`` at the brightness of ``now``: what an exposure does to a whole frame is no motion."""
    gain = now.mean((1, 2, 3), keepdim=True) / past.mean((1, 2, 3), keepdim=True).clamp(min=1e-3)
    return past * gain.clamp(0.5, 2)


def _shrink(look: Tensor, maps: Tensor) -> Tensor:
    """``look`` at the size of ``maps``, in float32."""
    return F.adaptive_avg_pool2d(look.float(), (maps.shape[-2], maps.shape[-1]))
