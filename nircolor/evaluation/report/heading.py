"""What a reader must know before the numbers, and what it takes to name and to repeat them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nircolor.evaluation.report.tables import PictureLine
from nircolor.evaluation.results import Results
from nircolor.pages.text import count
from nircolor.wording import command_line


def heading(results: Results, pictures: Sequence[PictureLine]) -> dict[str, Any]:
    """The values of ``page.html.j2``: facts, the leak check, notes as (name, text), settings, the citation."""
    split, date = given(results, "split"), given(results, "date")
    split, total = (f"split {split}" if split else ""), count(len(pictures), "picture")
    text = results.protocol.text
    return {
        "facts": [fact for fact in (split, total, count(len(results.methods), "method"), date) if fact],
        "leaks": _leaks(pictures),
        "warnings": [("", command_line(text)) for text in results.warnings],
        "problems": [(problem.name, command_line(problem.reason)) for problem in results.problems],
        "missing": [(key, command_line(reason)) for key, reason in results.missing.items()],
        "settings": {key: command_line(value) for key, value in results.settings.items()},
        "tool": f"nircolor {given(results, 'nircolor')}".strip(),
        "date": date,
        "where": ", ".join(part for part in (results.dataset, split, total, date) if part),
        "sentence": text if text.endswith(".") else f"{text}.",
    }


def given(results: Results, name: str) -> str:
    """What the settings or versions say under ``name``, in whatever case; empty where they say nothing."""
    for key, value in (*results.settings.items(), *results.versions.items()):
        if key.lower() == name:
            return value
    return ""


def _leaks(pictures: Sequence[PictureLine]) -> str:
    seen = [picture.any.seen for picture in pictures]
    if all(value is None for value in seen):
        return "No leak check: whether scenes of these pictures were trained on is not known."
    checked = f"Leak check: {sum(value is True for value in seen):,} of {count(len(seen), 'picture')} show a scene "
    unknown = f" {sum(value is None for value in seen):,} were not checked." if None in seen else ""
    return f"{checked}that is among the training pairs, too.{unknown}"
