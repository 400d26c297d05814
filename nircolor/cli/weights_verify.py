"""``nircolor weights verify``: whether a file is sound, and what it says of itself."""

from __future__ import annotations

import hashlib
import json as json_text
from collections.abc import Iterable, Iterator
from textwrap import wrap

import typer

from nircolor.cli.engine import locate_weights
from nircolor.cli.report import JsonFlag, QuietFlag, VerboseFlag, begin
from nircolor.cli.weights_fetch import NameArgument
from nircolor.cli.weights_list import file_row
from nircolor.wording import one_line

WIDTH = 100
FIRST = ("description", "license", "step", "metrics", "data", "calibration")  # then the rest, which is long
DEEPEST = 20  # a file can nest its metadata deeper than anybody reads


def verify_weights(
    ctx: typer.Context,
    name: NameArgument,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Check format, version, checksum, numbers and network of weights, and print what they say of themselves."""
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.weights import verify

    path = locate_weights(name, report)
    meta = verify(path)
    if "config" in meta and "kind" not in meta:  # the other kinds are no networks that colorize
        from nircolor.weights_file import read_shapes
        from nircolor.weights_network import described

        described(meta, read_shapes(path), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if not json:
        print(one_line(f"{path}: sound"))
        print(f"sha256: {digest}")
        for key in sorted(meta, key=lambda key: (FIRST.index(key) if key in FIRST else len(FIRST), key)):
            print("\n".join(lines(key, meta[key])))
    report.result({"name": name, **file_row(path, meta), "sha256": digest, "meta": meta})


def lines(key: str, value: object, depth: int = 0) -> Iterator[str]:
    """``key: value``, wrapped; what is nested stands below its key, two columns further in."""
    indent, items = "  " * depth, _items(value)
    if items is None or depth == DEEPEST:
        text = one_line(f"{key}: {_text(value) if items is None else '...'}")
        yield from wrap(text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}    ", break_on_hyphens=False)
        return
    yield f"{indent}{one_line(key)}:"
    for name, item in items:
        yield from lines(name, item, depth + 1)


def _items(value: object) -> Iterable[tuple[str, object]] | None:
    """The parts that stand on lines of their own; a small object in a list, such as a data source, needs one line."""
    if isinstance(value, dict) and value:
        return sorted(value.items())
    if isinstance(value, list) and not _flat(value):
        return [(str(number), _row(item)) for number, item in enumerate(value, 1)]
    return None


def _row(item: object) -> object:
    return [f"{k} {_text(v)}" for k, v in item.items()] if isinstance(item, dict) and _flat(item.values()) else item


def _flat(values: Iterable[object]) -> bool:
    return not any(isinstance(value, dict | list) for value in values)


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) and value else json_text.dumps(value)
