"""The top of the page: what was measured, how, and what a reader must know before the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nircolor.evaluation.report.pictures import Picture
from nircolor.evaluation.results import Results
from nircolor.pages.text import count
from nircolor.written import esc

_OPEN = 5  # notes that are shown without being asked for
_SECTIONS = {
    "summary": "Summary",
    "histograms": "Distributions",
    "worst": "Worst pictures",
    "pictures": "Pictures",
    "numbers": "All numbers",
    "settings": "Settings",
}


def masthead(results: Results, pictures: Sequence[Picture]) -> Iterator[str]:
    """Title line and links to the sections."""
    split, date = given(results, "split"), given(results, "date")
    counts = count(len(pictures), "picture"), count(len(results.methods), "method")
    facts = filter(None, (f"split {split}" if split else "", *counts, date))
    yield f"<header><h1>{esc(results.dataset)}</h1>"
    yield f'<ul class="facts">{"".join(f"<li>{esc(fact)}</li>" for fact in facts)}</ul>'
    links = (f'<li><a href="#{key}">{title}</a></li>' for key, title in _SECTIONS.items())
    yield f'<nav aria-label="Sections"><ul class="facts">{"".join(links)}</ul></nav></header>'


def protocol(results: Results, pictures: Sequence[Picture]) -> Iterator[str]:
    """The box that says how the numbers came about."""
    yield '<section class="protocol" aria-label="Protocol">'
    yield f"<p>Protocol <strong>{esc(results.protocol.name)}</strong></p>"
    yield f"<p>{esc(results.protocol.text)} Not comparable with numbers of another protocol.</p>"
    yield f"<p>{_leaks(pictures)}</p></section>"


def notes(results: Results) -> Iterator[str]:
    """Warnings, files that were not used, and columns that are not there; nothing where there are none."""
    warnings = [esc(text) for text in results.warnings]
    problems = [f"<code>{esc(problem.name)}</code>: {esc(problem.reason)}" for problem in results.problems]
    yield from _list(count(len(warnings), "warning"), warnings)
    yield from _list(f"{count(len(problems), 'file or pair', 'files or pairs')} not used", problems)
    yield from _list(f"{count(len(results.missing), 'column')} missing", _missing(results.missing))


def given(results: Results, name: str) -> str:
    """What the settings or versions say under ``name``, in whatever case; empty where they say nothing."""
    for key, value in (*results.settings.items(), *results.versions.items()):
        if key.lower() == name:
            return value
    return ""


def _leaks(pictures: Sequence[Picture]) -> str:
    seen = [picture.any.seen for picture in pictures]
    if all(value is None for value in seen):
        return "No leak check: whether scenes of these pictures were trained on is not known."
    checked = f"Leak check: {sum(value is True for value in seen):,} of {count(len(seen), 'picture')} show a scene "
    unknown = f" {sum(value is None for value in seen):,} were not checked." if None in seen else ""
    return f"{checked}that is among the training pairs, too.{unknown}"


def _missing(missing: Mapping[str, str]) -> list[str]:
    return [f"<code>{esc(key)}</code>: {esc(reason)}" for key, reason in missing.items()]


def _list(title: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f'<details class="notes"{" open" if len(items) <= _OPEN else ""}><summary>{title}</summary><ul>'
        yield from (f"<li>{item}</li>" for item in items)
        yield "</ul></details>"
