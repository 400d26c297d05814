"""The end of the page: everything needed to repeat the run and to name its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nircolor.evaluation.report.heading import given
from nircolor.evaluation.results import Results
from nircolor.pages.text import count
from nircolor.written import esc


def colophon(results: Results, total: int) -> Iterator[str]:
    """Settings, versions, and a sentence to put under a table."""
    yield '<section id="settings"><h2>Settings</h2><div class="lists">'
    yield _list("Settings", results.settings) + _list("Versions", results.versions)
    yield "</div><h3>To put under a table of these numbers</h3>"
    yield f"<blockquote>{_citation(results, total)}</blockquote></section>"


def footer(results: Results) -> str:
    """``Measured with nircolor 0.1.0, 2026-01-31``, from what the results say."""
    date = given(results, "date")
    return f"<footer><p>Measured with {_tool(results)}{', ' + esc(date) if date else ''}.</p></footer>"


def _citation(results: Results, total: int) -> str:
    protocol, split, date = results.protocol, given(results, "split"), given(results, "date")
    parts = [esc(results.dataset), f"split {esc(split)}" if split else "", count(total, "picture"), esc(date)]
    where = ", ".join(part for part in parts if part)
    text = protocol.text if protocol.text.endswith(".") else protocol.text + "."
    return f"{where}. Measured with {_tool(results)}, protocol <code>{esc(protocol.name)}</code>: {esc(text)}"


def _tool(results: Results) -> str:
    return f"nircolor {esc(given(results, 'nircolor'))}".strip()


def _list(title: str, entries: Mapping[str, str]) -> str:
    if not entries:
        return ""
    items = "".join(f"<div><dt>{esc(key)}</dt><dd>{esc(value)}</dd></div>" for key, value in entries.items())
    return f'<div><h3>{title}</h3><dl class="entries">{items}</dl></div>'
