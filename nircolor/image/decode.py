"""From a file to what it has stored: what read_nir, open_nir and read_rgb share, every failure becomes one line.

What libraries log while they decode joins the warnings of the picture, or nobody would hear of it.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nircolor.errors import InputError, UndevelopedInputError
from nircolor.image import formats
from nircolor.image.codecs.streams import is_stream
from nircolor.image.geo import gdal, world_file
from nircolor.image.limits import check_encoded
from nircolor.image.raster import Raster, Request
from nircolor.image.source import open_source
from nircolor.image.stored import Arrays, Stored
from nircolor.wording import in_short

_PIECEWISE = ("TIFF", "NPY", "PNM", "PFM")  # formats that are read piece by piece: the file may be larger than memory

LIBRARIES = ("tifffile", "imagecodecs")
# what is said of metadata that are read and reported here without the library's help; a failed checksum is news
_READ_HERE = re.compile(r"PNG warning: (?!IDAT|PLTE|tRNS|.*CRC)|.*parsing GDAL_NODATA")
_DECODERS = {
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


class _Ear(logging.Handler):
    """Keeps what is logged while it listens: others may be decoding other files."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: dict[str, None] = {}  # each once, in order

    def emit(self, record: logging.LogRecord) -> None:
        text = ascii(" ".join(record.getMessage().split()))[1:-1]
        if _listening.get() is self and not _READ_HERE.match(text):
            self.lines.setdefault(f"{record.name} says: {text[:_LONGEST]}")

    def told(self) -> list[str]:
        """One line each: a few, then their count."""
        lines = list(self.lines)
        more = [f"and {len(lines) - _MOST} more warnings of this kind"] if len(lines) > _MOST else []
        return lines[:_MOST] + more


_listening: ContextVar[_Ear | None] = ContextVar("listening", default=None)


@dataclass(frozen=True)
class Reader:
    """A picture that is open, and what is needed to speak of it. ``place``: what errors name, None = nothing."""

    stored: Stored
    place: str | Path | bytes | None = None
    ear: _Ear | None = None

    def translated(self) -> AbstractContextManager[None]:
        """Whatever goes wrong within becomes one ``InputError`` with the place; what libraries say is heard."""
        return _translated(self.place, self.ear)

    def heard(self) -> list[str]:
        """What libraries have said so far, one line each."""
        return self.ear.told() if self.ear else []


@contextmanager
def open_stored(source: str | Path | bytes, request: Request) -> Iterator[Reader]:
    """Open ``source`` for reading by windows. Raises ``InputError``, one line with the path."""
    place = b"" if isinstance(source, bytes) else source  # errors need not hold the picture
    with ExitStack() as stack:
        ear = stack.enter_context(_overheard())
        with _translated(place, ear):
            if not isinstance(source, bytes) and gdal.opens(source):
                stored: Stored = stack.enter_context(gdal.open_stored(source, request))
            else:
                stored = _opened(stack.enter_context(open_source(source)), request, stack)
                if not isinstance(source, bytes):
                    world_file.add(stored.meaning, Path(source))
        yield Reader(stored, place, ear)


@contextmanager
def _translated(place: str | Path | bytes | None, ear: _Ear | None) -> Iterator[None]:
    before = _listening.set(ear)
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
    finally:
        _listening.reset(before)


def _opened(stream: BinaryIO, request: Request, stack: ExitStack) -> Stored:
    """What ``stream`` holds, open until ``stack`` ends. Most formats are read whole."""
    name = _format_of(stream)
    if name != "TIFF":
        return _decoded(name, stream, request)
    from nircolor.image.tiff.read import opened

    try:
        return stack.enter_context(opened(stream, request))
    except UndevelopedInputError as error:  # a TIFF, but its picture is that of a sensor
        _check_extra("RAW", error.reason)
        stream.seek(0)
        return _decoded("RAW", stream, request)


def _format_of(stream: BinaryIO) -> str:
    """The format of the picture that begins ``stream``, which is left at its start. Raises ``InputError``."""
    head = stream.read(formats.HEAD)
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if not size:
        raise InputError("is empty (0 bytes)", remedy="get a fresh copy")
    name = formats.sniff(head)
    if name is None:
        raise InputError("is no picture of a supported format", remedy=f"convert it to one of {formats.SUPPORTED}")
    _check_extra(name)
    if name not in _PIECEWISE:
        check_encoded(size)
        if is_stream(stream.read()):
            raise InputError(
                f"holds {name} pictures one after the other (a stream)", remedy="give the file to nircolor video"
            )
    stream.seek(0)
    return name


def _check_extra(name: str, reason: str = "") -> None:
    entry = formats.READ_ONLY.get(name)
    if entry is None or entry.is_readable:
        return
    verb, what = ("develop", "camera raw") if name == "RAW" else ("convert", name)
    remedy = f"pip install 'nircolor[{entry.extra}]', or {verb} it to TIFF first"
    raise InputError(reason or f"is {what}, for which an extra is needed", remedy=remedy)


def _decoded(name: str, stream: BinaryIO, request: Request) -> Stored:
    # imported now: each brings a library that the other formats do not need
    module, function = _DECODERS[name]
    decode: Callable[[BinaryIO, Request], Raster | Stored] = getattr(
        import_module(f"nircolor.image.codecs.{module}"), function
    )
    found = decode(stream, request)
    return Arrays(found) if isinstance(found, Raster) else found


@contextmanager
def _overheard() -> Iterator[_Ear]:
    """An ear for the libraries, there until the block ends."""
    ear = _Ear()
    with ExitStack() as stack:
        for name in LIBRARIES:
            logger = logging.getLogger(name)
            logger.addHandler(ear)
            stack.callback(logger.removeHandler, ear)
        yield ear
