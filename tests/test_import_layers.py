"""What may import what: no circles, nothing that points back up, and no flags of the command line in the library."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import nircolor

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "nircolor"
FLAG = re.compile(r"(?<![\w-])--[a-z]")
TRANSLATORS = {"nircolor.wording"}  # which writes options of Python as flags

Graph = Mapping[str, frozenset[str]]


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circles(imports()) == []


def test_no_package_imports_itself_by_way_of_others() -> None:
    assert circles(parts(imports())) == []


def test_every_part_has_a_layer() -> None:
    """And the table of docs/architecture.md names nothing that is not there."""
    assert sorted(layers()) == sorted(set(map(part, modules())) - {""})


def test_nothing_imports_what_lies_above_it() -> None:
    level, wrong = layers(), []
    for module, targets in imports().items():
        here = level.get(part(module))
        wrong += [f"{module} -> {to}" for to in targets if here is not None and level.get(part(to), here) > here]
    assert sorted(wrong) == []


def test_the_library_knows_no_flag() -> None:
    found = [
        f"{module}:{line}: {text}"
        for module, path in modules().items()
        if not module.startswith("nircolor.cli") and module not in TRANSLATORS
        for line, text in flags(ast.parse(path.read_text()))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import nircolor.image.read", {"nircolor.image.read"}),
        ("def f():\n    from nircolor.image import tone, read_nir", {"nircolor.image.tone", "nircolor.image"}),
        ("from nircolor import Colorizer, weights", {"nircolor.colorizer", "nircolor.weights"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from nircolor.cli import main", set()),
    ],
)
def test_imports_are_found(code: str, expected: set[str]) -> None:
    assert set(imported(ast.parse(code))) == expected


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": set(), "e": {"e", "d"}}
    assert circles({name: frozenset(targets) for name, targets in graph.items()}) == [["a", "b", "c"]]


def test_flags_are_found() -> None:
    code = '"""--of a docstring"""\nx = f"add --{y} or --tile 0"\ndef f():\n    """--this"""\n    return "a -- b"'
    assert [line for line, _ in flags(ast.parse(code))] == [2]


@cache
def modules() -> Mapping[str, Path]:
    """Name and file of every module."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        names = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(names[:-1] if names[-1] == "__init__" else names)] = path
    return found


@cache
def imports() -> Graph:
    """What each module imports of the package, inside functions too, but for the sake of types alone."""
    return {name: frozenset(imported(ast.parse(path.read_text()))) for name, path in modules().items()}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if part_of_package(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and part_of_package(node.module):
            yield from (target(node.module, alias.name) for alias in node.names)


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from nodes(child)


def part_of_package(module: str) -> bool:
    return module.split(".")[0] == "nircolor"


def target(module: str, name: str) -> str:
    """The module that ``from module import name`` needs."""
    if f"{module}.{name}" in modules():
        return f"{module}.{name}"
    homes = nircolor._HOMES if module == "nircolor" else {}
    return next((home for home, names in homes.items() if name in names), module)


def part(module: str) -> str:
    """``image`` of ``nircolor.image.read``; nothing of the package itself."""
    return ([*module.split("."), ""])[1]


def parts(graph: Graph) -> Graph:
    """The graph of the packages and single modules below ``nircolor``."""
    merged: dict[str, set[str]] = {}
    for module, targets in graph.items():
        merged.setdefault(part(module), set()).update(map(part, targets))
    return {name: frozenset(targets - {name, ""}) for name, targets in merged.items()}


def circles(graph: Graph) -> list[list[str]]:
    """Groups of several nodes each of which leads to every other."""
    ahead = {name: reach(graph, name) for name in graph}
    groups = {tuple(sorted(to for to in found if name in ahead.get(to, ()))) for name, found in ahead.items()}
    return sorted(list(group) for group in groups if len(group) > 1)


def reach(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    new = set(graph.get(start, ()))
    while new:
        found |= new
        new = {to for name in new for to in graph.get(name, ())} - found
    return found


@cache
def layers() -> Mapping[str, int]:
    """The number of the layer of each part, counted from the lowest, as docs/architecture.md draws them."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    section = page.partition("### Layers\n")[2].partition("\n##")[0]
    rows = [row for row in section.splitlines() if row.startswith("| ") and "`" in row]
    return {name: number for number, row in enumerate(rows) for name in re.findall(r"`(\w+)`", row)}


def flags(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of every string that mentions a flag and is no docstring. Programs may have flags of their own."""
    if any(isinstance(node, ast.Import) and node.names[0].name == "argparse" for node in ast.walk(tree)):
        return
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    yield from ((node.lineno, node.value) for node in strings if id(node) not in docs and FLAG.search(node.value))
