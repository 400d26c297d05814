"""What is measured: pictures that somebody made, or weights that colorize now. The baselines are in baselines.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from nircolor.datasets.pair import Pair
from nircolor.errors import InputError, display_name
from nircolor.evaluation.metric import Borders, Image
from nircolor.evaluation.seams import tile_borders
from nircolor.image import read_rgb
from nircolor.tiling import Tiling

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer


@dataclass(frozen=True)
class View:
    """One pair in memory: ``nir`` (H, W) and ``truth`` (H, W, 3), float32 in [0, 1], and the depth of the truth's file
    (uint8, uint16, float32). ``nir`` is None where the data set has colour pictures alone."""

    pair: Pair
    nir: NDArray[np.float32] | None
    truth: Image
    depth: str


class Method(Protocol):
    """Something that predicts a colour picture. ``predict`` may be called from several threads."""

    @property
    def name(self) -> str: ...

    def about(self) -> str:
        """What a reader must know to repeat it."""

    def covers(self, pair: Pair) -> bool:
        """Whether there is a prediction of this pair, or can be one."""

    def predict(self, view: View) -> Image:
        """(H, W, 3) float32 in [0, 1]. Raises InputError where the prediction cannot be read or made."""

    def place(self, pair: Pair) -> str:
        """What messages call the prediction of this pair."""

    def borders(self, shape: tuple[int, ...]) -> Borders:
        """Where tiles of a prediction of this shape begin and end."""


class FromNir:
    """What is alike in all methods that make their predictions from near-infrared, untiled unless they say more."""

    name: str

    def covers(self, pair: Pair) -> bool:
        return pair.nir is not None

    def place(self, pair: Pair) -> str:
        return f"{self.name} of {pair.id}"

    def borders(self, shape: tuple[int, ...]) -> Borders:
        return Borders()


@dataclass(frozen=True)
class Folder:
    """Predictions made elsewhere: ``files`` maps ids of pairs to them. ``tiling`` says how they were tiled, if known.

    ``any_depth``: take predictions of another bit depth than the truth's too.
    """

    name: str
    files: Mapping[str, Path]
    tiling: Tiling | None = None
    any_depth: bool = False

    def about(self) -> str:
        tiles = f", tiles of {self.tiling.tile}, overlap {self.tiling.overlap}" if self.tiling else ""
        return f"{len(self.files)} pictures made elsewhere{tiles}"

    def covers(self, pair: Pair) -> bool:
        return pair.id in self.files

    def place(self, pair: Pair) -> str:
        return display_name(self.files[pair.id])

    def predict(self, view: View) -> Image:
        picture = read_rgb(self.files[view.pair.id])
        if picture.dtype != view.depth and not self.any_depth:
            reason = f"is {picture.dtype}, its truth {view.pair.rgb.name} is {view.depth}"
            remedy = "convert one of them, or add `any_depth=True`"
            raise InputError(reason, path=self.files[view.pair.id], remedy=remedy)
        return picture.pixels

    def borders(self, shape: tuple[int, ...]) -> Borders:
        return tile_borders(shape, self.tiling) if self.tiling else Borders()


@dataclass(frozen=True)
class Network(FromNir):
    """Weights that colorize now, one picture at a time. ``resize``: the side of the square that pictures are resized to
    before, and back from after (how the papers' fixed-size networks are run); 0 to work at native size."""

    name: str
    engine: Colorizer
    resize: int = 0
    lock: Lock = field(default_factory=Lock, repr=False)

    def about(self) -> str:
        info, tiling = self.engine.info, self.engine.tiling
        size = f"squares of {self.resize}, resized back" if self.resize else "native size"
        return (
            f"weights {info.weights_sha256}, {info.device}, kernel {info.kernel}, {info.precision}, {size}, "
            f"prior {self.engine.prior}, tile {tiling.tile}, overlap {tiling.overlap}"
        )

    def predict(self, view: View) -> Image:
        import cv2

        nir = nir_of(view)
        with self.lock:  # it uses every core already
            if not self.resize:
                return self.engine.colorize(nir)
            small = cv2.resize(nir, (self.resize, self.resize), interpolation=cv2.INTER_AREA)
            rgb = self.engine.colorize(np.asarray(small, np.float32))
        back = np.asarray(cv2.resize(rgb, nir.shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
        return np.clip(back, 0, 1, out=back)

    def borders(self, shape: tuple[int, ...]) -> Borders:
        return Borders() if self.resize else tile_borders(shape, self.engine.tiling_of(shape))


def nir_of(view: View) -> NDArray[np.float32]:
    if view.nir is None:
        raise InputError("has no near-infrared partner", path=view.pair.rgb)
    return view.nir
