"""How names get into files and pages: whatever bytes they are made of, what is written is plain text of one line.

A name of a file may hold line breaks, commands to a terminal, marks that reverse the reading order, halves of
characters, and what a spreadsheet takes for a formula. Every CSV and JSONL that holds names is written so, and pages
show them so (``pages/``).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

_FORMULAS = (*"=+-@", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}", "\N{FULLWIDTH COMMERCIAL AT}")  # OWASP
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*(e[+-]?\d+)?|inf)", re.ASCII | re.IGNORECASE)


def visible(text: str) -> str:
    """``text`` with each character that nobody can see as Python writes it: ``\\n``, ``\\u202e``, ``\\udc80``."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows of CSV. Texts are made visible, and such as a spreadsheet would take for a formula get an apostrophe in
    front; None is empty.
    """
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(map(_cell, row) for row in rows)
    return text.getvalue()


def json_line(values: Mapping[str, Any]) -> str:
    """A line of JSON without its end, pure ASCII: any name can be read back from it."""
    return json.dumps(values)


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    shown = visible(value)
    formula = shown.lstrip().startswith(_FORMULAS) and not _NUMBER.fullmatch(shown)
    return f"'{shown}" if formula else shown
