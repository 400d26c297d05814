"""The complete table: every picture and method, one row each, to be sorted by any column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nircolor.evaluation.metric import Metric
from nircolor.evaluation.report.pictures import Picture
from nircolor.evaluation.results import Results, Row
from nircolor.pages.text import count, heading, number, script_number, size
from nircolor.written import esc

_SEEN = {True: "yes", False: "no", None: "not checked"}
_TEXTS = ("picture", "scene", "kind", "seen in training", "method")


def listing(results: Results, pictures: Sequence[Picture], anchors: Mapping[str, str]) -> Iterator[str]:
    """The section, collapsed. ``anchors`` maps the ids that have a strip on the page to its name."""
    yield '<section id="numbers"><h2>All numbers</h2>'
    yield f"<details><summary>{count(len(pictures), 'picture')}, {count(len(results.rows), 'row')}</summary>"
    yield '<div class="scroll tall" tabindex="0" role="region" aria-label="All numbers">'
    yield '<table class="numbers sortable"><thead><tr>'
    yield "".join(_head(title, "name") for title in _TEXTS) + _head("pixels", "")
    yield "".join(_head(heading(metric), "") for metric in results.metrics) + "</tr></thead><tbody>"
    for picture in pictures:
        for row in picture.rows.values():
            yield _row(row, results.metrics, anchors.get(row.id))
    yield "</tbody></table></div></details></section>"


def _head(title: str, kind: str) -> str:
    return f'<th scope="col" class="{kind}"><button type="button">{title}</button></th>'


def _row(row: Row, metrics: Sequence[Metric], anchor: str | None) -> str:
    name = f'<a href="#{anchor}">{esc(row.id)}</a>' if anchor else esc(row.id)
    texts = (name, esc(row.scene), esc(row.kind), _SEEN[row.seen], esc(row.method))
    cells = "".join(f'<td class="name"><div>{text}</div></td>' for text in texts)
    cells += _value(row.width * row.height, size(row.width, row.height))
    cells += "".join(_value(row.values.get(m.key), number(row.values.get(m.key), m.decimals)) for m in metrics)
    return f"<tr>{cells}</tr>"


def _value(value: float | None, shown: str) -> str:
    return f'<td data-value="{script_number(value)}">{shown}</td>'
