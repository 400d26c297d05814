"""The two baselines that every table needs: what doing nothing is worth, and what one pixel alone can tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nircolor.datasets.near import read_near
from nircolor.datasets.pair import Pair
from nircolor.errors import InputError
from nircolor.evaluation.methods import FromNir, View, nir_of
from nircolor.evaluation.metric import Image
from nircolor.image import read_rgb

LEVELS = 256


@dataclass(frozen=True)
class GreyCopy(FromNir):
    """The NIR picture in all three channels: what doing nothing is worth."""

    name: str = "grey copy"

    def about(self) -> str:
        return "the near-infrared picture in all three channels"

    def predict(self, view: View) -> Image:
        return np.repeat(nir_of(view)[..., None], 3, axis=2)


@dataclass(frozen=True)
class LookupTable(FromNir):
    """The mean colour that each NIR value had in the training pairs, (256, 3): all that can be known from one pixel
    alone, by mean squared error. Values between the 256 steps are interpolated."""

    table: NDArray[np.float64]
    name: str = "lookup table"
    pairs: int = 0

    def about(self) -> str:
        return f"mean colour of each of {LEVELS} near-infrared values, from {self.pairs} training pairs"

    def predict(self, view: View) -> Image:
        position = nir_of(view) * np.float32(LEVELS - 1)
        channels = [np.interp(position, np.arange(LEVELS), self.table[:, c]) for c in range(3)]
        return np.stack(channels, axis=-1).astype(np.float32)

    @classmethod
    def from_pairs(cls, pairs: Sequence[Pair], on_progress: Callable[[int, int], None]) -> LookupTable:
        """Average the pairs, one by one. Raises InputError for one that cannot be read, or whose sizes differ."""
        sums, counts = np.zeros((LEVELS, 3)), np.zeros(LEVELS)
        for done, pair in enumerate(pairs):
            on_progress(done, len(pairs))
            index, rgb = _levels(pair), read_rgb(pair.rgb).pixels.reshape(-1, 3)
            if len(index) != len(rgb):
                reason = f"has another size than {pair.rgb}"
                raise InputError(reason, path=pair.nir, remedy="repair or remove this training pair")
            counts += np.bincount(index, minlength=LEVELS)
            for c in range(3):
                sums[:, c] += np.bincount(index, weights=rgb[:, c], minlength=LEVELS)
        seen = counts > 0
        if not seen.any():
            raise InputError("no training pairs for the lookup table: check `train`")
        means = sums[seen] / counts[seen, None]
        columns = [np.interp(np.arange(LEVELS), np.flatnonzero(seen), means[:, c]) for c in range(3)]
        return cls(np.stack(columns, axis=-1), pairs=len(pairs))


def _levels(pair: Pair) -> NDArray[np.intp]:
    if pair.nir is None:
        raise InputError("has no near-infrared partner to learn from", path=pair.rgb, remedy="check `train`")
    return np.rint(read_near(pair.nir).pixels * (LEVELS - 1)).astype(np.intp).ravel()
