"""``nircolor weights export``: a training run becomes one file, to use and to pass on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from nircolor.cli.report import EXIT_CODES, JsonFlag, QuietFlag, VerboseFlag, begin
from nircolor.errors import UsageError

CALIBRATION = "Calibration"
EPILOG = f"""[bold]Example[/bold]

  $ nircolor weights export runs/mine nircolor-mine.safetensors
        --license "CC BY 4.0" --description "orchards, from a drone"
  $ nircolor weights export runs/one runs/two runs/three nircolor-mine.safetensors

{EXIT_CODES}"""


def export(
    ctx: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN... OUT",
            show_default=False,
            help="Folders of training runs, and last the file to write, whose name ends in .safetensors. Several runs "
            "of one network become a committee: they decide together, better than each alone.",
        ),
    ],
    average: Annotated[
        bool,
        typer.Option(
            "--average",
            metavar=" ",
            help="Make several runs that started from the same weights one network, of the mean of their weights.",
        ),
    ] = False,
    best: Annotated[
        bool | None,
        typer.Option(
            "--best/--last",
            metavar=" ",
            show_default=False,
            help="Weights of the best validation, or of the last step. Default: the best, where there are any.",
        ),
    ] = None,
    license: Annotated[
        str, typer.Option(metavar="TEXT", show_default=False, help="On what terms the weights may be used.")
    ] = "",
    description: Annotated[
        str, typer.Option(metavar="TEXT", show_default=False, help="What they are for, in your words.")
    ] = "",
    dtype: Annotated[
        Literal["fp32", "fp16", "bf16"], typer.Option(help="How the numbers are stored; fp32 keeps them as they are.")
    ] = "fp32",
    overwrite: Annotated[bool, typer.Option("--overwrite", metavar=" ", help="Replace OUT where it exists.")] = False,
    brightness: Annotated[
        float,
        typer.Option(
            metavar="FACTOR", rich_help_panel=CALIBRATION, help="Make every picture so many times as bright, exactly."
        ),
    ] = 1.0,
    chroma: Annotated[
        float,
        typer.Option(
            metavar="FACTOR", rich_help_panel=CALIBRATION, help="Make every colour so many times as strong, exactly."
        ),
    ] = 1.0,
    prior_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="PIXELS",
            rich_help_panel=CALIBRATION,
            show_default=False,
            help="Side of the square to which the colour prior reduces larger pictures.",
        ),
    ] = None,
    paint_size: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="PIXELS",
            rich_help_panel=CALIBRATION,
            show_default=False,
            help="Likewise for the painting branch, if it has an affine head; 0: full size.",
        ),
    ] = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Make one file of a training run: its averaged weights with configuration, recipe, data, scores and licence."""
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    *runs, out = paths
    if not runs:
        raise UsageError(f"{out}: give the folder of a run, and then the file to write")
    from nircolor.training.calibration import Calibration
    from nircolor.training.run_export import ExportConfig, export_run

    config = ExportConfig(license, description, Calibration(brightness, chroma, prior_size, paint_size), dtype)
    meta = export_run(runs, out, config, best=best, average=average, overwrite=overwrite, on_event=report.observe)
    values = _told(out, meta)
    several = "the mean" if average else "a committee"
    origin = f"step {meta['step']} of {runs[0]}" if len(runs) == 1 else f"{several} of {len(runs)} runs"

    report.say(f"{out}: {values['bytes'] / 1e6:.1f} MB, {dtype}, {origin}")
    report.result(
        {"runs": [str(run) for run in runs], **values, "dtype": dtype, "meta": meta, "warnings": report.warnings}
    )


def _told(out: Path, meta: dict[str, object]) -> dict[str, Any]:
    data = out.read_bytes()
    return {"path": str(out), "bytes": len(data), "step": meta.get("step"), "sha256": hashlib.sha256(data).hexdigest()}
