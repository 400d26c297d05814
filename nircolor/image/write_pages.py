"""Write several pictures as the pages of one TIFF: a file, whole or not at all, or a stream."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nircolor.errors import OutputError, UsageError
from nircolor.files import atomic_file, write_reason
from nircolor.image.formats import PAGED
from nircolor.image.info import ImageInfo
from nircolor.image.plan import OutputPlan
from nircolor.image.tiff_write import TiffPages
from nircolor.image.write import STREAM, Pixels, prepared

_BLOCK = 1 << 20  # bytes


class PageWriter:
    """Takes pages in order; made by ``open_pages``."""

    def __init__(self, pages: TiffPages) -> None:
        self._pages = pages

    def add(self, rgb: Pixels, info: ImageInfo, *, alpha: Pixels | None = None, depth: int) -> None:
        """Write the next page: what ``write_rgb`` takes, quantized and converted as it does, at ``depth`` bits.

        Raises ``UsageError`` and ``OutputError``.
        """
        samples, kept = prepared(rgb, info, OutputPlan(PAGED, depth), alpha)
        self._pages.add(samples, kept)


@contextmanager
def open_pages(target: Path | BinaryIO, most: int, overwrite: bool) -> Iterator[PageWriter]:
    """A TIFF of several pages that becomes ``target`` when the block ends without an exception, and leaves nothing
    behind otherwise. A stream gets all of it at the end; until then it lies in a temporary file.

    ``most``: bytes that the output may have, which decide on BigTIFF. Raises ``OutputExistsError`` and ``OutputError``.
    """
    if isinstance(target, (str, os.PathLike)):
        with atomic_file(Path(target), overwrite) as stream, TiffPages(stream, most) as pages:
            yield PageWriter(pages)
        return
    with tempfile.TemporaryFile() as draft:
        with TiffPages(draft, most) as pages:
            yield PageWriter(pages)
        draft.seek(0)
        _copy(draft, target)


def _copy(draft: BinaryIO, target: BinaryIO) -> None:
    try:
        shutil.copyfileobj(draft, target, _BLOCK)
        target.flush()
    except OSError as error:
        raise OutputError(write_reason(error), path=STREAM) from error


def check_pages(count: int, format: str) -> None:
    """Raise ``UsageError`` where a file of ``format`` cannot hold ``count`` pages."""
    if count > 1 and format != PAGED:
        remedy = f"write {PAGED}, or choose one with `page=1` to {count}"
        raise UsageError(f"{format} holds one picture, and the input has {count} pages", remedy=remedy)
