"""How long a plan will take, from one picture of its middle size colorized here and now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nircolor.batch.probe import Size
    from nircolor.colorizer import Colorizer

_LARGEST = 2000  # pixels a side that are tried: more would take long, and tiles all cost the same


def megapixels(sizes: Sequence[Size | None]) -> float:
    """Of all pictures whose size is known."""
    return sum(size[0] * size[1] for size in sizes if size) / 1e6


def seconds(engine: Colorizer, sizes: Sequence[Size | None]) -> float:
    """Time in the network, warm; reading and writing happen meanwhile. 0 where no size is known."""
    known = sorted((size for size in sizes if size), key=lambda size: size[0] * size[1])
    if not known:
        return 0.0
    height, width = (min(side, _LARGEST) for side in known[len(known) // 2])
    nir = np.zeros((height, width), np.float32)
    engine.colorize(nir)  # what is compiled or allocated once does not count
    start = time.perf_counter()
    engine.colorize(nir)
    return (time.perf_counter() - start) / (height * width) * megapixels(known) * 1e6
