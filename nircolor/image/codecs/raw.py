"""Camera raw, DNG too: LibRaw develops it, by way of rawpy (extra ``nircolor[raw]``), as little as can be.

For cameras that were converted to near-infrared: all colour filters let it through, so the channels are averaged. No
white balance, no colour matrix, no brightening: black level to white level, linear, read under a linear profile.
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO

import numpy as np
import rawpy

from nircolor.errors import InputError
from nircolor.image.codecs import coding
from nircolor.image.limits import check_size
from nircolor.image.metadata import exif
from nircolor.image.metadata.kept import Metadata
from nircolor.image.orient import UPRIGHT
from nircolor.image.raster import Raster, Request, Samples, only_page
from nircolor.image.tiff import ifd
from nircolor.image.tiff import packets as tiff_metadata
from nircolor.image.tone.histogram import row_blocks

_WORKING = 14  # bytes a pixel that LibRaw computes with: the mosaic, four channels, and the result
_TURNS = {0: 1, 3: 3, 5: 8, 6: 6}  # LibRaw's flip -> orientation of EXIF
_PEAK = 65535.0
_REMEDY = "develop it to TIFF first, or get a fresh copy"
_UNREAD = "the EXIF and XMP of this kind of camera raw cannot be read and are not kept"
_NOTE = "the mean of its colour channels was read, which is near-infrared only where the camera was converted"


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read the picture of a sensor as one grey one of 16 bits. Raises ``InputError``."""
    only_page(request.page)
    if request.band not in (None, 1):
        raise InputError(f"is camera raw and has one band only, not {request.band}", remedy="leave `band` out")
    data = stream.read()
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            check_size(raw.sizes.raw_width, raw.sizes.raw_height, _WORKING, len(data), ratio=None)
            turn = _TURNS.get(raw.sizes.flip, UPRIGHT)  # asked now: developing sets it to what was developed
            colours, grey = raw.num_colors, _develop(raw)
    except rawpy.LibRawError as error:
        reason = error.args[0].decode(errors="replace") if error.args and isinstance(error.args[0], bytes) else error
        raise InputError(f"is camera raw that cannot be read ({reason})", remedy=_REMEDY) from error
    raster = Raster("RAW", [grey], peak=_PEAK, icc=coding.linear_profile())
    raster.exif, raster.metadata = _about(data, turn)
    raster.warnings += [_NOTE] if colours > 1 else []
    return raster


def _develop(raw: Any) -> Samples:
    """(H, W) uint16: the mean of the channels, each interpolated linearly from its own pixels, not yet upright."""
    channels = raw.postprocess(
        demosaic_algorithm=rawpy.DemosaicAlgorithm.LINEAR,
        user_wb=[1.0, 1.0, 1.0, 1.0],
        output_color=rawpy.ColorSpace.raw,
        gamma=(1.0, 1.0),
        no_auto_bright=True,
        adjust_maximum_thr=0.0,  # white is what the camera says, not what is the brightest
        output_bps=16,
        user_flip=0,
    )
    height, width, count = channels.shape
    grey = np.empty((height, width), np.uint16)
    for rows in row_blocks(height, width):
        grey[rows] = (channels[rows].sum(axis=2, dtype=np.uint32) + count // 2) // count
    return grey


def _about(data: bytes, turn: int) -> tuple[bytes | None, Metadata]:
    """What the file says about the photograph, where it is a TIFF; its orientation is LibRaw's."""
    about, directories, metadata = list[ifd.IfdEntry](), dict[int, list[ifd.IfdEntry]](), Metadata()
    try:
        stream = io.BytesIO(data)
        _, start = ifd.read_header(stream)
        block, _ = exif.from_tiff(stream, start)
        if block:
            about, directories = exif.split(block)
        metadata = tiff_metadata.read(stream, (start,), exif.build([_orientation(turn)], {}))
    except ValueError:
        metadata = Metadata(lost=(_UNREAD,))  # no TIFF: the pixels are worth more
    if turn == UPRIGHT and not (about or directories):
        return None, metadata
    kept = [entry for entry in about if entry.tag != ifd.ORIENTATION]
    return exif.build(sorted([*kept, _orientation(turn)], key=lambda entry: entry.tag), directories), metadata


def _orientation(turn: int) -> ifd.IfdEntry:
    return ifd.IfdEntry(ifd.ORIENTATION, ifd.SHORT, 1, turn.to_bytes(2, "little"))
