"""``nircolor weights``: what is there, whether a file is sound, and how a run becomes a file that others find."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from nircolor.cli.options import DeviceOption, overwrite_option
from nircolor.cli.report import (
    EXIT_CODES,
    HELP_KEYS,
    HelpFlag,
    JsonFlag,
    QuietFlag,
    Report,
    VerboseFlag,
    begin,
    show_help,
)
from nircolor.cli.weights_push import PUSH_EPILOG, push
from nircolor.errors import UsageError
from nircolor.wording import one_line

CALIBRATION = "Calibration"
KEPT = ("paths", "overwrite", "json", "quiet", "verbose")  # options of an export that an ONNX file has, too
EXPORT_EPILOG = f"""[bold]Example[/bold]

  $ nircolor weights export runs/mine nircolor-mine.safetensors
        --license "CC BY 4.0" --description "orchards, from a drone"
  $ nircolor weights export runs/one runs/two runs/three nircolor-mine.safetensors
  $ nircolor weights export mine.safetensors mine.onnx

{EXIT_CODES}"""

CALIBRATE_EPILOG = f"""[bold]Example[/bold]

  $ nircolor weights calibrate lite --pairs pairs/ -o mine.safetensors
  $ nircolor colorize night.png --weights mine.safetensors

Exit code 1, too, where no correction is better than none: nothing is written.

{EXIT_CODES}"""

weights_app = typer.Typer(rich_markup_mode="rich", context_settings=HELP_KEYS, add_help_option=False)

NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        show_default=False,
        help="Packaged or own name, path of a .safetensors file, or hf://org/repo\\[@rev]\\[/file].",
    ),
]


@weights_app.callback(invoke_without_command=True)
def _group(ctx: typer.Context, help: HelpFlag = False) -> None:
    """List, fetch, verify, calibrate, export and publish weights."""
    if ctx.invoked_subcommand is None:
        show_help(ctx)


@weights_app.command("list")
def list_command(
    ctx: typer.Context, json: JsonFlag = False, quiet: QuietFlag = False, verbose: VerboseFlag = 0
) -> None:
    """List the weights that come with nircolor and your own, which are the files NAME.safetensors and
    nircolor-NAME.safetensors in the folder that NIRCOLOR_WEIGHTS names: name, source, size, network, path.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.weights_info import list_weights

    rows = list_weights(on_event=report.observe)
    for row in rows if not json else ():
        print(row)
    report.result({"weights": [row.to_json() for row in rows], "warnings": report.warnings})


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
    from nircolor.weights import locate, verify

    path = locate(name)
    verify(path)
    report.result({"name": name, "path": str(path), "bytes": path.stat().st_size})
    if not json:
        typer.echo(os.fsencode(path))  # as it is, for $(...) in a shell, whatever characters it has


@weights_app.command("verify")
def verify_command(
    ctx: typer.Context,
    name: NameArgument,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Check format, version, checksum, numbers and network of weights, and print what they say of themselves."""
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.weights_info import verify_weights

    info = verify_weights(name)
    if not json:
        print(info)
    report.result(info.to_json())


@weights_app.command(epilog=CALIBRATE_EPILOG, short_help="Make weights right for a camera, from a few pairs.")
def calibrate(
    ctx: typer.Context,
    name: NameArgument,
    pairs: Annotated[
        Path,
        typer.Option(
            "--pairs", metavar="DIR", show_default=False, help="Near-infrared and colour pictures of the same views."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="OUT", show_default=False, help="Where to write; ends in .safetensors."),
    ],
    overwrite: Annotated[bool, overwrite_option("Replace OUT if it exists.")] = False,
    device: DeviceOption = "auto",
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Make weights right for one camera, from a few pairs of it, in seconds and without training: tone curve,
    brightness, chroma and tint. Each scene is judged by a correction made of the others; where that is no better than
    none, nothing is written.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.calibrating.calibrate import calibrate_weights

    with report.watching() as observe:
        result = calibrate_weights(name, pairs, output, device=device, overwrite=overwrite, on_event=observe)
    for line in str(result).splitlines() if not json else ():
        print(one_line(line))
    report.result({**result.to_json(), "warnings": report.warnings})
    if result.output is None:
        raise typer.Exit(1)


@weights_app.command(epilog=EXPORT_EPILOG, short_help="Make one file of a training run, or of weights an ONNX file.")
def export(
    ctx: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN... OUT",
            show_default=False,
            help="Folders of training runs, and last the file to write, whose name ends in .safetensors. Several runs "
            "of one network become an ensemble: they decide together, better than each alone. Or the name of weights, "
            "and a file whose name ends in .onnx: the same network for onnxruntime, which colorizes without torch.",
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
    start_share: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            show_default=False,
            help="Share of the weights that the run started from, in a mean with its own: what it forgot comes back.",
        ),
    ] = 0.0,
    overwrite: Annotated[bool, overwrite_option("Replace OUT where it exists.")] = False,
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
    *runs, out = map(Path, paths)
    if not runs:
        raise UsageError(f"{out}: give the folder of a run, and then the file to write")
    if out.suffix == ".onnx":
        _export_onnx(ctx, report, paths[:-1], out, overwrite)
        return
    from nircolor.training.calibration import Calibration
    from nircolor.training.run_export import ExportConfig, export_run

    config = ExportConfig(
        license, description, Calibration(brightness, chroma, prior_size, paint_size), dtype, start_share
    )
    meta = export_run(runs, out, config, best=best, average=average, overwrite=overwrite, on_event=report.observe)
    values = _size_and_sum(out, meta)
    several = "the mean" if average else "an ensemble"
    origin = f"step {meta['step']} of {runs[0]}" if len(runs) == 1 else f"{several} of {len(runs)} runs"

    report.say(f"{out}: {values['bytes'] / 1e6:.1f} MB, {dtype}, {origin}")
    report.result(
        {"runs": [str(run) for run in runs], **values, "dtype": dtype, "meta": meta, "warnings": report.warnings}
    )


def _export_onnx(ctx: typer.Context, report: Report, names: list[str], out: Path, overwrite: bool) -> None:
    """``nircolor weights export NAME OUT.onnx``."""
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params if name not in KEPT}
    others = [f"--{name.replace('_', '-')}" for name, source in sources.items() if source and source.name != "DEFAULT"]
    if others or len(names) > 1:
        reason = "an ONNX file is made of one file of weights, as it is"
        raise UsageError(reason, path=out, remedy=f"leave out {', '.join(others or names[1:])}")
    from nircolor.twin.export import export_onnx

    info = export_onnx(names[0], out, overwrite=overwrite)
    report.say(str(info))
    report.result({**info.to_json(), "warnings": report.warnings})


weights_app.command(epilog=PUSH_EPILOG, short_help="Publish weights on the Hugging Face Hub.")(push)


def _size_and_sum(out: Path, meta: dict[str, object]) -> dict[str, Any]:
    data = out.read_bytes()
    return {"path": str(out), "bytes": len(data), "step": meta.get("step"), "sha256": hashlib.sha256(data).hexdigest()}
