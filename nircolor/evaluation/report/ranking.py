"""The five pictures that each method does worst on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nircolor.evaluation.results import Results, Row
from nircolor.evaluation.summary import worst
from nircolor.pages.lines import swatch
from nircolor.pages.text import heading, with_unit
from nircolor.written import esc


def ranking(results: Results, anchors: Mapping[str, str]) -> Iterator[str]:
    """The section: a short list for each method. ``anchors`` maps the ids that have a strip on the page to its name."""
    if not results.metrics:
        return
    yield f'<section id="worst"><h2>Worst pictures</h2><p>By {heading(results.metrics[0])}</p><div class="lists">'
    for index, method in enumerate(results.methods):
        yield f"<div><h3>{swatch(index)} {esc(method)}</h3><ol>"
        yield from (_item(results, row, anchors.get(row.id)) for row in worst(results, method))
        yield "</ol></div>"
    yield "</div></section>"


def _item(results: Results, row: Row, anchor: str | None) -> str:
    name = f'<a href="#{anchor}">{esc(row.id)}</a>' if anchor else esc(row.id)
    badge = '<span class="badge">seen in training</span>' if row.seen else ""
    value = with_unit(results.metrics[0], row.values.get(results.metrics[0].key))
    return f'<li><div class="ends"><span>{name} {badge}</span><span class="value">{value}</span></div></li>'
