"""What a colorizer asks of its networks, whatever runs them: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nircolor.model import Generator

Floats = NDArray[np.float32]
Filter = Callable[[Callable[[Any], Floats], Floats], Floats]
"""How a branch makes its maps of those pictures (b, 1, h, w) of a batch that an index chooses, and all that it looks at
-> the maps (b, C, h', w') to go on with. ``...`` chooses all."""


class Sight(Protocol):
    """How networks look at pictures: fields of ``ModelConfig``."""

    @property
    def prior_size(self) -> int: ...
    @property
    def paint_size(self) -> int: ...
    @property
    def reduction(self) -> int: ...
    @property
    def equalize(self) -> bool: ...
    @property
    def head(self) -> str: ...


class Networks(Protocol):
    """G_B and G_A, ready to use. ``device``, ``kernel`` and ``precision`` are what people are told."""

    device: str
    kernel: str
    precision: str

    @property
    def config(self) -> Sight: ...

    def prior(self, nir: Floats) -> Any:
        """(b, h, w) in [0, 1] -> what ``paint`` takes: the prior of G_B, wherever it lies."""

    def paint(self, tiles: Floats, prior: Any, parts: Floats | None, reduction: float) -> Floats:
        """Tiles coloured.

        Args:
            tiles: (b, h, w, 1) in [0, 1], or (b, h, w, 2) with the light that their colours get.
            prior: of the whole picture, or one for each tile. parts: (b, 4) of top, left, bottom, right, where each
                tile lies in it, in fractions; None: the prior is that of the tiles.
            reduction: how many times smaller G_A looks at them; see ``Generator.paint``.

        Returns:
            (b, h, w, 3) in [0, 1].
        """

    def features(self, nir: Floats) -> Floats | None:
        """(h, w) in [0, 1], sides multiples of 32 -> (h / 16, w / 16, C): what the pretrained encoder of G_B sees, by
        which kinds of surface are told apart. None where it has no such encoder."""

    def filtered(self, prior: Filter, gains: Filter | None) -> AbstractContextManager[None]:
        """While entered, filters have the maps of the branches made; see ``Colorizer.filtered``."""

    @property
    def network(self) -> Generator:
        """The network itself, on this device, for who looks into it. torch, whatever runs it."""

    @property
    def threads(self) -> int:
        """Of the CPU, that work on a picture."""

    def use_threads(self, count: int) -> None:
        """So many from now on, for who asks in this thread, where they would wait for each other."""

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Whether that is what an error says."""
