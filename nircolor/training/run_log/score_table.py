"""The scores of a run as a table: a row a validation, under each metric a column for each validation set."""

from __future__ import annotations

from collections.abc import Iterator

from nircolor.pages.text import count, heading, number, with_unit
from nircolor.training.events import Scores
from nircolor.training.run_log.records import History
from nircolor.training.run_log.series import metric_named
from nircolor.written import esc

_MANY = 25  # rows beyond which the table scrolls


def score_table(history: History) -> Iterator[str]:
    """Newest first; the row of the best weights is bold."""
    columns = {metric: list(lines) for metric, lines in history.panels().items()}
    tall = " tall" if len(history.scores) > _MANY else ""
    yield f'<div class="scroll{tall}" tabindex="0" role="region" aria-label="Scores by validation">'
    yield '<table class="numbers summary"><thead><tr><th scope="col" rowspan="2" class="name">step</th>'
    for metric, folders in columns.items():
        yield f'<th scope="colgroup" colspan="{len(folders)}" class="first">{_head(metric)}</th>'
    yield "</tr><tr>"
    for folders in columns.values():
        yield "".join(_cell("th", i, esc(folder)) for i, folder in enumerate(folders))
    yield "</tr></thead><tbody>"
    for scores in reversed(history.scores):
        yield from _row(scores, columns, scores is history.best)
    yield "</tbody></table></div>"
    yield f'<p class="note">{count(len(history.scores), "validation")}; the one with the best weights is bold.</p>'


def in_words(scores: Scores) -> str:
    """``vcip2020 PSNR 22.10 dB, AE 4.20°; epfl PSNR ...`` as HTML."""
    found: dict[str, list[str]] = {}
    for name, value in scores.values.items():
        folder, _, key = name.rpartition("/")
        found.setdefault(folder, []).append(_told(key, value))
    return "; ".join(f"{esc(folder)} {', '.join(values)}" for folder, values in found.items())


def _told(key: str, value: float) -> str:
    metric = metric_named(key)
    return f"{esc(metric.title)} {with_unit(metric, value)}" if metric else f"{esc(key)} {number(value, 4)}"


def _row(scores: Scores, columns: dict[str, list[str]], best: bool) -> Iterator[str]:
    yield f'<tr{" class=winner" if best else ""}><th scope="row" class="name">{scores.step:,}{" best" * best}</th>'
    for key, folders in columns.items():
        metric = metric_named(key)
        decimals = metric.decimals if metric else 4
        values = (number(scores.values.get(f"{folder}/{key}"), decimals) for folder in folders)
        yield "".join(_cell("td", i, value) for i, value in enumerate(values))
    yield "</tr>"


def _head(key: str) -> str:
    metric = metric_named(key)
    return heading(metric) if metric else esc(key)


def _cell(tag: str, index: int, content: str) -> str:
    return f"<{tag}{'' if index else ' class=first'}>{content}</{tag}>"
