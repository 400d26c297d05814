"""What the user asks for with ``stretch`` or ``range``: how stored values become [0, 1]. Plain data, no arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from nircolor.errors import UsageError

Kind = Literal["none", "minmax", "percentile", "range"]

_FORMS = (
    "use none, minmax, percentile or percentile:LOW,HIGH with 0 <= LOW < HIGH <= 100, or range:LOW,HIGH in values of "
    "the file with LOW < HIGH"
)
_RANGE = "give the two values of the file that become black and white, such as `range=0,4095`"


@dataclass(frozen=True)
class Stretch:
    """How stored values become [0, 1].

    ``none``: by the dtype alone (0 -> 0, the largest value the dtype or the file's tags allow -> 1). ``minmax``: the
    smallest and largest value of the picture. ``percentile``: the values at ``low`` and ``high`` percent (both in
    0..100). ``range``: the stored values ``low`` and ``high``, the same for all pictures of a series; see ``between``.
    What lies outside is clipped. ``low`` and ``high`` mean nothing for the other kinds.

    Raises ``UsageError`` for an unknown kind, or limits out of order.
    """

    kind: Kind = "none"
    low: float = 1.0
    high: float = 99.0

    def __post_init__(self) -> None:
        # `not (a <= b)` rather than `a > b`: NaN must not slip through
        ordered = math.isfinite(self.high - self.low) and self.low < self.high
        if self.kind not in get_args(Kind) or not ordered or (self.kind != "range" and not self._are_percents()):
            raise UsageError(_FORMS, option="stretch", value=self)

    def __str__(self) -> str:
        limited = self.kind in ("percentile", "range")
        return f"{self.kind}:{self.low:.10g},{self.high:.10g}" if limited else self.kind

    @staticmethod
    def between(low: float, high: float) -> Stretch:
        """The stored values that become 0 and 1. Raises ``UsageError`` where they are not in order."""
        return Stretch("range", low, high)

    @staticmethod
    def parse(stretch: str, range: str | None = None) -> Stretch:
        """What the two say together. Raises ``UsageError`` on anything unknown.

        ``stretch``: ``none``, ``minmax``, ``percentile``, ``percentile:LOW,HIGH`` or ``range:LOW,HIGH``. ``range``:
        ``LOW,HIGH``, short for the last of these.
        """
        if range is not None:
            return _between(stretch, range)
        kind, colon, numbers = stretch.strip().lower().partition(":")
        unknown = UsageError(_FORMS, option="stretch", value=repr(stretch))
        if kind in ("percentile", "range") and colon:
            return _limited(kind, numbers, unknown)
        if kind not in ("none", "minmax", "percentile") or colon:
            raise unknown
        return Stretch(kind)  # type: ignore[arg-type]

    def _are_percents(self) -> bool:
        return self.low >= 0 and self.high <= 100


def _between(stretch: str, limits: str) -> Stretch:
    if Stretch.parse(stretch).kind != "none":
        reason = f"`stretch={stretch}` and `range={limits}`: one excludes the other"
        raise UsageError(reason, remedy="leave one out")
    return _limited("range", limits, UsageError(_RANGE, option="range", value=repr(limits)))


def _limited(kind: str, limits: str, complaint: UsageError) -> Stretch:
    try:
        low, high = (float(part) for part in limits.split(","))
        return Stretch(kind, low, high)  # type: ignore[arg-type]
    except (ValueError, UsageError) as error:
        raise complaint from error
