"""The pairs of a recipe's source, which must be without fault, and their decoded pixels; rendered scenes as pairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor import scenes
from nircolor.datasets import Pair, open_dataset
from nircolor.datasets.near import read_near
from nircolor.errors import InputError
from nircolor.image import read_rgb
from nircolor.image.quantize import round_to
from nircolor.image.tone.ranks import equalize as equalised
from nircolor.training.cache import Pixels
from nircolor.training.recipe import SourceConfig

_HARMLESS = ("stray", "unlisted")  # certainly in no pair that is trained on


def find_pairs(source: SourceConfig, data: Path) -> tuple[Pair, ...]:
    """The pairs of ``source``, whose folder and split file lie below ``data``; all splits where it names none.

    Raises InputError for the first pair that is incomplete or doubled: a run of hours should not begin on half of its
    data; for a folder without near-infrared pictures; and for a scene to leave out that is not there.
    """
    split_file = data / source.split_file if source.split_file else None
    found = open_dataset(data / source.folder, split=source.split or "all", split_file=split_file)
    for problem in found.problems:
        if problem.kind not in _HARMLESS:
            raise InputError(str(problem))
    absent = set(source.leave_out) - {pair.scene for pair in found.pairs}
    if absent:
        raise InputError(f"has no scene {min(absent)}, which is to be left out", path=data / source.folder)
    return tuple(pair for pair in found.pairs if pair.scene not in source.leave_out)


def load_pair(pair: Pair, *, equalize: bool = False, long_side: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    """Decode a pair in any format and depth that ``read_nir`` and ``read_rgb`` take, upright.

    ``equalize`` the near-infrared histogram, as ``Colorizer.colorize`` does for networks trained on that; then reduce
    (area averages) a picture whose longer side is above ``long_side``, where that is not 0.

    Returns nir (H, W) and rgb (H, W, 3): uint8 where the file has at most 8 bits a sample, else uint16. Raises
    InputError when one is missing or unreadable, or the sizes differ.
    """
    if pair.nir is None:
        raise InputError("its nir partner is missing", path=pair.rgb, remedy="add it to train on this pair")
    near, colour = read_near(pair.nir), read_rgb(pair.rgb)
    nir, rgb = _stored(near.pixels, near.info.dtype), _stored(colour.pixels, colour.dtype)
    if nir.shape != rgb.shape[:2]:
        sizes = (f"{path}: {image.shape[1]} x {image.shape[0]}" for path, image in ((pair.nir, nir), (pair.rgb, rgb)))
        raise InputError(f"{', but '.join(sizes)}; register the two or remove the pair")
    nir = equalised(nir) if equalize else nir
    return _reduced(nir, long_side), _reduced(rgb, long_side)


def _stored(pixels: NDArray[np.float32], dtype: str) -> NDArray[Any]:
    # 16 bits for floats too: half of their size, and 32 times finer near white than float16 of the same size
    return round_to(pixels, np.dtype(np.uint8 if dtype == "uint8" else np.uint16))


def _reduced(image: NDArray[Any], long_side: int) -> NDArray[Any]:
    height, width = image.shape[:2]
    if not long_side or max(height, width) <= long_side:
        return image
    scale = long_side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    reduced: NDArray[Any] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return reduced


@dataclass(frozen=True)
class RenderedPair:
    """A scene of the project's own renderer: what no photograph shows often enough, with an exact answer. It is drawn
    when it is first asked for; ``seed`` says which."""

    seed: int
    side: int

    @property
    def scene(self) -> str:
        return f"rendered_{self.seed}"

    def load(self) -> Pixels:
        """nir (side, side) and rgb (side, side, 3), uint8."""
        scene = scenes.render(self.seed, self.side, self.side)
        return scenes.quantise(scene.nir, 8), scenes.quantise(scene.rgb, 8)
