"""From a file to the raster of its decoder: what read_nir and read_rgb share, every failure becomes one line.

What libraries log while they decode joins the warnings of the picture, or nobody would hear of it.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np

from nircolor.errors import InputError
from nircolor.image import formats
from nircolor.image.limits import MAX_BYTES
from nircolor.image.raster import Raster, Request, UndevelopedError
from nircolor.image.source import open_source
from nircolor.image.streams import is_stream

T = TypeVar("T")

_PIECEWISE = ("TIFF", "NPY")  # formats that are read piece by piece: the file may be larger than memory

LIBRARIES = ("tifffile", "imagecodecs")
# what is said of metadata that are read and reported here without the library's help; a failed checksum is news
_READ_HERE = re.compile(r"PNG warning: (?!IDAT|PLTE|tRNS|.*CRC)|.*parsing GDAL_NODATA")
_DECODERS = {
    "TIFF": ("tiff_read", "decode"),
    "PNG": ("png", "decode"),
    "WEBP": ("webp", "decode"),
    "JPEG": ("pillow", "decode_jpeg"),
    "BMP": ("pillow", "decode_bmp"),
    "JXL": ("jxl", "decode"),
    "AVIF": ("avif", "decode"),
    "JP2": ("jpeg2000", "decode"),
    "PNM": ("pnm", "decode"),
    "PFM": ("pnm", "decode_pfm"),
    "NPY": ("npy", "decode"),
    "HEIF": ("heif", "decode"),
    "EXR": ("exr", "decode"),
    "RAW": ("raw", "decode"),
}
_MOST = 3  # lines of one file; a damaged one may give rise to thousands
_LONGEST = 200  # characters


def decode(source: str | Path | bytes, request: Request, finish: Callable[[Raster], T]) -> T:
    """What ``finish`` makes of the decoded ``source``. Whatever goes wrong becomes one ``InputError`` with the path."""
    place = b"" if isinstance(source, bytes) else source  # errors need not hold the picture
    try:
        with np.errstate(all="ignore"), open_source(source) as stream:  # NaN and infinity are dealt with, not printed
            return finish(_decode(stream, request))
    except InputError as error:
        raise error.at(place) from error.__cause__
    except MemoryError as error:
        raise InputError("does not fit into memory", path=place, remedy="cut it into parts first") from error
    except ImportError as error:
        raise InputError(f"needs a missing library ({error})", path=place, remedy="reinstall nircolor") from error
    except Exception as error:  # the decoders of damaged files raise whatever they stumble over
        reason = ascii(" ".join(str(error).split()))[1:-1][:200] or type(error).__name__
        raise InputError(f"is damaged ({reason})", path=place, remedy="get a fresh copy") from error


def _decode(stream: BinaryIO, request: Request) -> Raster:
    head = stream.read(formats.HEAD)
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if not size:
        raise InputError("is empty (0 bytes)", remedy="get a fresh copy")
    name = formats.sniff(head)
    if name is None:
        raise InputError("is no picture of a supported format", remedy=f"convert it to one of {formats.SUPPORTED}")
    _check_extra(name)
    if name not in _PIECEWISE and size > MAX_BYTES:
        raise InputError(f"has {size} bytes, more than the limit of {MAX_BYTES}", remedy="cut it into parts first")
    if name not in _PIECEWISE and is_stream(stream.read()):
        raise InputError(
            f"holds {name} pictures one after the other (a stream)", remedy="give the file to nircolor video"
        )
    stream.seek(0)
    with _overheard() as heard:
        raster = _developed(name, stream, request)
    raster.warnings += heard
    return raster


def _developed(name: str, stream: BinaryIO, request: Request) -> Raster:
    try:
        return _decoder(name)(stream, request)
    except UndevelopedError as error:  # a TIFF, but its picture is that of a sensor
        _check_extra("RAW", error.reason)
        stream.seek(0)
        return _decoder("RAW")(stream, request)


def _check_extra(name: str, reason: str = "") -> None:
    entry = formats.READ_ONLY.get(name)
    if entry is None or entry.is_readable:
        return
    verb, what = ("develop", "camera raw") if name == "RAW" else ("convert", name)
    remedy = f"pip install 'nircolor[{entry.extra}]', or {verb} it to TIFF first"
    raise InputError(reason or f"is {what}, for which an extra is needed", remedy=remedy)


def _decoder(name: str) -> Callable[[BinaryIO, Request], Raster]:
    # imported now: each brings a library that the other formats do not need
    module, function = _DECODERS[name]
    decoder: Callable[[BinaryIO, Request], Raster] = getattr(import_module(f"nircolor.image.{module}"), function)
    return decoder


class _Ear(logging.Handler):
    """Keeps what is logged in the thread that made it: others may be decoding other files."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: dict[str, None] = {}  # each once, in order
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        text = ascii(" ".join(record.getMessage().split()))[1:-1]
        if record.thread == self._thread and not _READ_HERE.match(text):
            self.lines.setdefault(f"{record.name} says: {text[:_LONGEST]}")


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """A list that gets one line for each warning logged within the block, when that ends: a few, then their count."""
    ear, heard = _Ear(), list[str]()
    with ExitStack() as stack:
        for name in LIBRARIES:
            logger = logging.getLogger(name)
            logger.addHandler(ear)
            stack.callback(logger.removeHandler, ear)
        yield heard
    lines = list(ear.lines)
    heard += lines[:_MOST]
    if len(lines) > _MOST:
        heard.append(f"and {len(lines) - _MOST} more warnings of this kind")
