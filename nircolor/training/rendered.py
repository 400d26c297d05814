"""Rendered scenes as training pairs: what no photograph shows often enough, with an exact answer."""

from __future__ import annotations

from dataclasses import dataclass

from nircolor import scenes
from nircolor.training.cache import Pixels


@dataclass(frozen=True)
class RenderedPair:
    """A scene of the project's own renderer, drawn when it is first asked for. ``seed`` says which."""

    seed: int
    side: int

    @property
    def scene(self) -> str:
        return f"rendered_{self.seed}"

    def load(self) -> Pixels:
        """nir (side, side) and rgb (side, side, 3), uint8."""
        scene = scenes.render(self.seed, self.side, self.side)
        return scenes.quantise(scene.nir, 8), scenes.quantise(scene.rgb, 8)
