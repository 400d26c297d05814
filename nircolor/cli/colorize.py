"""``nircolor colorize``: its options, and what standard input and output are to it."""

from __future__ import annotations

import sys
from typing import Annotated, BinaryIO

import typer

from nircolor.cli.meaning import colours_of, engine_of, page_of, reading_of, writing_of
from nircolor.cli.options import (
    TILES,
    BrightnessOption,
    ColourOption,
    DamagedOption,
    DamagedParts,
    Depth,
    DeviceOption,
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
    ReferenceOption,
    TileOption,
    WarmthOption,
    WeightsOption,
    band_option,
    cog_option,
    depth_option,
    equalize_option,
    format_option,
    overwrite_option,
    page_option,
    stretch_option,
)
from nircolor.cli.report import EXIT_CODES, JsonFlag, QuietFlag, VerboseFlag, begin
from nircolor.errors import UsageError

EPILOG = f"""[bold]Examples[/bold]

  $ nircolor colorize photo_nir.tif              writes photo_nir_rgb.tif
  $ nircolor colorize night.png -o day.jpg --overwrite
  $ nircolor colorize dark16.tif --range 0,4095
  $ nircolor colorize dark16.tif --stretch percentile:1,99.5
  $ nircolor colorize multispectral.tif --band 4 --depth 8
  $ nircolor colorize false_colours.jpg --grey
  $ nircolor colorize night.png --reference day.jpg
  $ nircolor colorize ortho.tif --cog            Cloud-Optimized GeoTIFF
  $ cat in.png | nircolor colorize - | display -

{EXIT_CODES}

Whatever happens, no partial output is left behind."""


def colorize(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            show_default=False,
            help="Near-infrared picture: PNG, TIFF, JPEG, WebP, BMP, JPEG XL, AVIF, JPEG 2000, PNM, NumPy, or with "
            "extras HEIC, OpenEXR, camera raw; - reads standard input.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Where to write; - is standard output, as PNG unless --format says otherwise. "
            "Default: INPUT with _rgb added to its name, or standard output when INPUT is -.",
        ),
    ] = None,
    format: Annotated[str | None, format_option("by the suffix of OUT, else as INPUT")] = None,
    depth: Annotated[Depth | None, depth_option("as INPUT")] = None,
    cog: Annotated[bool, cog_option()] = False,
    overwrite: Annotated[bool, overwrite_option("Replace OUT if it exists.")] = False,
    weights: WeightsOption = "lite",
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.auto,
    engine: EngineOption = Engine.auto,
    prior: PriorOption = Prior.auto,
    tile: TileOption = 576,
    overlap: OverlapOption = 64,
    batch: Annotated[
        int, typer.Option("--batch", metavar="TILES", rich_help_panel=TILES, help="Tiles worked on at once.")
    ] = 1,
    stretch: Annotated[
        str, stretch_option("With none the range comes from the data type, never from the values.")
    ] = "none",
    range: RangeOption = None,
    equalize: Annotated[bool, equalize_option("Equalize the histogram, as the papers do.")] = False,
    band: Annotated[
        str | None, band_option("Band of a multi-band picture: its number, from 1, or its name: nir, B8, 842nm.")
    ] = None,
    page: Annotated[
        str | None, page_option("Page of a multi-page TIFF, counted from 1, or all: each becomes a page of OUT.")
    ] = None,
    grey: GreyFlag = False,
    damaged: DamagedOption = DamagedParts.refuse,
    reference: ReferenceOption = None,
    reference_mode: ReferenceModeOption = ReferenceMode.auto,
    brightness: BrightnessOption = 1.0,
    colour: ColourOption = 1.0,
    warmth: WarmthOption = 1.0,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Colorize one near-infrared picture of any size. The output has the size, bit depth, format, transparency and
    metadata of the input. It is written whole or not at all, and no file is replaced without --overwrite. Device,
    scan kernel, weights and precision are told once on standard error.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.colorize import STREAM, colorize_file

    config = engine_of(weights, device, precision, prior, tile, overlap, batch, (brightness, colour, warmth), engine)
    reading = reading_of(stretch, range, equalize, band, page_of(page), colours_of(grey), damaged)
    output = output or (STREAM if source == STREAM else None)
    target = _standard_output(json) if output == STREAM else output
    with report.watching() as observe:
        result = colorize_file(
            _standard_input() if source == STREAM else source,
            target,
            engine=config,
            reading=reading,
            writing=writing_of(depth, format, cog),
            reference=reference,
            reference_mode=reference_mode.value,
            overwrite=overwrite,
            on_event=observe,
        )
    report.say(str(result))
    report.result({**result.to_json(), "warnings": report.warnings})


def _standard_input() -> BinaryIO:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("standard input is no picture here; pipe one in, or name a file")
    return sys.stdin.buffer


def _standard_output(json: bool) -> BinaryIO:
    if json:
        raise UsageError("--json: standard output is taken by the picture; name an output file with -o")
    if sys.stdout is None or sys.stdout.isatty():
        raise UsageError("standard output is no place for a picture here; redirect it, or name a file with -o")
    return sys.stdout.buffer
