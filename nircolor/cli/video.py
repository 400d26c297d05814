"""``nircolor video``: its options."""

from __future__ import annotations

import re
import sys
from threading import Event as StopEvent
from typing import Annotated, Any, BinaryIO

import typer

from nircolor.cli.meaning import colours_of, engine_of, reading_of
from nircolor.cli.options import (
    BrightnessOption,
    ColourFrames,
    ColourOption,
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
    colour_inputs_option,
    number_option,
    overwrite_option,
)
from nircolor.cli.report import JsonFlag, QuietFlag, Report, VerboseFlag, begin
from nircolor.cli.signals import Interrupted, Stopper
from nircolor.errors import StoppedError, UsageError
from nircolor.events import Event, Progress

LIVE = "Long and live videos"

EPILOG = """[bold]Examples[/bold]

  $ nircolor video night.mp4                  writes night_rgb.mp4
  $ nircolor video night.mp4 -o day.mkv --codec ffv1     without loss
  $ nircolor video frames/                    writes the folder frames_rgb
  $ nircolor video frames/ -o day.mp4 --fps 25
  $ nircolor video camera.mp4 --colour-inputs copy       days stay as they are
  $ nircolor video night.mp4 --reference day.jpg
  $ nircolor video night.mp4 -o day/          frame_000001.png and so on
  $ nircolor video long.mp4 --resume          goes on where it was killed
  $ nircolor video rtsp://10.0.0.7/live -o day.mp4 --segment 10m
  $ cat night.ts | nircolor video - -o - --format ts | ffplay -

[bold]Exit codes[/bold]

  0  done                              4  weights missing or damaged
  1  damaged input: the frames up      5  device or memory
     to there are kept; a live input   130  interrupted (143 by SIGTERM):
     lost; or the output cannot be          the video so far is complete
     written                                and has its name; a folder of
  2  wrong usage, or output exists          frames is not there
  3  input unreadable or unsupported"""


def video(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            show_default=False,
            help="Near-infrared video (MP4, MOV, AVI, MKV, WebM, TS, raw MJPEG, H.264, ...), folder of numbered "
            "frames, rtsp://, http://, udp:// or other address, camera (/dev/video0), or - for standard input.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="A video if it ends in .mp4, .m4v, .mov, .avi, .mkv or .webm, else a folder of frames; - for standard "
            "output. Default: INPUT with _rgb added to its name.",
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
            metavar="NAME",
            show_default=False,
            help="h264, h265, ffv1 (no loss), mjpeg, mpeg4, vp9, av1, prores. Default: by the suffix of OUT.",
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
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            show_default=False,
            help="Container of a video on standard output: mkv, ts, or mp4 (in fragments). Default: mkv.",
        ),
    ] = None,
    overwrite: Annotated[bool, overwrite_option("Replace OUT, or frames in it, if they exist.")] = False,
    segment: Annotated[
        str | None,
        typer.Option(
            "--segment",
            metavar="TIME",
            show_default=False,
            rich_help_panel=LIVE,
            help="Write a row of files, OUT_000.mp4 and so on, each complete as soon as its time is over: 90, 90s, "
            "10m, 1h.",
        ),
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option(
            "--duration",
            metavar="TIME",
            show_default=False,
            rich_help_panel=LIVE,
            help="End after so long: of the video, or, where it is live, by the clock.",
        ),
    ] = None,
    reconnect: Annotated[
        str | None,
        typer.Option(
            "--reconnect",
            metavar="TIME",
            show_default=False,
            rich_help_panel=LIVE,
            help="How long a live input that was lost is tried again; 0: not at all. Default: 60s.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            metavar=" ",
            rich_help_panel=LIVE,
            help="Go on with work that was killed or interrupted; else begin work that can be gone on with: in parts "
            "of 60 s, or of --segment, in OUT.parts.",
        ),
    ] = False,
    weights: WeightsOption = "lite",
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.auto,
    engine: EngineOption = Engine.auto,
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
    brightness: BrightnessOption = 1.0,
    colour: ColourOption = 1.0,
    warmth: WarmthOption = 1.0,
    reference: ReferenceOption = None,
    reference_mode: ReferenceModeOption = ReferenceMode.auto,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Colorize a near-infrared video, a folder of numbered frames, or a live stream: as many frames, of the same size,
    at the same times. The output gets its name when it is complete, or when the work is interrupted: Ctrl-C leaves a
    video of all that was done until then. Nothing is replaced without --overwrite.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    hand = brightness, colour, warmth
    config = engine_of(weights, device, precision, prior, tile, overlap, correction=hand, engine=engine)
    _colorize(
        report,
        source=_standard_input() if source == "-" else source,
        target=_standard_output(json) if output == "-" else output,
        engine=config,
        reference=reference,
        reference_mode=reference_mode.value,
        reading=reading_of(range=range, band=band, page=page, colours=colours_of(grey, colour_inputs)),
        smooth=smooth,
        fps=fps,
        codec=codec,
        format=format,
        segment=seconds_of("--segment", segment),
        duration=seconds_of("--duration", duration),
        reconnect=seconds_of("--reconnect", reconnect),
        overwrite=overwrite,
        resume=resume,
    )


def _colorize(report: Report, **what: Any) -> None:
    """The first signal ends the work with the frame in hand, once there is one."""
    from nircolor.video.convert import colorize_video

    stop = StopEvent()
    with Stopper(stop, report.detail, begun=False, hand="frame") as stopper, report.watching() as observe:

        def watch(event: Event) -> None:
            stopper.begun |= isinstance(event, Progress) and event.unit == "frames" and event.done > 0
            observe(event)

        try:
            result = colorize_video(**what, stop=stop, on_event=watch)
        except StoppedError:  # there is nothing to be kept, as where the signal comes before the first frame
            report.interrupts.signum = stopper.signum
            raise Interrupted from None
    report.say(str(result))
    for told in (*result.faults, *([result.error] if result.error else [])):
        report.error(told)
    code = 128 + stopper.signum if result.interrupted else result.exit_code
    report.result({**result.to_json(), **({"exit_code": code} if code else {}), "warnings": report.warnings})
    if code:
        raise typer.Exit(code)


def seconds_of(option: str, text: str | None) -> float | None:
    """``90``, ``90s``, ``1.5m``, ``1h`` and ``1h30m`` in seconds. Raises UsageError for what is no time."""
    if text is None:
        return None
    parts = re.fullmatch(r"(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s?)?", text.strip())
    try:
        if not parts or not any(parts.groups()):
            raise ValueError
        return sum(float(part) * unit for part, unit in zip(parts.groups(), (3600, 60, 1), strict=True) if part)
    except ValueError:
        raise UsageError(f"{option} {text}: is no time; give seconds, or such as 90s, 10m, 1h30m") from None


def _standard_input() -> BinaryIO:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("standard input is no video here; pipe one in, or name a file")
    return sys.stdin.buffer


def _standard_output(json: bool) -> BinaryIO:
    if json:
        raise UsageError("--json: standard output is taken by the video; name an output file with -o")
    if sys.stdout is None or sys.stdout.isatty():
        raise UsageError("standard output is no place for a video here; redirect it, or name a file with -o")
    return sys.stdout.buffer
