"""What is written into the page: every string from outside passes ``esc``, every number ``number``."""

from __future__ import annotations

import math
from typing import Protocol

from nircolor.written import esc

UNDEFINED, INFINITE = "–", "∞"  # noqa: RUF001 - an en dash is what tables use
NO_BREAK = "\N{NO-BREAK SPACE}"
_ARROWS = {"higher": "↑", "lower": "↓", "one": "→ 1", "none": ""}
_WORDS = {"higher": "higher is better", "lower": "lower is better", "one": "1 is best", "none": ""}


class Measure(Protocol):
    """What a column of numbers is called, and how it is written."""

    @property
    def title(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def better(self) -> str: ...
    @property
    def decimals(self) -> int: ...


def number(value: float | None, decimals: int) -> str:
    """As a table shows it: an en dash where it is not defined, a true minus sign, an infinity sign."""
    if value is None or math.isnan(value):
        return UNDEFINED
    shown = INFINITE if math.isinf(value) else f"{abs(value):.{decimals}f}"
    negative = value < 0 and shown.strip("0.")  # no "-0.00"
    return f"\N{MINUS SIGN}{shown}" if negative else shown


def with_unit(metric: Measure, value: float | None) -> str:
    """``17.61 dB``, ``4.20°``: the degree sign stands close."""
    shown = number(value, metric.decimals)
    gap = "" if metric.unit == "°" else NO_BREAK
    return shown if shown == UNDEFINED or not metric.unit else f"{shown}{gap}{esc(metric.unit)}"


def heading(metric: Measure) -> str:
    """Title, arrow and unit of a column; screen readers hear the arrow in words. It may break between spans only."""
    words = _WORDS[metric.better]
    title = " ".join(f"<span>{esc(word)}</span>" for word in metric.title.split())
    arrow = f'<b role="img" aria-label="{words}" title="{words}">{_ARROWS[metric.better]}</b>' if words else ""
    unit = f"{NO_BREAK if arrow else ''}<i>{esc(metric.unit)}</i>" if metric.unit else ""
    return f'{title} <span class="arrow">{arrow}{unit}</span>' if arrow or unit else title


def count(amount: int, one: str, many: str | None = None) -> str:
    """``1 picture``, ``1,200 pictures``."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def size(width: int, height: int) -> str:
    return f"{width} \N{MULTIPLICATION SIGN} {height}"


def script_number(value: float | None) -> str:
    """A number as JavaScript's ``Number()`` reads it; empty where it is not defined."""
    if value is None or math.isnan(value):
        return ""
    return repr(float(value)) if math.isfinite(value) else f"{'-' if value < 0 else ''}Infinity"
