"""``nircolor weights fetch``: from the Hub into its cache."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from nircolor.cli.engine import locate_weights
from nircolor.cli.report import JsonFlag, QuietFlag, VerboseFlag, begin

NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        show_default=False,
        help="Packaged or own name, path of a .safetensors file, or hf://org/repo\\[@rev]\\[/file].",
    ),
]


def fetch(
    ctx: typer.Context,
    name: NameArgument,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Fetch weights from the Hugging Face Hub, verify them, and print the path of the file. It is kept in the Hub's
    cache, for offline use; what is there already is not fetched again.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.weights import verify

    path = locate_weights(name, report)
    verify(path)
    report.result({"name": name, "path": str(path), "bytes": path.stat().st_size})
    if not json:
        typer.echo(os.fsencode(path))  # as it is, for $(...) in a shell, whatever characters it has
