"""Read a near-infrared picture: any supported file -> (H, W) float32 in [0, 1], upright, with what has to be kept."""

from __future__ import annotations

from pathlib import Path

from nircolor.image.bands import Band
from nircolor.image.decode import open_stored
from nircolor.image.info import NirImage
from nircolor.image.limits import check_whole
from nircolor.image.raster import Damaged
from nircolor.image.survey import Look
from nircolor.image.tiff.page_list import Page
from nircolor.image.tone.stretch import Stretch
from nircolor.image.windows import NirWindows, request

_NO_STRETCH = Stretch()


def read_nir(
    source: str | Path | bytes,
    *,
    band: Band | None = None,
    page: int | Page | None = None,
    stretch: Stretch = _NO_STRETCH,
    equalize: bool = False,
    grey: bool = False,
    damaged: Damaged = "refuse",
) -> NirImage:
    """Read a picture of any format of ``formats``; the content decides which it is, not the suffix.

    ``source``: a path, or the bytes of a whole file. ``band`` and ``page`` count from 1; ``band`` counts every sample
    of a pixel, alpha too, as GDAL does, or names one as the file does: ``"nir"``, ``"B8"``, ``"842nm"``; ``page`` may
    also be one of ``list_pages``. ``stretch``, then ``equalize`` (histogram equalisation), change the tone; without
    them the range comes from the dtype and the file's tags, never from the data, and where that leaves the picture dark
    a warning says so. Transparent pixels do not count in either. Last come the tones of the file's ICC profile: what is
    returned are sRGB greys. Three channels that differ little (``grey.RULES``) are read as their luma; ``grey`` takes
    the luma of whatever colours there are. ``damaged``: what becomes of tiles and strips of a TIFF that cannot be
    decoded: an error, or pixels without data.

    Raises ``ColourInputError`` for a colour picture, ``InputError`` for anything else that is not one whole,
    single-band picture (one line: path, reason, remedy) and ``UsageError`` for a ``band`` or ``page`` below 1, or
    ``band`` with ``grey``. Pictures that are too large for memory: see ``open_nir``.
    """
    with open_stored(source, request(band, page, grey, damaged)) as reader:
        with reader.translated():
            check_whole(reader.stored)
        return NirWindows(reader, Look(stretch, equalize, grey)).whole()
