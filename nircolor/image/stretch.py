"""What the user asks for with ``--stretch``: how stored values become [0, 1]. Plain data, no arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nircolor.errors import UsageError

_FORMS = "use none, minmax, percentile or percentile:LOW,HIGH with 0 <= LOW < HIGH <= 100"


@dataclass(frozen=True)
class Stretch:
    """How stored values become [0, 1].

    ``none``: by the dtype alone (0 -> 0, the largest value the dtype or the file's tags allow -> 1). ``minmax``: the
    smallest and largest value of the picture. ``percentile``: the values at ``low`` and ``high`` percent (both in
    0..100); what lies outside is clipped. ``low`` and ``high`` mean nothing for the other kinds.

    Raises ``UsageError`` for an unknown kind or percentages out of order.
    """

    kind: Literal["none", "minmax", "percentile"] = "none"
    low: float = 1.0
    high: float = 99.0

    def __post_init__(self) -> None:
        # `not (a <= b)` rather than `a > b`: NaN must not slip through
        if self.kind not in ("none", "minmax", "percentile") or not (0 <= self.low < self.high <= 100):
            raise UsageError(f"stretch {self}: {_FORMS}")

    def __str__(self) -> str:
        return f"percentile:{self.low:g},{self.high:g}" if self.kind == "percentile" else self.kind

    @staticmethod
    def parse(text: str) -> Stretch:
        """Read ``none``, ``minmax``, ``percentile`` or ``percentile:lo,hi``. Raises ``UsageError`` on anything else."""
        kind, colon, limits = text.strip().lower().partition(":")
        if kind == "percentile" and colon:
            return _percentile(text, limits)
        if kind == "none" and not colon:
            return Stretch("none")
        if kind == "minmax" and not colon:
            return Stretch("minmax")
        if kind == "percentile":
            return Stretch("percentile")
        raise UsageError(f"--stretch {text!r}: {_FORMS}")


def _percentile(text: str, limits: str) -> Stretch:
    try:
        low, high = (float(part) for part in limits.split(","))
    except ValueError as error:
        raise UsageError(f"--stretch {text!r}: {_FORMS}") from error
    return Stretch("percentile", low, high)
