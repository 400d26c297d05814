"""``nircolor video``: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from nircolor.cli.options import (
    ColourFrames,
    DeviceOption,
    GreyFlag,
    OverlapOption,
    Precision,
    PrecisionOption,
    Prior,
    PriorOption,
    RangeOption,
    TileOption,
    WeightsOption,
    colour_inputs_option,
    colours_of,
    engine_of,
    number_option,
    overwrite_option,
    reading_of,
)
from nircolor.cli.report import JsonFlag, QuietFlag, VerboseFlag, begin

EPILOG = """[bold]Examples[/bold]

  $ nircolor video night.mp4                  writes night_rgb.mp4
  $ nircolor video night.avi -o day.mkv --codec FFV1     without loss
  $ nircolor video frames/                    writes the folder frames_rgb
  $ nircolor video frames/ -o day.mp4 --fps 25
  $ nircolor video camera.mp4 --colour-inputs copy       days stay as they are
  $ nircolor video night.mp4 -o day/          frame_000001.png and so on

[bold]Exit codes[/bold]

  0  done                              4  weights missing or damaged
  1  damaged input: the frames up      5  device or memory
     to there are kept; or the         130  interrupted (143 by SIGTERM):
     output cannot be written               nothing is left behind
  2  wrong usage, or output exists
  3  input unreadable or unsupported"""


def video(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            show_default=False,
            help="Near-infrared video (MP4, MOV, AVI, MKV, WebM, raw MJPEG), or folder of numbered frames.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="A video if it ends in .mp4, .m4v, .mov, .avi, .mkv or .webm, else a folder of frames. "
            "Default: INPUT with _rgb added to its name.",
        ),
    ] = None,
    smooth: Annotated[
        float | None,
        typer.Option(
            "--smooth",
            metavar="X",
            show_default=False,
            help="How much of the colours of past frames is kept where nothing moves, against flicker: 0 (off) to "
            "below 1. Default: 0.8, and 0 with --prior tile.",
        ),
    ] = None,
    codec: Annotated[
        str | None,
        typer.Option(
            "--codec",
            metavar="FOURCC",
            show_default=False,
            help="mp4v, MJPG, VP90, FFV1 (no loss) or what else OpenCV has. Default: by the suffix of OUT.",
        ),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(
            "--fps",
            metavar="RATE",
            show_default=False,
            help="Frames a second of a video. Default: those of INPUT; a folder has none.",
        ),
    ] = None,
    overwrite: Annotated[bool, overwrite_option("Replace OUT, or frames in it, if they exist.")] = False,
    weights: WeightsOption = "lite",
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.auto,
    prior: PriorOption = Prior.whole,
    tile: TileOption = 576,
    overlap: OverlapOption = 64,
    range: RangeOption = None,
    band: Annotated[
        int | None,
        number_option("--band", "Channel of a colour video that is near-infrared: 1 red, 2 green, 3 blue."),
    ] = None,
    page: Annotated[
        int | None, number_option("--page", "Page of frames that are multi-page TIFFs, counted from 1.")
    ] = None,
    grey: GreyFlag = False,
    colour_inputs: Annotated[
        ColourFrames | None,
        colour_inputs_option(
            "Of frames in colour, as of a camera that sees colours by day: refuse (default), copy them as they are, "
            "make them grey, or colorize their luma, as --grey does."
        ),
    ] = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Colorize a near-infrared video, or a folder of numbered frames, with as many frames of the same size at the same
    rate. Sound is not kept. The output gets its name when it is complete, and nothing is replaced without --overwrite.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.video.convert import colorize_video

    with report.watching() as observe:
        result = colorize_video(
            source,
            output,
            engine=engine_of(weights, device, precision, prior, tile, overlap),
            reading=reading_of(range=range, band=band, page=page, colours=colours_of(grey, colour_inputs)),
            smooth=smooth,
            fps=fps,
            codec=codec,
            overwrite=overwrite,
            on_event=observe,
        )
    report.say(str(result))
    for told in (*result.faults, *([result.error] if result.error else [])):
        report.error(told)
    report.result({**result.to_json(), "warnings": report.warnings})
    if result.exit_code:
        raise typer.Exit(result.exit_code)
