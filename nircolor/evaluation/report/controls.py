"""What stands over the strips: sorting and filtering, for the page's script to bring to life."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nircolor.evaluation.results import Results, Row
from nircolor.pages.text import count
from nircolor.written import esc


def controls(results: Results, rows: Sequence[Row]) -> Iterator[str]:
    """A form, hidden until the script runs. ``rows`` has one for each strip: what they do not differ in is not offered,
    nor are metrics that know no better and worse."""
    metrics = ((str(i), m.title) for i, m in enumerate(results.metrics) if m.better != "none")
    methods = ((str(i), m) for i, m in enumerate(results.methods))
    yield '<form id="controls" hidden>'
    yield _select("sort by", "metric", metrics)
    yield _select("of", "method", methods)
    yield _select("order", "order", (("worst", "worst first"), ("best", "best first"), ("id", "by name")))
    yield '<label>filter <input name="text" type="search" placeholder="name or scene" size="14"></label>'
    kinds = sorted({row.kind for row in rows} - {""})
    if len(kinds) > 1:
        yield _select("kind", "kind", (("", "all"), *((kind, kind) for kind in kinds)))
    if any(row.seen is not None for row in rows):
        yield _select("scenes", "seen", (("", "all"), ("false", "unseen"), ("true", "seen in training")))
    yield f'<output name="count">{count(len(rows), "picture")}</output></form>'


def better(results: Results) -> str:
    """The direction of each metric, as the script reads it."""
    return " ".join(metric.better for metric in results.metrics)


def _select(label: str, name: str, options: Iterator[tuple[str, str]] | Sequence[tuple[str, str]]) -> str:
    items = "".join(f'<option value="{esc(value)}">{esc(text)}</option>' for value, text in options)
    return f'<label>{label} <select name="{name}">{items}</select></label>'
