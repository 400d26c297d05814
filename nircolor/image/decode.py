"""From a file to what it has stored: what read_nir, open_nir and read_rgb share, every failure becomes one line.

What libraries log while they decode joins the warnings of the picture, or nobody would hear of it.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nircolor.errors import InputError
from nircolor.image import formats
from nircolor.image.limits import MAX_BYTES
from nircolor.image.raster import Raster, Request
from nircolor.image.source import open_source
from nircolor.image.stored import Arrays, Stored
from nircolor.image.streams import is_stream

LIBRARIES = ("tifffile", "imagecodecs")
# what is said of metadata that are read and reported here without the library's help; a failed checksum is news
_READ_HERE = re.compile(r"PNG warning: (?!IDAT|PLTE|tRNS|.*CRC)|.*parsing GDAL_NODATA")
_MOST = 3  # lines of one file; a damaged one may give rise to thousands
_LONGEST = 200  # characters


@dataclass(frozen=True)
class Reader:
    """A picture that is open, and what is needed to speak of it. ``place``: what errors name, None = nothing."""

    stored: Stored
    place: str | Path | bytes | None = None
    heard: Callable[[], list[str]] = list
    """What libraries have said so far, one line each."""

    def translated(self) -> AbstractContextManager[None]:
        """Whatever goes wrong within becomes one ``InputError`` with the place."""
        return _translated(self.place)


@contextmanager
def open_stored(source: str | Path | bytes, request: Request) -> Iterator[Reader]:
    """Open ``source`` for reading by windows. Raises ``InputError``, one line with the path."""
    place = b"" if isinstance(source, bytes) else source  # errors need not hold the picture
    with ExitStack() as stack:
        with _translated(place):
            stream = stack.enter_context(open_source(source))
            heard = stack.enter_context(_overheard())
            stored = _opened(stream, request, stack)
        yield Reader(stored, place, heard)


@contextmanager
def _translated(place: str | Path | bytes | None) -> Iterator[None]:
    try:
        with np.errstate(all="ignore"):  # NaN and infinity are dealt with, not printed
            yield
    except InputError as error:
        raise (error if place is None else error.at(place)) from error.__cause__
    except MemoryError as error:
        raise InputError("does not fit into memory", path=place, remedy="cut it into parts first") from error
    except ImportError as error:
        raise InputError(f"needs a missing library ({error})", path=place, remedy="reinstall nircolor") from error
    except Exception as error:  # the decoders of damaged files raise whatever they stumble over
        raise InputError(f"is damaged ({in_short(error)})", path=place, remedy="get a fresh copy") from error


def in_short(error: Exception) -> str:
    """What a library says, on one printable line."""
    return ascii(" ".join(str(error).split()))[1:-1][:200] or type(error).__name__


def _opened(stream: BinaryIO, request: Request, stack: ExitStack) -> Stored:
    """What ``stream`` holds, open until ``stack`` ends. TIFF is read window by window, all else whole."""
    name = _format_of(stream)
    if name != "TIFF":
        return Arrays(_decoder(name)(stream, request))
    from nircolor.image.tiff_read import opened

    return stack.enter_context(opened(stream, request))


def _format_of(stream: BinaryIO) -> str:
    """The format of the picture that begins ``stream``, which is left at its start. Raises ``InputError``."""
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
    return name


def _decoder(name: str) -> Callable[[BinaryIO, Request], Raster]:
    # imported here: each brings a library that the other formats do not need
    if name == "PNG":
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

    def told(self) -> list[str]:
        lines = list(self.lines)
        more = [f"and {len(lines) - _MOST} more warnings of this kind"] if len(lines) > _MOST else []
        return lines[:_MOST] + more


@contextmanager
def _overheard() -> Iterator[Callable[[], list[str]]]:
    """What tells the warnings logged within the block so far, one line each: a few, then their count."""
    ear = _Ear()
    with ExitStack() as stack:
        for name in LIBRARIES:
            logger = logging.getLogger(name)
            logger.addHandler(ear)
            stack.callback(logger.removeHandler, ear)
        yield ear.told
