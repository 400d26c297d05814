"""``nircolor weights``: what is packaged, what is on the Hub, and whether a file is sound."""

from __future__ import annotations

import hashlib
import json as json_text
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from nircolor.cli.common import (
    HELP_KEYS,
    HelpFlag,
    JsonFlag,
    QuietFlag,
    VerboseFlag,
    begin,
    one_line,
    show_help,
)
from nircolor.cli.engine import locate_weights

NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        show_default=False,
        help="Packaged name, path of a .safetensors file, or hf://org/repo\\[@rev]\\[/file].",
    ),
]

weights_app = typer.Typer(rich_markup_mode="rich", context_settings=HELP_KEYS, add_help_option=False)


@weights_app.callback(invoke_without_command=True)
def _group(ctx: typer.Context, help: HelpFlag = False) -> None:
    """List, fetch and verify weights."""
    if ctx.invoked_subcommand is None:
        show_help(ctx)


@weights_app.command("list")
def list_weights(
    ctx: typer.Context, json: JsonFlag = False, quiet: QuietFlag = False, verbose: VerboseFlag = 0
) -> None:
    """List the weights that come with nircolor: name, size, network, path."""
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.weights import list_packaged, locate, read_meta

    rows = [_row(name, locate(name), read_meta(name)) for name in list_packaged()]
    if json:
        report.result({"weights": rows})
        return
    for row in rows:
        print(one_line(f"{row['name']}  {row['bytes'] / 1e6:.1f} MB  {row['network'] or 'no network'}  {row['path']}"))
    if not rows:
        report.warn("no weights are packaged: reinstall nircolor")


@weights_app.command(short_help="Fetch weights from the Hugging Face Hub.")
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


@weights_app.command("verify")
def verify_weights(
    ctx: typer.Context,
    name: NameArgument,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Check format, version and checksum of weights, and print what they say of themselves."""
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.weights import verify

    path = locate_weights(name, report)
    meta = verify(path)
    values = {**_row(name, path, meta), "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "meta": meta}
    report.result(values)
    if not json:
        _print_meta(values)


def _row(name: str, path: Path, meta: dict[str, object]) -> dict[str, Any]:
    config = meta.get("config")
    network = config.get("name") if isinstance(config, dict) else None
    return {"name": name, "path": str(path), "bytes": path.stat().st_size, "network": network}


def _print_meta(values: dict[str, Any]) -> None:
    print(one_line(f"{values['path']}: sound"))
    print(f"sha256: {values['sha256']}")
    for key, value in sorted(values["meta"].items()):
        text = value if isinstance(value, str) else json_text.dumps(value, ensure_ascii=False)
        print(one_line(f"{key}: {text}"))
