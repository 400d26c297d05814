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
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np

from nircolor.errors import InputError
from nircolor.image import formats, gdal
from nircolor.image.limits import MAX_BYTES
from nircolor.image.raster import Raster, Request
from nircolor.image.source import open_source
from nircolor.image.streams import is_stream

T = TypeVar("T")

LIBRARIES = ("tifffile", "imagecodecs")
# what is said of metadata that are read and reported here without the library's help; a failed checksum is news
_READ_HERE = re.compile(r"PNG warning: (?!IDAT|PLTE|tRNS|.*CRC)|.*parsing GDAL_NODATA")
_MOST = 3  # lines of one file; a damaged one may give rise to thousands
_LONGEST = 200  # characters


def decode(source: str | Path | bytes, request: Request, finish: Callable[[Raster], T]) -> T:
    """What ``finish`` makes of the decoded ``source``. Whatever goes wrong becomes one ``InputError`` with the path."""
    place = b"" if isinstance(source, bytes) else source  # errors need not hold the picture
    try:
        with np.errstate(all="ignore"), ExitStack() as stack:  # NaN and infinity are dealt with, not printed
            if not isinstance(source, bytes) and gdal.opens(source):
                return finish(gdal.whole(stack.enter_context(gdal.open_stored(source, request))))
            return finish(_decode(stack.enter_context(open_source(source)), request))
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
    head = stream.read(16)
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if not size:
        raise InputError("is empty (0 bytes)", remedy="get a fresh copy")
    if formats.is_raw(head):
        raise InputError("is camera raw: develop it to TIFF first")
    name = formats.sniff(head)
    if name is None:
        raise InputError("is no picture of a supported format", remedy=f"convert it to one of {formats.SUPPORTED}")
    if name != "TIFF" and size > MAX_BYTES:  # TIFF is read piece by piece
        raise InputError(f"has {size} bytes, more than the limit of {MAX_BYTES}", remedy="cut it into parts first")
    if name != "TIFF" and is_stream(stream.read()):
        raise InputError(
            f"holds {name} pictures one after the other (a stream)", remedy="give the file to nircolor video"
        )
    stream.seek(0)
    with _overheard() as heard:
        raster = _decoder(name)(stream, request)
    raster.warnings += heard
    return raster


def _decoder(name: str) -> Callable[[BinaryIO, Request], Raster]:
    # imported here: each brings a library that the other formats do not need
    if name == "TIFF":
        from nircolor.image.tiff_read import decode as decoder
    elif name == "PNG":
        from nircolor.image.png import decode as decoder
    elif name == "WEBP":
        from nircolor.image.webp import decode as decoder
    elif name == "JPEG":
        from nircolor.image.pillow import decode_jpeg as decoder
    else:
        from nircolor.image.pillow import decode_bmp as decoder
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
