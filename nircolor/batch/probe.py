"""How many pixels a file holds, from its first bytes where that is enough: a hundred thousand files take seconds."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from nircolor.batch.remote import Place, Remote
from nircolor.image.formats import sniff
from nircolor.image.source import open_source

if TYPE_CHECKING:
    from nircolor.batch.plan import Entry

Size = tuple[int, int]

_EXPANSION = 3  # pixels that a byte of a compressed picture may hold; few hold more
_BLOCK = 1000  # files handed to the threads at once


def probe(path: Path) -> Size | None:
    """(height, width) as the file's header has it, before any rotation; None where it cannot be told."""
    try:
        with open_source(path) as stream:
            head = stream.read(32)
            stream.seek(0)
            return _size(sniff(head), head, stream)
    except Exception:  # whatever is wrong with the file, reading it will tell
        return None


def pixels(entry: Entry, root: Place) -> int:
    """How many an entry has, from its header; on remote storage, which is not asked twice, guessed from its size."""
    if isinstance(root, Remote):
        return entry.bytes * _EXPANSION
    height, width = probe(root / entry.source) or (0, 0)
    return height * width


def probe_all(paths: Iterable[Path], threads: int = 4) -> list[Size | None]:
    """``probe`` of many files, in order."""
    waiting, sizes = iter(paths), list[Size | None]()
    with ThreadPoolExecutor(threads) as pool:
        while block := list(islice(waiting, _BLOCK)):
            sizes += pool.map(probe, block)
    return sizes


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
        return None
    return height, width


def _tiff(stream: BinaryIO) -> Size:
    from nircolor.image.tiff_pages import contents

    picture = contents(stream).pages[0]
    return picture.height, picture.width
