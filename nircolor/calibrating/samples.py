"""The pixels of a user's pairs: each is read, held against its partner, and coloured as the weights would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nircolor.calibrating.fit import Sample
from nircolor.datasets import Pair
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


def read_samples(pairs: Sequence[Pair], engine: Colorizer, reporter: Reporter) -> list[Sample]:
    """Those of the pairs that can be used; of the others, a warning each.

    Raises InputError where none can be used, StoppedError.
    """
    samples, first = [], None
    for done, pair in enumerate(pairs):
        reporter.progress("colorizing", done, len(pairs), "pairs")
        try:
            nir, rgb = _registered(*_checked(pair), pair, reporter)
            samples.append(sample_of(nir, rgb, engine, pair.scene))
        except InputError as error:
            fault = error if error.path is not None else error.at(pair.rgb)
            first = first or fault
            reporter.warn(f"left out: {fault}")
    if first and not samples:
        raise InputError(f"none of its pairs can be used; the first: {first.reason}", path=first.path)
    return samples


def sample_of(nir: Floats, rgb: Floats, engine: Colorizer, scene: str) -> Sample:
    """Pixels of nir (H, W) and rgb (H, W, 3) in [0, 1]."""
    step = max(1, nir.size // PIXELS)
    step += step % 2 == nir.shape[1] % 2 == 0  # not the same columns in each row
    made = engine.colorize(nir)
    return Sample(scene, made.reshape(-1, 3)[::step], rgb.reshape(-1, 3)[::step])


def _checked(pair: Pair) -> tuple[Floats, Floats]:
    """The two pictures, float in [0, 1]. Raises InputError for what can teach no colours."""
    try:
        nir, rgb = (unit(image) for image in load_pair(pair, long_side=LONG_SIDE))
    except ColourInputError as error:
        raise (_swapped(pair) or error) from error
    if min(nir.shape) < MIN_SIDE:
        raise InputError(f"under {MIN_SIDE} pixels wide or high", path=pair.rgb)
    if float(np.abs(rgb - nir[..., None]).mean()) < SAME:
        raise InputError("the same picture as its near-infrared one", path=pair.rgb, remedy="give the colour picture")
    if float(np.ptp(rgb, axis=2).mean()) < GREY:
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


def _registered(nir: Floats, rgb: Floats, pair: Pair, reporter: Reporter) -> tuple[Floats, Floats]:
    """The part that both show, once a shift between them is undone."""
    found = alignment(nir, rgb)
    if not found.misaligned:
        return nir, rgb
    dx, dy = round(found.dx), round(found.dy)
    height, width = nir.shape
    if min(height - abs(dy), width - abs(dx)) < MIN_SIDE:
        raise InputError(f"misaligned by ({dx}, {dy}) pixels", path=pair.rgb, remedy="register it")
    reporter.warn(f"{display_name(pair.rgb)}: shifted by ({dx}, {dy}) pixels onto its near-infrared picture")
    nir = nir[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
    rgb = rgb[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)]
    return np.ascontiguousarray(nir), rgb


def unit(image: NDArray[Any]) -> Floats:
    """Integers of any depth as floats in [0, 1]."""
    return np.asarray(image, np.float32) / np.float32(np.iinfo(image.dtype).max)
