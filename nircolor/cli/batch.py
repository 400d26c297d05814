"""``nircolor batch``: the options of the command, the call of ``colorize_folder``, and what is said of its result."""

from __future__ import annotations

from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nircolor.cli.meaning import colours_of, engine_of, names_in, page_of, reading_of, writing_of
from nircolor.cli.options import (
    TILES,
    BrightnessOption,
    ColourInputsOption,
    ColourOption,
    DamagedOption,
    DamagedParts,
    Depth,
    Engine,
    EngineOption,
    GreyFlag,
    OverlapOption,
    Precision,
    PrecisionOption,
    Prior,
    PriorOption,
    RangeOption,
    ReferenceMode,
    ReferenceModeOption,
    TileOption,
    WarmthOption,
    WeightsOption,
    band_option,
    cog_option,
    depth_option,
    device_option,
    equalize_option,
    format_option,
    overwrite_option,
    page_option,
    reference_option,
    stretch_option,
)
from nircolor.cli.report import JsonFlag, QuietFlag, Report, VerboseFlag, begin
from nircolor.cli.signals import Interrupted, Stopper
from nircolor.errors import NircolorError, UsageError
from nircolor.events import Event, Progress
from nircolor.wording import command_line, one_line

if TYPE_CHECKING:
    from nircolor.batch.plan import Policy
    from nircolor.batch.result import BatchResult

FILES, AGAIN, SPREAD = "Files", "What is there already", "Many workers"

EPILOG = """[bold]Examples[/bold]

  $ nircolor batch night/ day/                day/ has the folders of night/
  $ nircolor batch night/ day/ --dry-run      what would be done, how long
  $ nircolor batch night/ day/ --resume       go on after whatever happened
  $ nircolor batch in/ out/ --include '*_nir.tif' --exclude old --format png
  $ find in -newer mark -print0 | nircolor batch in/ out/ --list - --overwrite
  $ nircolor batch camera/ web/ --watch --format jpeg --depth 8
  $ nircolor batch camera/ out/ --colour-inputs copy    days stay as they are
  $ nircolor batch nights/ out/ --reference days/
  $ nircolor batch in/ out/ --device cuda:0,1,2,3
  $ nircolor batch s3://in/2026 s3://out/2026 --ray auto --resume

Every picture becomes a line of OUTDIR/nircolor-batch.jsonl.

[bold]Exit codes[/bold]

  0  everything done               4  weights missing or damaged
  1  some pictures failed: each    5  device or memory
     is named, the rest is done    130  interrupted (143 by SIGTERM): the
  2  wrong usage, output exists         picture in flight was finished
  3  no pictures, unreadable folder"""


def batch(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="INDIR", show_default=False, help="Folder of pictures, or s3://, gs://, http:// URL."),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="OUTDIR", show_default=False, help="Folder of the outputs, or URL of one. Made if missing."
        ),
    ],
    recursive: Annotated[
        bool, typer.Option("--recursive/--no-recursive", rich_help_panel=FILES, help="Folders in INDIR, too.")
    ] = True,
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include",
            metavar="GLOB",
            show_default=False,
            rich_help_panel=FILES,
            help="Only files whose name or path below INDIR matches, whatever their suffix. Repeatable.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="GLOB",
            show_default=False,
            rich_help_panel=FILES,
            help="No files or folders that match. Repeatable.",
        ),
    ] = None,
    listed: Annotated[
        str | None,
        typer.Option(
            "--list",
            metavar="FILE",
            rich_help_panel=FILES,
            help="Only files named there, one a line or ended by NUL, below INDIR; - is standard input.",
        ),
    ] = None,
    suffix: Annotated[
        str,
        typer.Option("--suffix", metavar="TEXT", rich_help_panel=FILES, help="Added to each name; '' adds nothing."),
    ] = "_rgb",
    format: Annotated[str | None, format_option("as inputs", FILES)] = None,
    depth: Annotated[Depth | None, depth_option("as inputs", FILES)] = None,
    cog: Annotated[bool, cog_option(FILES)] = False,
    overwrite: Annotated[bool, overwrite_option("Make all outputs anew.", AGAIN)] = False,
    skip_existing: Annotated[
        bool,
        typer.Option(
            "--skip-existing", metavar=" ", rich_help_panel=AGAIN, help="Leave out pictures that have an output."
        ),
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            metavar=" ",
            rich_help_panel=AGAIN,
            help="Go on: do what the manifest does not call done, and what has changed since.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", metavar=" ", help="Only tell what would be done, and about how long it takes.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", metavar=" ", help="Wait for more files until Ctrl-C.")] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", metavar=" ", help="Stop at the first picture that fails.")
    ] = False,
    contact_sheet: Annotated[
        Path | None,
        typer.Option(
            "--contact-sheet", metavar="OUT.html", readable=False, help="A page of thumbnails, before and after."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=1,
            show_default=False,
            rich_help_panel=SPREAD,
            help="Processes, each with a network, a share of the CPU or the next device. Default: one a device.",
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="auto|ADDRESS",
            rich_help_panel=SPREAD,
            help="Workers on this Ray cluster; auto: the one found, or a new one of this machine.",
        ),
    ] = None,
    weights: WeightsOption = "lite",
    device: Annotated[str, device_option("cuda:0,1")] = "auto",
    precision: PrecisionOption = Precision.auto,
    engine: EngineOption = Engine.auto,
    prior: PriorOption = Prior.auto,
    tile: TileOption = 576,
    overlap: OverlapOption = 64,
    together: Annotated[
        int | None,
        typer.Option(
            "--batch",
            metavar="N",
            min=1,
            show_default=False,
            rich_help_panel=TILES,
            help="Tiles, or small pictures of one size, worked on at once. Default: 1 on a CPU, 8 elsewhere.",
        ),
    ] = None,
    stretch: Annotated[str, stretch_option()] = "none",
    range: RangeOption = None,
    equalize: Annotated[bool, equalize_option("Equalize histograms.")] = False,
    band: Annotated[
        str | None, band_option("Of multi-band pictures: its number, from 1, or its name: nir, B8, 842nm.")
    ] = None,
    page: Annotated[
        str | None, page_option("Of multi-page TIFFs, from 1, or all: each becomes a page of the output.")
    ] = None,
    grey: GreyFlag = False,
    colour_inputs: ColourInputsOption = None,
    damaged: DamagedOption = DamagedParts.refuse,
    reference: Annotated[
        str | None,
        reference_option("A colour picture, or a folder of some: each input has the one of its name, or time.", "PATH"),
    ] = None,
    reference_mode: ReferenceModeOption = ReferenceMode.auto,
    brightness: BrightnessOption = 1.0,
    colour: ColourOption = 1.0,
    warmth: WarmthOption = 1.0,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Colorize a folder of near-infrared pictures, each as nircolor colorize would. Outputs keep the folders, formats
    and depths of the inputs. One bad file never stops the rest, nothing partial is ever left behind, and --resume goes
    on wherever the work was interrupted.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.batch.walk import Naming, Selection

    policy = _policy(overwrite=overwrite, skip_existing=skip_existing, resume=resume)
    if watch and (dry_run or listed is not None):
        raise UsageError("--watch: excludes --dry-run and --list; leave one out")
    names = None if listed is None else names_in(listed)
    hand = brightness, colour, warmth
    config = engine_of(weights, device, precision, prior, tile, overlap, correction=hand, engine=engine)
    what: dict[str, Any] = {
        "engine": config,
        "reading": reading_of(stretch, range, equalize, band, page_of(page), colours_of(grey, colour_inputs), damaged),
        "writing": writing_of(depth, format, cog),
        "reference": reference,
        "reference_mode": reference_mode.value,
        "select": Selection(recursive, tuple(include or ()), tuple(exclude or ()), names),
        "naming": Naming(suffix),
        "policy": policy,
        "workers": workers,
        "ray": ray,
        "together": together,
    }
    if dry_run:
        from nircolor.batch.folder import plan_folder
        from nircolor.cli.screens import show_plan

        show_plan(plan_folder(source, target, **what, on_event=report.observe), report)
        return
    what |= {"fail_fast": fail_fast, "watch": watch, "contact_sheet": contact_sheet}
    result = _colorize(source, target, what, report)
    if result.failed or result.left:
        raise typer.Exit(1)


def _policy(**flags: bool) -> Policy:
    """What happens to outputs that are there. Raises UsageError when two things are asked for."""
    asked = [name for name, wanted in flags.items() if wanted]
    if len(asked) > 1:
        names = " and ".join(f"--{name.replace('_', '-')}" for name in asked)
        raise UsageError(f"{names}: one excludes the other; leave one out")
    ways: dict[str, Policy] = {"overwrite": "overwrite", "skip_existing": "skip", "resume": "resume"}
    return ways.get("".join(asked), "refuse")


def _colorize(source: str, target: str, what: dict[str, Any], report: Report) -> BatchResult:
    """The first signal ends the batch after the picture in flight, once it has begun."""
    from nircolor.batch.folder import colorize_folder
    from nircolor.cli.screens import BatchScreen, show_result

    stop = StopEvent()
    with Stopper(stop, report.say, begun=False) as stopper, BatchScreen(report) as screen:

        def observe(event: Event) -> None:
            stopper.begun |= isinstance(event, Progress)
            screen.observe(event)

        try:
            result = colorize_folder(source, target, **what, stop=stop, on_event=observe)
        except NircolorError as error:
            if screen.broken:
                text = one_line(command_line(str(error)))
                show_result(screen.broken, report, "before the error: ", error=text, exit_code=error.exit_code)
            raise
    show_result(result, report)
    if stopper.signum and result.left:
        report.interrupts.signum = stopper.signum
        raise Interrupted
    return result
