"""``nircolor evaluate``: its options, and what it says on the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nircolor.cli.meaning import baselines_of, networks_of, predictions_of
from nircolor.cli.options import (
    ENGINE,
    TILES,
    DeviceOption,
    Precision,
    PrecisionOption,
    Prior,
    PriorOption,
    ReferenceMode,
    equalize_option,
    overlap_option,
    overwrite_option,
    stretch_option,
    tile_option,
)
from nircolor.cli.report import JsonFlag, QuietFlag, VerboseFlag, begin

if TYPE_CHECKING:
    pass

DATA, MEASURE, OUTPUT = "Data", "Measuring", "Results"

EPILOG = """[bold]Examples[/bold]

  $ nircolor evaluate my_colors/ truth/          predictions against the truth
  $ nircolor evaluate --weights lite vcip2020/ --split val
  $ nircolor evaluate --weights lite --weights run/weights.safetensors \\
      --baseline grey --report out.html vcip2020/ --split val
  $ nircolor evaluate --weights lite --train vcip2020@train vcip2020/ \\
      --split val                                unseen scenes apart
  $ nircolor evaluate --weights lite --weights "lite resize=256" \\
      --weights "lite prior=tile tile=256 overlap=34" omsiv/
  $ nircolor evaluate --leaks leaks.csv --train a/ b/   only look for leaks

Settings beside the name of weights (prior, tile, overlap, resize) win over the
options of the same names.

[bold]Exit codes[/bold]

  0  everything measured           4  weights missing or damaged
  1  some pictures could not be    5  device or memory
     measured: each is named       130  interrupted
  2  wrong usage, output exists
  3  no pairs, unreadable folder"""


def evaluate(
    ctx: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="[PRED ...] DATA",
            show_default=False,
            help="Last the data set (pairs, or true colour pictures alone); before it any folders of predictions.",
        ),
    ],
    weights: Annotated[
        list[str] | None,
        typer.Option(
            "--weights",
            metavar="NAME",
            rich_help_panel=ENGINE,
            help="Colorize with these and measure: name, path or hf://..., and perhaps settings. Repeatable.",
        ),
    ] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            "--baseline",
            metavar="grey|lut",
            rich_help_panel=ENGINE,
            help="Measure the grey copy, or the lookup table from near-infrared to mean colour of --train. Repeatable.",
        ),
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.auto,
    prior: PriorOption = Prior.whole,
    tile: Annotated[
        int | None,
        tile_option(
            "Side of a tile (576). Given with folders of predictions: how they were tiled, for the seam energy.", False
        ),
    ] = None,
    overlap: Annotated[int | None, overlap_option("Of neighbouring tiles (64).", False)] = None,
    resize: Annotated[
        int,
        typer.Option(
            "--resize",
            metavar="SIDE",
            show_default=False,
            rich_help_panel=TILES,
            help="Colorize a square of this side and resize the result back, as the papers' fixed-size networks do.",
        ),
    ] = 0,
    split: Annotated[
        str, typer.Option("--split", metavar="NAME", rich_help_panel=DATA, help="train, val, test, ... or all.")
    ] = "all",
    layout: Annotated[
        str,
        typer.Option(
            "--layout", metavar="NAME", rich_help_panel=DATA, help="auto, vcip2020, fanvid, omsiv, rgb2nir or folder."
        ),
    ] = "auto",
    split_file: Annotated[
        Path | None,
        typer.Option(
            "--split-file",
            metavar="CSV",
            rich_help_panel=DATA,
            help="Columns id, split and perhaps scene, kind. Default: split.csv of DATA, or of the folder above.",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", metavar="N", rich_help_panel=DATA, help="Of the 80/10/10 split by scene where DATA has none."
        ),
    ] = 0,
    train: Annotated[
        list[str] | None,
        typer.Option(
            "--train",
            metavar="ROOT[@SPLIT]",
            rich_help_panel=DATA,
            help="Pairs that were trained on: for the leak check, and for --baseline lut. Repeatable.",
        ),
    ] = None,
    reference: Annotated[
        str,
        typer.Option(
            "--reference",
            metavar="mates|other",
            show_default=False,
            rich_help_panel=DATA,
            help="Colorize without and with a reference each: another picture of the same scene, or of another one.",
        ),
    ] = "",
    reference_mode: Annotated[
        ReferenceMode,
        typer.Option(
            "--reference-mode",
            metavar="auto|place|palette",
            rich_help_panel=DATA,
            help="auto, place or palette: see --reference.",
        ),
    ] = ReferenceMode.auto,
    stretch: Annotated[
        str, stretch_option(panel=DATA, help="Of near-infrared: see nircolor colorize --help.")
    ] = "none",
    range: Annotated[
        str | None,
        typer.Option("--range", metavar="LOW,HIGH", rich_help_panel=DATA, help="Short for --stretch range:LOW,HIGH."),
    ] = None,
    equalize: Annotated[bool, equalize_option("Equalize near-infrared histograms.", DATA)] = False,
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol",
            metavar="NAME",
            rich_help_panel=MEASURE,
            help="srgb8 (what a user gets), colormamba (that paper's code) or linear (HAQAGen's wording).",
        ),
    ] = "srgb8",
    metrics: Annotated[
        str,
        typer.Option(
            "--metrics",
            metavar="A,B,...",
            show_default=False,
            rich_help_panel=MEASURE,
            help="Only these: psnr psnr_ev ssim ms-ssim angle lpips sam ergas ciede2000 colourfulness colour-ratio "
            "seam.",
        ),
    ] = "",
    lpips: Annotated[
        str,
        typer.Option("--lpips", metavar="NAME", rich_help_panel=MEASURE, help="Its backbone: squeeze, alex or vgg."),
    ] = "squeeze",
    lpips_weights: Annotated[
        str | None,
        typer.Option(
            "--lpips-weights",
            metavar="FILE",
            rich_help_panel=MEASURE,
            help="Safetensors file or hf://... of its network. Default: the lpips package, if it is installed.",
        ),
    ] = None,
    any_depth: Annotated[
        bool,
        typer.Option(
            "--any-depth", metavar=" ", rich_help_panel=MEASURE, help="Measure pairs of two bit depths as well."
        ),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", metavar="N", show_default=False, rich_help_panel=MEASURE, help="Threads. Default: all cores."
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="OUT.html", rich_help_panel=OUTPUT, help="One page with tables, charts and pictures."
        ),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="OUT.csv", rich_help_panel=OUTPUT, help="A line for each picture and method."),
    ] = None,
    leaks: Annotated[
        Path | None,
        typer.Option(
            "--leaks", metavar="OUT.csv", rich_help_panel=OUTPUT, help="The scenes that --train and DATA share."
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="DIR", rich_help_panel=OUTPUT, help="Keep what was colorized, as PNG."),
    ] = None,
    overwrite: Annotated[bool, overwrite_option("Replace files that exist.", OUTPUT)] = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Measure how good colorized pictures are: folders of predictions, or weights that colorize now, side by side.
    Every number belongs to a named protocol. With --train, pictures whose scene was trained on are found first, and
    the table shows all pictures and unseen scenes apart.
    """
    output = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.cli.evaluate_table import print_results
    from nircolor.engine import EngineConfig
    from nircolor.evaluation.evaluate import evaluate as measure
    from nircolor.image import Stretch

    with output.watching() as observe:
        results = measure(
            paths[-1],
            [
                *baselines_of(baseline or ()),
                *predictions_of(paths[:-1], tile, overlap),
                *networks_of(weights or (), tile, overlap, resize),
            ],
            protocol=protocol,
            metrics=[name.strip() for name in metrics.split(",") if name.strip()],
            split=split,
            layout=layout,
            split_file=split_file,
            seed=seed,
            train=train or (),
            reference=reference,
            reference_mode=reference_mode.value,
            lpips=lpips,
            lpips_weights=lpips_weights,
            engine=EngineConfig(device=device, precision=precision.value, prior=prior.value),
            stretch=stretch if range is None else Stretch.parse(stretch, range),
            equalize=equalize,
            any_depth=any_depth,
            workers=workers,
            report=report,
            csv=csv,
            leaks=leaks,
            save=save,
            overwrite=overwrite,
            on_event=observe,
        )
    for problem in results.problems:
        output.error(f"{problem}")
    if not json and results.methods:
        sys.stdout.flush()
        print_results(results)
    output.result({**results.to_json(), "warnings": output.warnings})
    if results.problems:
        raise typer.Exit(1)
