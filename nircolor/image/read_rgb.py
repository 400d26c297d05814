"""Read a colour picture: any supported file -> (H, W, 3) float32 in [0, 1], upright. Predictions and ground truths."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import InputError
from nircolor.image.decode import Reader, open_stored
from nircolor.image.limits import check_whole
from nircolor.image.metadata import exif
from nircolor.image.orient import upright
from nircolor.image.part import Part, part_of
from nircolor.image.raster import Raster, Request, Samples
from nircolor.image.stored import Stored
from nircolor.image.survey import Passes, channels_of, depth_of, has_alpha, levels_of, type_of
from nircolor.image.tone import find as tone
from nircolor.image.tone import icc
from nircolor.image.tone.histogram import row_blocks
from nircolor.image.tone.toning import Tone, Toning, apply_curve
from nircolor.image.witness import Gaps
from nircolor.wording import without_options


@dataclass(frozen=True)
class RgbImage:
    """A colour picture, upright, in sRGB."""

    pixels: NDArray[np.float32]
    """(H, W, 3) float32 in [0, 1]; a grey file has three equal channels."""
    dtype: str
    """Depth of the file: ``uint8`` (also 1 to 8 bits), ``uint16`` (also 9 to 16 bits) or ``float32``."""
    warnings: tuple[str, ...] = ()
    """What the user should know about the reading; one line each, without the path."""


def read_rgb(source: str | Path | bytes, page: int | None = None) -> RgbImage:
    """Read a picture of any format with one or three channels; the content decides which it is. ``page``: of a TIFF
    with several, from 1.

    The range comes from the dtype and the file's tags, never from the data, as in ``read_nir``; an ICC profile is
    applied. Transparency is left out, with a warning. Raises ``InputError`` for anything that is not one whole picture
    (path, reason, remedy).
    """
    try:
        with open_stored(source, Request(page=page)) as reader, reader.translated():
            return _read(reader)
    except InputError as error:  # there is no choice of a band or a page
        raise without_options(error, "save it as one picture with one or three channels") from error.__cause__


def _read(reader: Reader) -> RgbImage:
    stored, meaning = reader.stored, reader.stored.meaning
    check_whole(stored)
    tags = exif.tidy(meaning.exif)
    tones, warnings = _tones(stored)
    pixels = np.empty((*stored.shape, len(tones)), np.float32)
    for rows in row_blocks(*stored.shape):
        part = part_of(stored.read(rows, slice(0, stored.shape[1])), meaning)
        for channel in range(len(tones)):
            pixels[rows, :, channel] = tones[channel](_plane(part, channel, meaning))
    stacked = np.repeat(pixels, 3, axis=2) if len(tones) == 1 else pixels
    stacked = np.stack([upright(stacked[:, :, channel], tags.orientation) for channel in range(3)], axis=-1)
    profile = meaning.icc or (icc.adobe() if tags.adobe else None)
    notes = _to_srgb(stacked, profile, grey=len(tones) == 1)
    told = (*meaning.warnings, *reader.heard(), *warnings, *notes)
    return RgbImage(stacked, depth_of(stored), tuple(dict.fromkeys(told)))


def _tones(stored: Stored) -> tuple[list[Tone], list[str]]:
    """The tone of each channel, and warnings."""
    passes, meaning, gaps = Passes(stored), stored.meaning, Gaps(stored)
    if meaning.nodata is not None:
        passes.wait(gaps)
    span, told = levels_of(passes, stored)
    transparent = ["transparency is left out of account"] if has_alpha(stored) else []
    size, dtype = stored.shape[0] * stored.shape[1], type_of(stored)
    toning = Toning(size, span, meaning.inverted, hint=False)
    tones, notes = [], []
    for channel in range(channels_of(stored)):
        found, words = tone.find(
            dtype, passes.scan(partial(_plane, channel=channel, meaning=meaning), all=True), toning
        )
        tones.append(found)
        notes += words
    passes.run()
    gone = [f"its nodata value {meaning.told_nodata:g} is left out of account"] if gaps.empty else []
    return tones, [*told, *transparent, *gone, *notes]


def _plane(part: Part, channel: int, meaning: Raster) -> Samples:
    """Pixels without data have whatever the file says there, but black where a code stands for that."""
    plane = part.planes[channel]
    return plane if part.empty is None or meaning.declared is None else np.where(part.empty, plane.dtype.type(0), plane)


def _to_srgb(pixels: NDArray[np.float32], profile: bytes | None, grey: bool) -> list[str]:
    """``pixels`` (H, W, 3) in place; returns a warning where the profile cannot be used."""
    if grey:
        curve = icc.tone(profile)
        if curve is not None:
            apply_curve(curve, pixels)
        return []
    try:
        convert = icc.to_srgb(profile)
    except ValueError:
        return ["the ICC profile is damaged or not for RGB pictures; the colours are taken for sRGB"]
    if convert:
        for rows in row_blocks(*pixels.shape[:2]):
            pixels[rows] = np.clip(convert(pixels[rows]), 0, 1)
    return []
