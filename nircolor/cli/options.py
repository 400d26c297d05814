"""Options that several commands have, each written once; ``meaning.py``: what they are to the library.

What is the same everywhere is a type: ``weights: WeightsOption = "lite"``. Where commands differ in a word of help, a
function makes the option: ``overwrite: Annotated[bool, overwrite_option("Replace OUT if it exists.")] = False``.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    pass

ENGINE, TILES, INPUT, COLOURS = "Engine", "Tiles", "Reading the input", "Colours by hand"
REFERENCE = "Colours of a reference"


class Precision(str, Enum):
    auto = "auto"
    fp32 = "fp32"
    bf16 = "bf16"
    fp16 = "fp16"


class Engine(str, Enum):
    auto = "auto"
    torch = "torch"
    onnx = "onnx"


class Prior(str, Enum):
    auto = "auto"
    whole = "global"
    tile = "tile"


class Depth(str, Enum):
    byte = "8"
    short = "16"
    float = "32"


class DamagedParts(str, Enum):
    refuse = "refuse"
    nodata = "nodata"


class ColourInputs(str, Enum):
    refuse = "refuse"
    copy = "copy"
    colorize = "colorize"


class ColourFrames(str, Enum):
    refuse = "refuse"
    copy = "copy"
    grey = "grey"
    colorize = "colorize"


def device_option(names: str = "cuda:N (N counts from 0)", panel: str = ENGINE, metavar: str = "DEVICE") -> Any:
    help = f"auto, cpu, cuda, {names} or mps."
    return typer.Option("--device", metavar=metavar, rich_help_panel=panel, help=help)


def tile_option(
    help: str = "Side of a tile as the network sees it; smaller saves memory, larger sees more.",
    show_default: bool = True,
) -> Any:
    return typer.Option("--tile", metavar="PIXELS", show_default=show_default, rich_help_panel=TILES, help=help)


def overlap_option(help: str = "How far neighbouring tiles overlap.", show_default: bool = True) -> Any:
    return typer.Option("--overlap", metavar="PIXELS", show_default=show_default, rich_help_panel=TILES, help=help)


def stretch_option(
    more: str = "", panel: str = INPUT, help: str = "none, minmax, percentile or percentile:LOW,HIGH."
) -> Any:
    return typer.Option("--stretch", metavar="HOW", rich_help_panel=panel, help=f"{help} {more}".rstrip())


def equalize_option(help: str, panel: str = INPUT) -> Any:
    return typer.Option("--equalize", metavar=" ", rich_help_panel=panel, help=help)


def band_option(help: str) -> Any:
    return typer.Option("--band", metavar="N|NAME", rich_help_panel=INPUT, help=help)


def number_option(name: str, help: str, least: int | None = 1) -> Any:
    """``--page``, and ``--band`` of videos. ``least`` None: the library says what is wrong with a number."""
    return typer.Option(name, metavar="N", min=least, rich_help_panel=INPUT, help=help)


def colour_inputs_option(help: str) -> Any:
    return typer.Option("--colour-inputs", metavar="HOW", show_default=False, rich_help_panel=INPUT, help=help)


def page_option(help: str) -> Any:
    """``--page`` where all pages can be taken at once; see ``page_of``."""
    return typer.Option("--page", metavar="N|all", show_default=False, rich_help_panel=INPUT, help=help)


def format_option(default: str, panel: str | None = None) -> Any:
    help = f"png, tiff, jpeg, webp, bmp, jxl or avif. Default: {default}."
    return typer.Option("--format", metavar="NAME", rich_help_panel=panel, help=help)


def depth_option(default: str, panel: str | None = None) -> Any:
    help = f"Bits a channel; 32 is float. Default: {default}."
    return typer.Option("--depth", metavar="8|16|32", rich_help_panel=panel, help=help)


def cog_option(panel: str | None = None) -> Any:
    help = "Write Cloud-Optimized GeoTIFF with overviews. Needs nircolor\\[geo]."
    return typer.Option("--cog", metavar=" ", rich_help_panel=panel, help=help)


def overwrite_option(help: str, panel: str | None = None) -> Any:
    return typer.Option("--overwrite", metavar=" ", rich_help_panel=panel, help=help)


WeightsOption = Annotated[
    str,
    typer.Option(
        "--weights",
        metavar="NAME",
        rich_help_panel=ENGINE,
        help="Packaged name, one of your own, path of a .safetensors file, or hf://org/repo\\[@rev]\\[/file].",
    ),
]
EngineOption = Annotated[
    Engine,
    typer.Option(
        "--engine",
        metavar="auto|torch|onnx",
        rich_help_panel=ENGINE,
        help="What runs the networks. onnx is onnxruntime: on a CPU, in fp32, without torch, which starts slowly; "
        "auto takes it where it can.",
    ),
]
DeviceOption = Annotated[str, device_option()]
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
        metavar="auto|global|tile",
        rich_help_panel=TILES,
        help="Decide on colours once for the whole picture, or in each tile alone; auto: in each tile of a map "
        "(GeoTIFF), else once.",
    ),
]
TileOption = Annotated[int, tile_option()]
OverlapOption = Annotated[int, overlap_option()]
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
GreyFlag = Annotated[
    bool,
    typer.Option(
        "--grey", metavar=" ", rich_help_panel=INPUT, help="Read colour pictures, too: as grey ones, by their luma."
    ),
]
ColourInputsOption = Annotated[
    ColourInputs | None,
    colour_inputs_option(
        "Of colour pictures among the others: refuse (default), copy them as they are, or colorize their luma."
    ),
]
DamagedOption = Annotated[
    DamagedParts,
    typer.Option(
        "--damaged",
        metavar="refuse|nodata",
        rich_help_panel=INPUT,
        help="Where tiles or strips of a TIFF cannot be decoded: refuse the picture, or make them transparent.",
    ),
]


class ReferenceMode(str, Enum):
    auto = "auto"
    place = "place"
    palette = "palette"


def reference_option(
    help: str = "A colour picture of the same place, or of another one with the same camera: colours follow it.",
    metavar: str = "FILE",
) -> Any:
    return typer.Option("--reference", metavar=metavar, show_default=False, rich_help_panel=REFERENCE, help=help)


ReferenceOption = Annotated[str | None, reference_option()]
ReferenceModeOption = Annotated[
    ReferenceMode,
    typer.Option(
        "--reference-mode",
        metavar="auto|place|palette",
        rich_help_panel=REFERENCE,
        help="Whether it shows the same place (place), another one (palette), or whatever is found (auto).",
    ),
]


def _factor_option(name: str, help: str) -> Any:
    return typer.Option(f"--{name}", metavar="FACTOR", rich_help_panel=COLOURS, help=help)


BrightnessOption = Annotated[
    float, _factor_option("brightness", "Makes it brighter above 1, darker below (linear light).")
]
ColourOption = Annotated[float, _factor_option("colour", "Strength of the colours; 0 is a grey picture.")]
WarmthOption = Annotated[float, _factor_option("warmth", "Red against blue; above 1 is warmer.")]
