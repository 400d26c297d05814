"""Steps of ``model/edge.py`` in whole numbers of 8 bits (``model/eight_bits.py``), as runtimes know them: between
DequantizeLinear and QuantizeLinear. Runtimes join the three into one operator that counts in integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from nircolor.model.eight_bits import NUDGE, PICTURE, span, weight_scales
from nircolor.twin.graph import Graph
from nircolor.twin.layers import array, padding, twice

MOST = 1 << 30  # of a sum


@dataclass(frozen=True)
class Bits:
    """A value in the graph: number = (whole - zero) * scale."""

    name: str
    scale: float = 0.0
    zero: int = 0


class EightBits:
    """Steps whose numbers lie in ``ranges``: the least and the largest after each, in their order."""

    def __init__(self, g: Graph, ranges: Sequence[Sequence[float]]) -> None:
        self._g, self._ranges = g, iter(ranges)

    def given(self, nir: Bits) -> Bits:
        """Centred values become the 8 bits of a picture again."""
        return self._bits(self._g.op("Add", nir.name, self._g.floats(NUDGE)), *PICTURE)

    def conv(self, x: Bits, layer: nn.Conv2d, bounded: bool) -> Bits:
        """Where numbers are cut off at 0 and at the largest that was seen, ReLU6 is done."""
        y = self._g.op("Conv", self.floats(x), *self._numbers(x, layer), **padding(layer))
        return self._whole(y, bounded)

    def add(self, x: Bits, y: Bits) -> Bits:
        return self._whole(self._g.op("Add", self.floats(x), self.floats(y)), False)

    def twice(self, x: Bits) -> Bits:
        return Bits(twice(self._g, x.name), x.scale, x.zero)

    def floats(self, x: Bits) -> str:
        scale, zero = self._g.floats(x.scale), self._g.numbers_of(np.array(x.zero, np.uint8))
        return str(self._g.op("DequantizeLinear", x.name, scale, zero))

    def _whole(self, x: str, bounded: bool) -> Bits:
        low, high = next(self._ranges)
        return self._bits(x, *span(low, high, bounded))

    def _bits(self, x: str, scale: float, zero: int) -> Bits:
        whole = self._g.op("QuantizeLinear", x, self._g.floats(scale), self._g.numbers_of(np.array(zero, np.uint8)))
        return Bits(str(whole), scale, zero)

    def _numbers(self, x: Bits, layer: nn.Conv2d) -> list[str]:
        """Weights, with a scale for each channel that comes out, and bias."""
        weight, bias = array(layer.weight), array(layer.bias)  # type: ignore[arg-type]
        scales, most = weight_scales(layer.weight, layer.groups)
        least = np.abs(bias) / np.float32(x.scale * MOST)  # a channel of hardly any weight still has its bias
        scale = np.maximum(array(scales), least)
        whole = np.rint(weight / scale[:, None, None, None]).clip(-most, most).astype(np.int8)
        sums = np.rint(bias / (scale * np.float32(x.scale))).astype(np.int32)
        return [self._stored(whole, scale), self._stored(sums, scale * np.float32(x.scale))]

    def _stored(self, whole: NDArray[np.integer], scale: NDArray[np.float32]) -> str:
        return str(self._g.op("DequantizeLinear", self._g.numbers_of(whole), self._g.floats(scale), axis=0))
