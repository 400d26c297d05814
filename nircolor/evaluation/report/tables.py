"""The tables of means: methods by metrics, all pictures beside unseen scenes, then kind by kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat

from nircolor.evaluation.metric import Metric
from nircolor.evaluation.results import Results
from nircolor.evaluation.summary import ALL, UNSEEN, Summary, best, summarise
from nircolor.pages.lines import swatch
from nircolor.pages.text import UNDEFINED, heading, number
from nircolor.written import esc

_FEW = 20  # rows by kind that are shown without being asked for
Groups = Mapping[str, list[Summary]]


def summary_tables(results: Results) -> Iterator[str]:
    """The section with both tables; the second only where there are kinds to tell apart."""
    groups: dict[str, list[Summary]] = {}
    for summary in summarise(results):
        groups.setdefault(summary.group, []).append(summary)
    first = {name: groups.pop(name) for name in (ALL, UNSEEN) if name in groups}
    yield '<section id="summary"><h2>Summary</h2>'
    yield from _side_by_side(results, first)
    bold = " The best mean of each column is bold." if len(results.methods) > 1 else ""
    yield f'<p class="note">Mean over pictures; under it, small, the median.{bold}</p>'
    if groups:
        few = len(groups) * len(results.methods) <= _FEW
        yield f"<details{' open' if few else ''}><summary>By kind of picture</summary>"
        yield from _stacked(results, groups)
        yield "</details>"
    yield "</section>"


def _side_by_side(results: Results, groups: Groups) -> Iterator[str]:
    """Under each metric a column for each group, so that what a method gains on seen scenes is plain to see."""
    span = len(groups)
    heads = ("pictures", *map(heading, results.metrics))
    yield '<div class="scroll" tabindex="0" role="region" aria-label="Summary">'
    yield f'<table class="numbers summary"><thead><tr><th scope="col" rowspan="{min(span, 2)}" class="name">method</th>'
    yield "".join(f'<th scope="colgroup" colspan="{span}" class="first">{head}</th>' for head in heads) + "</tr>"
    if span > 1:
        yield f"<tr>{_cells('th', groups) * len(heads)}</tr>"
    yield "</thead><tbody>"
    columns = [[_means(metric, of) for of in groups.values()] for metric in results.metrics]
    for i, method in enumerate(results.methods):
        yield _method(i, method) + _cells("td", [str(of[i].count) for of in groups.values()])
        yield "".join(_cells("td", [means[i] for means in column]) for column in columns) + "</tr>"
    yield "</tbody></table></div>"


def _stacked(results: Results, groups: Groups) -> Iterator[str]:
    """A block of rows for each group."""
    yield '<div class="scroll" tabindex="0" role="region" aria-label="Summary by kind">'
    yield '<table class="numbers kinds"><thead><tr><th scope="col" class="name">method</th>'
    heads = ("pictures", *map(heading, results.metrics))
    yield "".join(f'<th scope="col">{head}</th>' for head in heads) + "</tr></thead>"
    for name, of in groups.items():
        title = f'<th scope="rowgroup" colspan="{len(heads) + 1}" class="name">{esc(name)}</th>'
        yield f'<tbody><tr class="group">{title}</tr>'
        columns = [[str(summary.count) for summary in of], *(_means(metric, of) for metric in results.metrics)]
        for i, summary in enumerate(of):
            yield _method(i, summary.method) + "".join(f"<td>{column[i]}</td>" for column in columns) + "</tr>"
        yield "</tbody>"
    yield "</table></div>"


def _method(index: int, method: str) -> str:
    return f'<tr><th scope="row" class="name">{swatch(index)} {esc(method)}</th>'


def _cells(tag: str, contents: Iterable[str]) -> str:
    """The columns of one metric; the first has a line before it. Contents are HTML already."""
    starts = chain([f'<{tag} class="first">'], repeat(f"<{tag}>"))
    return "".join(f"{start}{content}</{tag}>" for start, content in zip(starts, contents, strict=False))


def _means(metric: Metric, summaries: Sequence[Summary]) -> list[str]:
    """What stands in the cells of one metric, method by method."""
    winners = best(metric, [summary.mean[metric.key] for summary in summaries])
    shown = [
        (number(s.mean[metric.key], metric.decimals), number(s.median[metric.key], metric.decimals)) for s in summaries
    ]
    return [
        (f"<b>{mean}</b>" if i in winners else mean) + (f"<small>{middle}</small>" if mean != UNDEFINED else "")
        for i, (mean, middle) in enumerate(shown)
    ]
