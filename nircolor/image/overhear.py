"""What libraries log while they decode a file: it joins the warnings of the picture, or nobody would hear of it."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

LIBRARIES = ("tifffile", "imagecodecs")
# what is said of metadata that are read here, and told, without the library's help; a failed checksum is news
_READ_HERE = re.compile(r"PNG warning: (?!IDAT|PLTE|tRNS|.*CRC)|.*parsing GDAL_NODATA")
_MOST = 3  # lines of one file; a damaged one may give rise to thousands
_LONGEST = 200  # characters


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
def overhear() -> Iterator[list[str]]:
    """A list that gets one line for each warning logged within the block, when that ends: a few, then their count."""
    ear, told = _Ear(), list[str]()
    with ExitStack() as stack:
        for name in LIBRARIES:
            logger = logging.getLogger(name)
            logger.addHandler(ear)
            stack.callback(logger.removeHandler, ear)
        yield told
    lines = list(ear.lines)
    told += lines[:_MOST]
    if len(lines) > _MOST:
        told.append(f"and {len(lines) - _MOST} more warnings of this kind")
