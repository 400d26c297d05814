"""The pictures: a strip each, NIR and truth, then every method's prediction and where it is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from nircolor.evaluation.metric import Metric
from nircolor.evaluation.report.controls import better, controls
from nircolor.evaluation.report.figure import figure
from nircolor.evaluation.report.pictures import Picture
from nircolor.evaluation.report.scale import scale
from nircolor.evaluation.report.strips import Strip
from nircolor.evaluation.results import Results, Row
from nircolor.pages.lines import swatch
from nircolor.pages.text import count, script_number, size, with_unit
from nircolor.pages.thumbnails import LONGEST
from nircolor.written import esc, visible

Shown = tuple[Picture, Strip]


def gallery(results: Results, shown: Sequence[Shown], total: int) -> Iterator[str]:
    """The section. Thumbnails are read one after the other, as the page is written."""
    yield '<section id="pictures"><h2>Pictures</h2>'
    yield f"<p>{_extent(results, len(shown), total)}</p>"
    if shown:
        yield scale()
        yield from controls(results, [picture.any for picture, _ in shown])
    yield f'<div id="strips" data-better="{better(results)}">'
    for index, (picture, strip) in enumerate(shown):
        yield from _strip(results, picture, strip, index)
    yield '</div><p id="none" hidden>No picture matches.</p></section>'


def link(id: str) -> str:
    """The address, on the page, of one picture opened large."""
    return f"#open={quote(visible(id), safe='')}"


def _extent(results: Results, shown: int, total: int) -> str:
    """How many of how many pictures are here, and in which order."""
    if not shown:
        return f"No pictures were kept for this page. The table of numbers is complete: {count(total, 'picture')}."
    order = f"worst first by {esc(results.metrics[0].title)} of {esc(results.methods[0])}" if results.metrics else ""
    few = f"{shown:,} of {total:,} pictures, {order}; the table of numbers is complete and lists all {total:,}"
    extent = few if shown < total else f"All {count(total, 'picture')}, {order}"
    return (
        f"{extent}. They are shown at up to {LONGEST} pixels on the longer side; numbers are measured at full size. "
        "Select a picture to compare it with another under a slider."
    )


def _strip(results: Results, picture: Picture, strip: Strip, index: int) -> Iterator[str]:
    row, name = picture.any, esc(picture.id)
    values = [[script_number(_value(picture, method, m)) for m in results.metrics] for method in results.methods]
    yield f'<article class="strip" id="strip-{index}" data-id="{name}" data-kind="{esc(row.kind)}"'
    yield f' data-seen="{json.dumps(row.seen)}" data-scene="{esc(row.scene)}" data-values="{esc(json.dumps(values))}">'
    yield f'<header><h3><a href="{link(picture.id)}">{name}</a></h3>'
    yield f'<ul class="facts">{"".join(f"<li>{fact}</li>" for fact in _facts(row))}</ul></header>'
    yield '<div class="pairs"><div class="pair"><div class="two">'
    yield figure(strip.nir, "nir", "NIR", f"NIR of {name}", "no NIR picture")
    yield figure(strip.truth, "truth", "truth", f"truth of {name}")
    yield "</div></div>"
    for i, method in enumerate(results.methods):
        yield _pair(results, picture, strip, i, method)
    yield "</div></article>"


def _facts(row: Row) -> Iterator[str]:
    if row.scene:
        yield f"scene {esc(row.scene)}"
    if row.kind:
        yield esc(row.kind)
    yield size(row.width, row.height)
    if row.seen:
        yield '<span class="badge">seen in training</span>'


def _pair(results: Results, picture: Picture, strip: Strip, index: int, method: str) -> str:
    """A method's prediction, its error map, and its numbers under both."""
    prediction, error = strip.predictions.get(method, (None, None))
    name, by = esc(picture.id), esc(method)
    return (
        '<div class="pair"><div class="two">'
        + figure(prediction, f"p{index}", f"{swatch(index)} {by}", f"prediction of {name} by {by}", "no prediction")
        + figure(error, f"e{index}", "error", f"error map of {name} by {by}", "no error map")
        + f"</div>{_numbers(results.metrics, picture.rows.get(method))}</div>"
    )


def _numbers(metrics: Sequence[Metric], row: Row | None) -> str:
    if row is None:
        return '<p class="note">not measured</p>'
    items = (f"<div><dt>{esc(m.title)}</dt><dd>{with_unit(m, row.values.get(m.key))}</dd></div>" for m in metrics)
    return f'<dl class="values">{"".join(items)}</dl>'


def _value(picture: Picture, method: str, metric: Metric) -> float | None:
    row = picture.rows.get(method)
    return None if row is None else row.values.get(metric.key)
