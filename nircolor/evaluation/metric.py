"""What a metric is: a name, a unit, which way is better, and a pure function of two pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import UsageError

Image = NDArray[np.float32]
"""(H, W, 3), values in [0, 1]; whether sRGB-coded or linear light is the protocol's business."""


@dataclass(frozen=True)
class Borders:
    """Where tiles of a prediction begin and end: ``rows`` lists each y with a border between rows y - 1 and y, and
    ``columns`` each such x. Both empty: the picture is one tile, or nobody knows."""

    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()


Compute = Callable[[Image, Image, Borders], "float | None"]
"""Prediction, truth, and the prediction's tile borders -> the value; None where it is not defined."""


@dataclass(frozen=True)
class Metric:
    """One column of a table.

    ``key`` names it in CSV and JSON, ``title`` and ``unit`` in tables. ``better`` is the direction of improvement:
    ``one`` means that 1 is best, ``none`` that only the truth's own value would be.
    ``view`` says which pictures of a protocol it looks at: ``signal`` for differences of
    numbers, ``display`` for what is defined on sRGB-coded pictures alone (see protocols.py).
    """

    key: str
    title: str
    unit: str
    better: Literal["higher", "lower", "one", "none"]
    decimals: int
    view: Literal["signal", "display"]
    compute: Compute


def check_sizes(prediction: Image, truth: Image) -> None:
    """Raises UsageError, which names both sizes, unless both are (H, W, 3) of one size."""
    if prediction.shape != truth.shape:
        raise UsageError(f"the prediction is {_size(prediction)}, the truth {_size(truth)}: they must be of one size")
    if truth.ndim != 3 or truth.shape[2] != 3 or 0 in truth.shape:
        raise UsageError(f"pictures of shape {truth.shape}: metrics take (H, W, 3)")


def _size(image: Image) -> str:
    height, width, *rest = (*image.shape, 0, 0)[: max(2, image.ndim)]
    return f"{width} x {height}" + (f" x {rest[0]}" if rest and rest[0] != 3 else "")
