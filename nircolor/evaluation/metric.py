"""What a metric is: a name, a unit, which way is better, and a pure function of two pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
"""(H, W, 3), values in [0, 1]; whether sRGB-coded or linear light is the protocol's business."""


@dataclass(frozen=True)
class Metric:
    """One column of a table.

    ``key`` names it in CSV and JSON, ``title`` and ``unit`` in tables. ``better`` is the direction of improvement;
    ``one`` means that 1 is best. ``view`` says which pictures of a protocol it looks at: ``signal`` for differences of
    numbers, ``display`` for what is defined on sRGB-coded pictures alone (see protocols.py).
    """

    key: str
    title: str
    unit: str
    better: Literal["higher", "lower", "one"]
    decimals: int
    view: Literal["signal", "display"]
    compute: Callable[[Image, Image], float]
