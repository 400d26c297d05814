"""Less flicker, and less work: what was made of the past of a video serves its present, where nothing has moved.

Noise goes first: where the picture stays as it is, the frames of the past are averaged, and colours are decided from
that calm picture. What the networks say of it is kept while nothing moves, and blended with what they said before
(``moments.py``). The light of each frame is its own, and so are the colours of what moves: nothing is smeared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.image.quantize import SCALES
from nircolor.networks import Floats
from nircolor.video.colours.damping import Damping
from nircolor.video.colours.follow import Follow
from nircolor.video.colours.look import change, exposure, moved, shift, stillness
from nircolor.video.colours.moments import Moments
from nircolor.video.frames import Frame

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

LOOK = 320  # looks at frames are reduced to about this side
TOGETHER = 1 << 20  # pixels of frames, above which they go one by one: of more than that memory would notice


@dataclass(eq=False)
class Scene:
    """What is in view: ``calm`` (1, 1, H, W), the last frame without its noise, and that reduced to a look; ``gain``:
    how many times brighter than that the frame itself was."""

    calm: Floats
    look: Floats
    moments: Moments
    gain: float = 1.0
    is_cut: bool = False
    frames: int = 1


@dataclass(frozen=True)
class View:
    """A frame, (H, W), and what it shows: ``calm`` (H, W) float32, the frame without its noise."""

    scene: Scene
    calm: NDArray[np.float32]
    look: Floats
    nir: NDArray[Any]


class Steady:
    """Colorizes the frames of one video, in order. ``cuts`` counts the scene changes so far.

    Smoothing needs another engine than one with ``prior="tile"``: raises UsageError for that. ``on_retreat``: as of
    ``Colorizer.colorize``. ``follow``: a reference that the colours follow.
    """

    def __init__(
        self,
        engine: Colorizer,
        damping: Damping,
        on_retreat: Callable[[str], None] | None = None,
        follow: Follow | None = None,
    ) -> None:
        damping.check(engine.prior)
        self.cuts = 0
        self._engine, self._damping, self._on_retreat = follow.bare if follow else engine, damping, on_retreat
        self._follow = follow
        self._scene: Scene | None = None
        self._aside: Scene | None = None  # what was in view before the last change: a flash goes as it came

    def colorize(self, nir: NDArray[Any]) -> NDArray[Any]:
        """The next frame, as ``Colorizer.colorize`` takes and returns it."""
        return self.colorize_all([nir])[0]

    def colorize_all(self, frames: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """The next frames, all of one shape and type: as ``colorize`` does one after the other, but in fewer passes
        through the networks. Results agree but for the order of additions in the network.
        """
        if not self._damping.strength:
            made = [self._engine.colorize(nir, on_retreat=self._on_retreat) for nir in frames]
            return made if not self._follow else list(map(self._follow.lead, frames, map(_unit, frames), made))
        views = [self._view(nir) for nir in frames]
        groups = groupby(views, lambda view: view.scene)
        return [rgb for scene, some in groups for rgb in self._painted(scene, list(some))]

    def paint(self, frames: Sequence[Frame]) -> list[NDArray[Any]]:
        """The colours of the next frames; those that bring theirs along pass as they are, and end what was before."""
        found: list[NDArray[Any]] = []
        for (coloured, *_), some in groupby(frames, _kind):
            if coloured:
                self.forget()
                found += [frame.colours for frame in some if frame.colours is not None]
            else:
                found += self.colorize_all([frame.image.pixels for frame in some])
        return found

    def forget(self) -> None:
        """The next frame has no past. This is not counted as a scene change."""
        self._scene = self._aside = None

    def _view(self, nir: NDArray[Any]) -> View:
        full = _unit(nir)[None, None]
        look = _look(full)
        scene = self._scene_of(full, look)
        if scene.frames > 1:
            full = self._calmed(scene, full, look)
            look = _look(full)
        scene.calm, scene.look = full, look
        return View(scene, full[0, 0], look, nir)

    def _calmed(self, scene: Scene, full: Floats, look: Floats) -> Floats:
        """The mean of the frame and those before, where nothing moves: a mean of what moves would lose its texture,
        and with it what the network knows it by."""
        if shift(scene.look, look) > self._damping.shift:
            scene.gain = 1.0
            return full
        motion = moved(scene.look, look, self._damping.window)
        weight = np.float32(self._damping.strength) * stillness(motion, self._damping)[0, 0]  # (h, w)
        gain = exposure(scene.look, look)
        scene.gain = self._damping.lag(gain)
        now, past = full * np.float32(1 / scene.gain), scene.calm * np.float32(gain / scene.gain)
        past -= now
        past *= cv2.resize(weight, (full.shape[-1], full.shape[-2]), interpolation=cv2.INTER_LINEAR)
        past += now
        return np.asarray(np.minimum(past, 1, out=past))

    def _scene_of(self, full: Floats, look: Floats) -> Scene:
        """The scene that a frame belongs to: the last one, the one before a flash, or a new one."""
        past, aside = self._scene, self._aside
        if past is None or past.calm.shape != full.shape:
            self.forget()
            self._scene = Scene(full, look, Moments(self._damping))
            return self._scene
        past.frames += 1
        if past.frames > self._damping.flash:
            self._aside = None
        if not (is_cut := self._is_cut(past, look)) and not self._is_jump(past, look):
            return past
        if aside is not None and not self._is_cut(aside, look) and not self._is_jump(aside, look):
            self.cuts -= past.is_cut
            self._scene, self._aside = aside, None
            return aside
        self.cuts += is_cut
        self._scene, self._aside = Scene(full, look, Moments(self._damping), is_cut=is_cut), past
        return self._scene

    def _is_cut(self, scene: Scene, look: Floats) -> bool:
        return change(scene.look, look, self._damping.grid) > self._damping.cut

    def _is_jump(self, scene: Scene, look: Floats) -> bool:
        gain = exposure(scene.look, look) / scene.gain
        return not 1 / self._damping.jump <= gain <= self._damping.jump

    def _painted(self, scene: Scene, views: list[View]) -> list[NDArray[Any]]:
        """Frames of one scene, together where they fit into memory."""
        shape = views[0].nir.shape
        if len(views) > 1 and shape[0] * shape[1] <= TOGETHER and self._engine.is_one_tile(shape):
            try:
                return self._pass(scene, views)
            except Exception as error:
                if not self._engine.networks.is_out_of_memory(error):
                    raise
        return [rgb for view in views for rgb in self._pass(scene, [view])]

    def _pass(self, scene: Scene, views: list[View]) -> list[NDArray[Any]]:
        scene.moments.begin([view.look for view in views])
        with self._engine.filtered(scene.moments.maps, scene.moments.maps):
            rgb = self._through(views)
        scene.moments.settle()
        if self._follow:
            return [self._follow.lead(view.nir, view.calm, made) for view, made in zip(views, rgb, strict=True)]
        return rgb

    def _through(self, views: list[View]) -> list[NDArray[Any]]:
        """The networks, and what becomes of the light."""
        engine, shown, lights = self._engine, [view.nir for view in views], None
        if engine.takes_light:
            shown, lights = [view.calm for view in views], shown
        if len(views) > 1:
            return engine.at_once(shown, lights)
        light = lights[0] if lights else None
        return [engine.colorize(shown[0], light=light, on_retreat=self._on_retreat)]


def _unit(nir: NDArray[Any]) -> Floats:
    """In [0, 1]."""
    return np.asarray(nir, np.float32) * np.float32(1 / SCALES[nir.dtype])


def _look(full: Floats) -> Floats:
    """(1, 1, H, W) -> (1, 1, h, w): averages of squares of whole pixels."""
    height, width = full.shape[-2:]
    side = max(1, min(round(max(height, width) / LOOK), height, width))
    rows, columns = height // side, width // side
    whole = full[0, 0, : rows * side, : columns * side]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)[None, None]


def _kind(frame: Frame) -> tuple[bool, tuple[int, ...], np.dtype[Any]]:
    """What frames that go together share: whether they bring their colours, shape and type."""
    return frame.colours is not None, frame.image.pixels.shape, frame.image.pixels.dtype
