"""All pages of a file into the pages of another, with colours that are the greys of the input."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import tifffile

from nircolor.every_page import Pages, PagesDone
from nircolor.image import Page, list_pages
from nircolor.picture import Reading, Windows, Writing
from nircolor.tiling import Piece


def grey_copy(image: Windows) -> Iterator[Piece]:
    """Colours that are those of the input, in pieces of other sizes than the tiles of a file."""
    height, width = image.shape
    for top in range(0, height, 100):
        for left in range(0, width, 300):
            nir = image[top : min(top + 100, height), left : min(left + 300, width)]
            yield Piece(top, left, np.dstack([nir] * 3))


def nobody(page: Page) -> None:
    """Who hears of no page."""


def copied(
    data: bytes, place: Any, reading: Reading | None = None, writing: Writing | None = None, overwrite: bool = False
) -> PagesDone:
    listed = list_pages(data)
    assert listed is not None
    pages = Pages(data, listed, reading or Reading(), writing or Writing(), "x.tif", "y.tif")
    return pages.colorize(place, grey_copy, overwrite, nobody)


def made_of(data: bytes, **options: Any) -> list[tifffile.TiffPage]:
    stream = io.BytesIO()
    copied(data, stream, **options)
    stream.seek(0)
    with tifffile.TiffFile(stream) as file:
        for page in file.pages:
            page.asarray()
        return list(file.pages)


def made(data: bytes, **options: Any) -> list[np.ndarray]:
    stream = io.BytesIO()
    copied(data, stream, **options)
    stream.seek(0)
    with tifffile.TiffFile(stream) as file:
        return [page.asarray() for page in file.pages]
