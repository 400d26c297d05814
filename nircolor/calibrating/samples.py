"""A user's pairs: each is read, held against its partner, and coloured as the weights would; what teaches no colours is
left out, by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nircolor.calibrating.fit import Sample
from nircolor.datasets import Pair, open_dataset
from nircolor.datasets.alignment import alignment
from nircolor.errors import ColourInputError, InputError, NircolorError, display_name
from nircolor.events import Reporter
from nircolor.image import read_rgb
from nircolor.training.pairs import load_pair

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

LONG_SIDE = 512  # pictures are reduced to it: colours are judged at the size of a screen
PIXELS = 4096  # of each picture, evenly spread
MIN_SIDE = 16
GREY = 2 / 255  # mean distance between channels, below which a reference has no colour
SAME = 1 / 255  # mean distance between the two pictures of a pair, below which they are one
Floats = NDArray[np.float32]
Integers = NDArray[Any]


@dataclass(frozen=True, eq=False)
class UsablePair:
    """Two pictures of one view, registered: nir (H, W) and rgb (H, W, 3), each uint8 or uint16."""

    scene: str
    nir: Integers
    rgb: Integers

    def load(self) -> tuple[Integers, Integers]:
        """As training takes them."""
        return self.nir, self.rgb


def found_pairs(folder: Path, reporter: Reporter) -> tuple[Pair, ...]:
    """The pairs of a folder, and a warning about whatever is wrong with the rest. Raises InputError for none."""
    found = open_dataset(folder)
    for problem in found.problems:
        reporter.warn(f"left out: {problem}")
    return found.pairs


def usable_pairs(pairs: Sequence[Pair], stage: str, reporter: Reporter) -> Iterator[UsablePair]:
    """Those of the pairs that can be used, one after the other; of the others, a warning each.

    Raises InputError where none can be used, StoppedError.
    """
    used, first = 0, None
    for done, pair in enumerate(pairs):
        reporter.progress(stage, done, len(pairs), "pairs")
        try:
            usable = _registered(*_checked(pair), pair, reporter)
        except InputError as error:
            fault = error if error.path is not None else error.at(pair.rgb)
            first = first or fault
            reporter.warn(f"left out: {fault}")
            continue
        used += 1
        yield usable
    if first and not used:
        raise InputError(f"none of its pairs can be used; the first: {first.reason}", path=first.path)


def sample_of(pair: UsablePair, engine: Colorizer) -> Sample:
    """Pixels of a pair, as the engine colours them and as they should be."""
    nir, rgb = unit(pair.nir), unit(pair.rgb)
    step = max(1, nir.size // PIXELS)
    step += step % 2 == nir.shape[1] % 2 == 0  # not the same columns in each row
    made = engine.colorize(nir)
    return Sample(pair.scene, made.reshape(-1, 3)[::step], rgb.reshape(-1, 3)[::step])


def unit(image: Integers) -> Floats:
    """Integers of any depth as floats in [0, 1]."""
    return np.asarray(image, np.float32) / np.float32(np.iinfo(image.dtype).max)


def _checked(pair: Pair) -> tuple[Integers, Integers]:
    """The two pictures. Raises InputError for what can teach no colours."""
    try:
        nir, rgb = load_pair(pair, long_side=LONG_SIDE)
    except ColourInputError as error:
        raise (_swapped(pair) or error) from error
    if min(nir.shape) < MIN_SIDE:
        raise InputError(f"under {MIN_SIDE} pixels wide or high", path=pair.rgb)
    colours = unit(rgb)
    if float(np.abs(colours - unit(nir)[..., None]).mean()) < SAME:
        raise InputError("the same picture as its near-infrared one", path=pair.rgb, remedy="give the colour picture")
    if float(np.ptp(colours, axis=2).mean()) < GREY:
        raise InputError("is grey, so it teaches no colours", path=pair.rgb, remedy="give a colour picture")
    return nir, rgb


def _swapped(pair: Pair) -> InputError | None:
    try:
        grey = float(np.ptp(read_rgb(pair.rgb).pixels, axis=2).mean()) < GREY
    except NircolorError:
        return None
    if not grey or pair.nir is None:
        return None
    reason = f"is grey, and {display_name(pair.nir)} has colours: the two are exchanged"
    return InputError(reason, path=pair.rgb, remedy="rename them the other way round")


def _registered(nir: Integers, rgb: Integers, pair: Pair, reporter: Reporter) -> UsablePair:
    """The part that both show, once a shift between them is undone."""
    found = alignment(nir, rgb)
    if not found.misaligned:
        return UsablePair(pair.scene, nir, rgb)
    dx, dy = round(found.dx), round(found.dy)
    height, width = nir.shape
    if min(height - abs(dy), width - abs(dx)) < MIN_SIDE:
        raise InputError(f"misaligned by ({dx}, {dy}) pixels", path=pair.rgb, remedy="register it")
    reporter.warn(f"{display_name(pair.rgb)}: shifted by ({dx}, {dy}) pixels onto its near-infrared picture")
    nir = nir[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
    rgb = rgb[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)]
    return UsablePair(pair.scene, np.ascontiguousarray(nir), np.ascontiguousarray(rgb))
