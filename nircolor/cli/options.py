"""Options that several commands have, each said once: which network, where it runs, how pictures are tiled."""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import typer

from nircolor.errors import InputError, UsageError

ENGINE, TILES, INPUT = "Engine", "Tiles", "Reading the input"

_MOST_LISTED = 256 << 20  # bytes of a list: two million long names


class Precision(str, Enum):
    auto = "auto"
    fp32 = "fp32"
    bf16 = "bf16"
    fp16 = "fp16"


class Prior(str, Enum):
    whole = "global"
    tile = "tile"


class Depth(str, Enum):
    byte = "8"
    short = "16"
    float = "32"


class ColourInputs(str, Enum):
    refuse = "refuse"
    copy = "copy"
    colorize = "colorize"


WeightsOption = Annotated[
    str,
    typer.Option(
        "--weights",
        metavar="NAME",
        rich_help_panel=ENGINE,
        help="Packaged name, one of your own, path of a .safetensors file, or hf://org/repo\\[@rev]\\[/file].",
    ),
]
DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="DEVICE",
        rich_help_panel=ENGINE,
        help="auto, cpu, cuda, cuda:N (N counts from 0) or mps.",
    ),
]
PrecisionOption = Annotated[
    Precision,
    typer.Option(
        "--precision",
        metavar="PRECISION",
        rich_help_panel=ENGINE,
        help="auto, fp32, bf16 or fp16; auto is bf16 where the device is fast at it, else fp32.",
    ),
]
PriorOption = Annotated[
    Prior,
    typer.Option(
        "--prior",
        metavar="global|tile",
        rich_help_panel=TILES,
        help="Decide on colours once for the whole picture, or in each tile alone.",
    ),
]
TileOption = Annotated[
    int,
    typer.Option(
        "--tile",
        metavar="PIXELS",
        rich_help_panel=TILES,
        help="Side of a tile as the network sees it; smaller saves memory, larger sees more.",
    ),
]
RangeOption = Annotated[
    str | None,
    typer.Option(
        "--range",
        metavar="LOW,HIGH",
        show_default=False,
        rich_help_panel=INPUT,
        help="Values of the file that become black and white, such as 0,4095 for 12 bits in 16: alike for a series.",
    ),
]
OverlapOption = Annotated[
    int,
    typer.Option("--overlap", metavar="PIXELS", rich_help_panel=TILES, help="How far neighbouring tiles overlap."),
]
GreyFlag = Annotated[
    bool,
    typer.Option(
        "--grey", metavar=" ", rich_help_panel=INPUT, help="Read colour pictures, too: as grey ones, by their luma."
    ),
]
ColourInputsOption = Annotated[
    ColourInputs | None,
    typer.Option(
        "--colour-inputs",
        metavar="HOW",
        show_default=False,
        rich_help_panel=INPUT,
        help="Of colour pictures among the others: refuse (default), copy them as they are, or colorize their luma.",
    ),
]


def colours_of(grey: bool, inputs: ColourInputs | None) -> Literal["refuse", "copy", "colorize"]:
    """What ``--grey`` and ``--colour-inputs`` say together. Raises UsageError where they disagree."""
    if grey and inputs not in (None, ColourInputs.colorize):
        raise UsageError(f"--grey and --colour-inputs {inputs.value}: one excludes the other; leave one out")
    return "colorize" if grey else (inputs or ColourInputs.refuse).value


def names_in(listed: str) -> tuple[str, ...]:
    """The names in a list: ended by NUL if there is one, else one a line. Any bytes that a file name may have."""
    from nircolor.small_file import read_at_most, read_small

    try:
        data = read_at_most(sys.stdin.buffer, _MOST_LISTED) if listed == "-" else read_small(Path(listed), _MOST_LISTED)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        remedy = "check the name of the list, or pipe it in with --list -"
        raise InputError(f"{listed}: cannot be read ({reason}); {remedy}") from error
    lines = data.split(b"\0") if b"\0" in data else data.splitlines()
    return tuple(os.fsdecode(line) for line in lines if line)
