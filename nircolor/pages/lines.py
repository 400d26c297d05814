"""Lines of charts: each has a colour and dashes of the style sheet, and a swatch in the legend."""

from __future__ import annotations

from markupsafe import Markup

COLOURS = 7
"""How many colours the style sheet has for lines; more methods share them, told apart by dashes."""


def line_class(index: int) -> str:
    """The classes of a method's line and swatch: its colour, and its dashes."""
    return f"c{index % COLOURS} d{index // COLOURS % 3}"


def swatch(index: int) -> Markup:
    """A short piece of the method's line, for legends and captions."""
    return Markup(
        f'<svg class="swatch line {line_class(index)}" viewBox="0 0 22 10" aria-hidden="true"><path d="M1 5H21"/></svg>'
    )
