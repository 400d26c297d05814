"""``nircolor demo``: a page that colorizes in the browser, as a folder for any web server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nircolor.cli.options import overwrite_option
from nircolor.cli.report import EXIT_CODES, JsonFlag, QuietFlag, VerboseFlag, begin

EPILOG = f"""[bold]Example[/bold]

  $ nircolor demo site
  $ python -m http.server --bind 127.0.0.1 -d site 8000

{EXIT_CODES}"""


def demo(
    ctx: typer.Context,
    target: Annotated[
        Path, typer.Argument(metavar="OUT_DIR", show_default=False, help="Folder to make; its parent must exist.")
    ],
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="A small network as ONNX. Default: the packaged one."),
    ] = None,
    runtime: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Archive of onnxruntime-web from npm pack. Default: fetched from npm.",
        ),
    ] = None,
    overwrite: Annotated[bool, overwrite_option("Replace the files of an earlier build; others stay.")] = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Make a folder of static files: a page that colorizes a dropped picture in the browser. Nothing that is dropped
    there leaves the machine of whoever drops it. Put the folder on any web server.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.demo.build import build_demo

    with report.watching() as observe:
        result = build_demo(target, weights=weights, runtime=runtime, overwrite=overwrite, on_event=observe)
    report.result({**result.to_json(), "warnings": report.warnings})
    if not (json or quiet):
        print(result)
        report.say(f"look at it: python -m http.server --bind 127.0.0.1 -d {target} 8000, then http://127.0.0.1:8000")
