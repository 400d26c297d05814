"""What options of the command line are to the library."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nircolor.cli.options import ColourFrames, ColourInputs, DamagedParts, Depth, Engine, Precision, Prior
from nircolor.errors import InputError, UsageError

if TYPE_CHECKING:
    from nircolor.engine import EngineConfig
    from nircolor.evaluation.specs import Baseline, Predictions, Weights
    from nircolor.picture import Colours, Reading, Writing

_MOST_LISTED = 256 << 20  # bytes of a list: two million long names


def page_of(text: str | None) -> int | Literal["all"] | None:
    """What ``--page`` says. Raises UsageError for what is neither a number from 1 nor ``all``."""
    if text is None:
        return None
    if text == "all":
        return "all"
    if not re.fullmatch("0*[1-9][0-9]{0,8}", text):
        raise UsageError("a page is a number from 1, or all", option="page", value=text)
    return int(text)


def engine_of(
    weights: str,
    device: str,
    precision: Precision,
    prior: Prior,
    tile: int,
    overlap: int,
    batch: int = 1,
    correction: tuple[float, float, float] = (1.0, 1.0, 1.0),
    engine: Engine = Engine.auto,
) -> EngineConfig:
    """``correction``: brightness, colour, warmth."""
    from nircolor.correction import Correction
    from nircolor.engine import EngineConfig
    from nircolor.tiling import Tiling

    tiling, hand = Tiling(tile, overlap, batch), Correction(*correction)
    options: dict[str, Any] = {"correction": hand, "engine": engine.value}
    return EngineConfig(weights, device, precision.value, prior.value, tiling, **options)


def reading_of(
    stretch: str = "none",
    range: str | None = None,
    equalize: bool = False,
    band: int | str | None = None,
    page: int | Literal["all"] | None = None,
    colours: Colours = "refuse",
    damaged: DamagedParts = DamagedParts.refuse,
) -> Reading:
    """Raises UsageError for options that exclude each other, or say nothing that can be understood."""
    from nircolor.image import Stretch
    from nircolor.picture import Reading

    return Reading(Stretch.parse(stretch, range), equalize, band, page, colours, damaged.value)


def writing_of(depth: Depth | None, format: str | None, cog: bool = False) -> Writing:
    from nircolor.picture import Writing

    return Writing(int(depth.value) if depth else None, format, cog)


def colours_of(grey: bool, inputs: ColourInputs | ColourFrames | None = None) -> Colours:
    """What ``--grey`` and ``--colour-inputs`` say together. Raises UsageError where they disagree."""
    if grey and inputs and inputs.value != "colorize":
        raise UsageError(f"--grey and --colour-inputs {inputs.value}: one excludes the other; leave one out")
    return "colorize" if grey else inputs.value if inputs else "refuse"


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


def baselines_of(names: Sequence[str]) -> Iterator[Baseline]:
    """The grey copy stands first in the table."""
    from nircolor.evaluation.specs import Baseline

    return map(Baseline, sorted(names, key=lambda name: name != "grey"))


def predictions_of(folders: Sequence[str], tile: int | None, overlap: int | None) -> Iterator[Predictions]:
    from nircolor.evaluation.specs import Predictions
    from nircolor.tiling import Tiling

    tiling = Tiling(tile, Tiling().overlap if overlap is None else overlap) if folders and tile else None
    return (Predictions(folder, tiling) for folder in folders)


def networks_of(texts: Sequence[str], tile: int | None, overlap: int | None, resize: int) -> Iterator[Weights]:
    from nircolor.evaluation.specs import Weights

    return (Weights.parse(text, tile=tile, overlap=overlap, resize=resize) for text in texts)
