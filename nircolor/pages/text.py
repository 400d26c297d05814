"""Numbers, counts and headings of columns, as pages show them."""

from __future__ import annotations

import math
from typing import Protocol

from markupsafe import Markup

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


def with_unit(metric: Measure, value: float | None) -> Markup:
    """``17.61 dB``, ``4.20°``: the degree sign stands close."""
    shown = number(value, metric.decimals)
    gap = "" if metric.unit == "°" else NO_BREAK
    return Markup("{}{}{}").format(shown, *((gap, metric.unit) if shown != UNDEFINED and metric.unit else ("", "")))


def heading(metric: Measure) -> Markup:
    """Title, arrow and unit of a column; screen readers hear the arrow in words. It may break between spans only."""
    words = _WORDS[metric.better]
    title = Markup(" ").join(Markup("<span>{}</span>").format(word) for word in metric.title.split())
    arrow = Markup('<b role="img" aria-label="{0}" title="{0}">{1}</b>').format(words, _ARROWS[metric.better])
    arrow = arrow if words else Markup()
    unit = Markup("{}<i>{}</i>").format(NO_BREAK if arrow else "", metric.unit) if metric.unit else ""
    return Markup('{} <span class="arrow">{}{}</span>').format(title, arrow, unit) if arrow or unit else title


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
