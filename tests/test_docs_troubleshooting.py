"""docs/troubleshooting.md quotes messages as the command line prints them: their fixed words stand in the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from nircolor.wording import command_line

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"^#### `(.*)`$", PAGE, flags=re.MULTILINE)
OPTION = re.compile(r"^--[a-z-]+( \S+)?: ")
"""The subject of a message about an option: in the source it may be a field of the error."""


def texts(tree: ast.AST) -> Iterator[str]:
    """All texts of a module but its docstrings; ``\\0`` is what is filled in."""
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    lone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (inner | lone):
            yield node.value


@cache
def corpus() -> str:
    files = sorted((ROOT / "nircolor").rglob("*.py"))
    found = [text for file in files for text in texts(ast.parse(file.read_text(encoding="utf-8")))]
    return "\n\n".join(map(command_line, found))


def patterns(message: str) -> list[str]:
    """Of the parts of a message, which are reason and remedy: the words between what is filled in, in their order."""
    parts = OPTION.sub("", message).replace("nircolor doctor", "`nircolor doctor`").split("; ")
    words = [[re.escape(word.strip(" :")) for word in part.split("…")] for part in parts]
    return [r"[^\n]*".join(each) for each in words if any(each)]


def test_there_are_messages() -> None:
    assert len(QUOTED) >= 30
    assert len(set(QUOTED)) == len(QUOTED)


@pytest.mark.parametrize("message", QUOTED)
def test_the_words_of_a_message_stand_in_the_source(message: str) -> None:
    wanted = patterns(message)
    assert max(map(len, wanted)) > 12
    assert [each for each in wanted if not re.search(each, corpus())] == []
