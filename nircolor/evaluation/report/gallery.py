"""What stands over the strips of pictures: how many they are, the scale of the error maps, sorting and filtering.

``gallery.html.j2`` shows them, and ``page.js`` brings the controls to life.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nircolor.evaluation.report.errormap import scale
from nircolor.evaluation.report.strips import Strip
from nircolor.evaluation.report.tables import PictureLine
from nircolor.evaluation.results import Results
from nircolor.evaluation.summary import SummaryRow
from nircolor.pages.text import count
from nircolor.pages.thumbnails import LONGEST

Shown = tuple[PictureLine, Strip]
Options = list[tuple[str, str]]
"""(value, text) of each choice; empty: nothing to choose from."""


@dataclass(frozen=True)
class Controls:
    """What can be sorted by and filtered. ``checked``: a leak check was made."""

    metrics: Options
    methods: Options
    kinds: Options
    checked: bool


def gallery(results: Results, shown: Sequence[Shown], total: int) -> dict[str, Any]:
    """The values of ``gallery.html.j2``."""
    rows = [picture.any for picture, _ in shown]
    return {"extent": _extent(results, len(shown), total), "scale": scale(), "controls": _controls(results, rows)}


def _controls(results: Results, rows: Sequence[SummaryRow]) -> Controls:
    """``rows`` has one for each strip. Metrics that know no better and worse are not offered."""
    kinds = sorted({row.kind for row in rows} - {""})
    return Controls(
        [(str(i), m.title) for i, m in enumerate(results.metrics) if m.better != "none"],
        [(str(i), m) for i, m in enumerate(results.methods)],
        [("", "all"), *((kind, kind) for kind in kinds)] if len(kinds) > 1 else [],
        any(row.seen is not None for row in rows),
    )


def _extent(results: Results, shown: int, total: int) -> str:
    """How many of how many pictures are here, and in which order."""
    if not shown:
        return f"No pictures were kept for this page. The table of numbers is complete: {count(total, 'picture')}."
    order = f"worst first by {results.metrics[0].title} of {results.methods[0]}" if results.metrics else ""
    few = f"{shown:,} of {total:,} pictures, {order}; the table of numbers is complete and lists all {total:,}"
    extent = few if shown < total else f"All {count(total, 'picture')}, {order}"
    return (
        f"{extent}. They are shown at up to {LONGEST} pixels on the longer side; numbers are measured at full size. "
        "Select a picture to compare it with another under a slider."
    )
