"""``nircolor serve``: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from nircolor.cli.meaning import engine_of
from nircolor.cli.options import (
    DeviceOption,
    Engine,
    EngineOption,
    Precision,
    PrecisionOption,
    Prior,
    WeightsOption,
)
from nircolor.cli.report import EXIT_CODES, JsonFlag, QuietFlag, VerboseFlag, begin

LIMITS = "Limits"
EPILOG = f"""[bold]Examples[/bold]

  $ nircolor serve --open                        opens the page in a browser
  $ nircolor serve --port 0                      on a port that is free
  $ curl -F file=@photo_nir.tif -F brightness=1.2 -OJ http://127.0.0.1:8000/colorize

{EXIT_CODES}

It ends with Ctrl-C, and leaves no files behind."""


def serve(
    ctx: typer.Context,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Where to listen. The default is for this machine alone; 0.0.0.0 is for all."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="Port; 0 takes one that is free.")] = 8000,
    open: Annotated[bool, typer.Option("--open", metavar=" ", help="Open the page in a browser.")] = False,
    weights: WeightsOption = "lite",
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.auto,
    engine: EngineOption = Engine.auto,
    max_upload: Annotated[
        float, typer.Option(metavar="MB", rich_help_panel=LIMITS, help="Largest upload, in megabytes.")
    ] = 512,
    max_pixels: Annotated[
        float, typer.Option(metavar="MP", rich_help_panel=LIMITS, help="Largest picture, in megapixels.")
    ] = 100,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", rich_help_panel=LIMITS, help="Longest time for an upload, and for the work on it."
        ),
    ] = 300,
    waiting: Annotated[
        int,
        typer.Option(metavar="N", rich_help_panel=LIMITS, help="How many pictures may wait while one is colorized."),
    ] = 16,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Serve a page in the browser: drop pictures on it, compare before and after, download them at full depth. Other
    programs send pictures to POST /colorize. All of it stays on this machine. Needs nircolor\\[serve].
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.serving.config import Limits
    from nircolor.serving.serve import serve as run

    config = engine_of(weights, device, precision, Prior.whole, 576, 64, engine=engine)
    limits = Limits(max_upload, max_pixels, timeout, waiting)
    result = run(engine=config, host=host, port=port, limits=limits, browser=open, on_event=report.observe)
    report.say(str(result))
    report.result({**result.to_json(), "warnings": report.warnings})
