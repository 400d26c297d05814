"""How many pixels files hold, from their first bytes where that is enough: a hundred thousand files take seconds.

And how long they will take, from one picture of their middle size colorized here and now.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from nircolor.batch.places import Place, Size
from nircolor.image.formats import HEAD, sniff
from nircolor.image.source import open_source

if TYPE_CHECKING:
    from nircolor.batch.entry import Entry
    from nircolor.colorizer import Colorizer

_EXPANSION = 3  # pixels that a byte of a compressed picture may hold; few hold more
_BLOCK = 1000  # files handed to the threads at once
_LONGEST = 1 << 20  # bytes of a description of a picture
_LARGEST = 2000  # pixels a side that are tried: more would take long, and tiles all cost the same


def probe(path: Path) -> Size | None:
    """(height, width) as the file's header has it, before any rotation; None where it cannot be told."""
    try:
        with open_source(path) as stream:
            head = stream.read(HEAD)
            stream.seek(0)
            return _size(sniff(head), head, stream)
    except Exception:  # whatever is wrong with the file, reading it will tell
        return None


def pixels(entry: Entry, root: Place) -> int:
    """How many an entry has, from its header; where that says nothing, guessed from its size."""
    shape = (root / entry.source).shape()
    return shape[0] * shape[1] if shape else entry.bytes * _EXPANSION


def probe_all(places: Iterable[Place], threads: int = 4) -> list[Size | None]:
    """``shape`` of many files, in order."""
    waiting, sizes = iter(places), list[Size | None]()
    with ThreadPoolExecutor(threads) as pool:
        while block := list(islice(waiting, _BLOCK)):
            sizes += pool.map(lambda place: place.shape(), block)
    return sizes


def megapixels(sizes: Sequence[Size | None]) -> float:
    """Of all pictures whose size is known."""
    return sum(size[0] * size[1] for size in sizes if size) / 1e6


def seconds(engine: Colorizer, sizes: Sequence[Size | None]) -> float:
    """Time in the network, warm; reading and writing happen meanwhile. 0 where no size is known."""
    known = sorted((size for size in sizes if size), key=lambda size: size[0] * size[1])
    if not known:
        return 0.0
    height, width = (min(side, _LARGEST) for side in known[len(known) // 2])
    nir = np.zeros((height, width), np.float32)
    engine.colorize(nir)  # what is compiled or allocated once does not count
    start = time.perf_counter()
    engine.colorize(nir)
    return (time.perf_counter() - start) / (height * width) * megapixels(known) * 1e6


def _size(format: str | None, head: bytes, stream: BinaryIO) -> Size | None:
    if format == "PNG":
        width, height = struct.unpack_from(">II", head, 16)
    elif format == "BMP":
        width, height = struct.unpack_from("<ii", head, 18)
        height = abs(height)  # negative: stored from the top
    elif format == "TIFF":
        return _tiff(stream)
    elif format == "JPEG":
        from PIL.JpegImagePlugin import JpegImageFile

        width, height = JpegImageFile(stream).size
    elif format == "WEBP":
        from PIL.WebPImagePlugin import WebPImageFile

        width, height = WebPImageFile(stream).size
    else:
        return _others(format, stream)
    return height, width


def _others(format: str | None, stream: BinaryIO) -> Size | None:
    """Of formats whose headers are longer; each is read by the module that decodes it."""
    if format in ("AVIF", "HEIF"):
        from nircolor.image.codecs.boxes import described, find

        about = described(memoryview(find(stream, b"meta", _LONGEST)))
        return about.height, about.width
    if format == "JP2":
        from nircolor.image.codecs.jpeg2000 import size_of
    elif format == "JXL":
        from nircolor.image.codecs.jxl import size_of
    elif format in ("PNM", "PFM"):
        from nircolor.image.codecs.pnm import size_of
    elif format == "NPY":
        from nircolor.image.codecs.npy import size_of
    elif format == "EXR":
        from nircolor.image.codecs.exr_header import size_of
    else:
        return None
    return size_of(stream)


def _tiff(stream: BinaryIO) -> Size:
    from nircolor.image.tiff.pages import contents

    picture = contents(stream).pages[0]
    return picture.height, picture.width
