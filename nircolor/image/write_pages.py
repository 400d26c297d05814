"""Write several pictures as the pages of one TIFF: a file, whole or not at all, or a stream."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from nircolor.errors import UsageError
from nircolor.image.formats import PAGED
from nircolor.image.info import ImageInfo
from nircolor.image.plan import OutputPlan
from nircolor.image.sink import open_page
from nircolor.image.write import STREAM, Alpha, OnePicture, Pixels, output_file

if TYPE_CHECKING:
    from nircolor.image.tiff.write import TiffPages


class PageWriter:
    """Takes pages in order; made by ``open_pages``."""

    def __init__(self, pages: TiffPages, path: str | Path) -> None:
        self._pages, self._path = pages, path

    def add(
        self,
        pieces: Iterable[tuple[int, int, Pixels]],
        size: tuple[int, int],
        info: ImageInfo,
        *,
        alpha: Alpha | None = None,
        depth: int,
    ) -> None:
        """Write the next page, of ``size`` (height, width), at ``depth`` bits, as ``write_pieces`` writes a file.

        Raises ``UsageError``, ``OutputError``, and what ``pieces`` and ``alpha`` raise.
        """
        page = OnePicture(size, OutputPlan(PAGED, depth), info, self._path)
        page.write(partial(open_page, self._pages), pieces, alpha)


@contextmanager
def open_pages(target: str | Path | BinaryIO, most: int, overwrite: bool) -> Iterator[PageWriter]:
    """A TIFF of several pages that becomes ``target`` when the block ends without an exception, and leaves nothing
    behind otherwise. A stream gets all of it at the end; until then it lies in a temporary file.

    ``most``: bytes that the output may have, which decide on BigTIFF. Raises ``OutputExistsError`` and ``OutputError``.
    """
    from nircolor.image.tiff.write import TiffPages, is_big  # which bring tifffile

    path = Path(target) if isinstance(target, (str, os.PathLike)) else STREAM
    with output_file(target, overwrite, large=True) as stream:
        yield PageWriter(TiffPages(stream, is_big(most, "lzw")), path)  # any page may be packed so


def check_pages(count: int, format: str) -> None:
    """Raise ``UsageError`` where a file of ``format`` cannot hold ``count`` pages."""
    if count > 1 and format != PAGED:
        remedy = f"write {PAGED}, or choose one with `page=1` to {count}"
        raise UsageError(f"{format} holds one picture, and the input has {count} pages", remedy=remedy)
