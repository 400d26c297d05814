"""RGB2NIR: the EPFL RGB-NIR scene data set (Brown and Suesstrunk: Multi-spectral SIFT for scene category recognition,
CVPR 2011), 477 pairs of about 1024 x 768, 16-bit TIFF.

Known, from public readers of the archive ``nirscene1``: nine folders, numbers that begin anew in each::

    country/ field/ forest/ indoor/ mountain/ oldbuilding/ street/ urban/ water/
        0000_rgb.tiff   0000_nir.tiff   0001_rgb.tiff ...

One of them keeps ``NIR_Images/country_nir/0000_nir.tiff``: read as well. An id is ``country/0000``, its kind the
category. The data set has no official split; HAQAGen (Table 1) counts 382 / 48 / 47 and publishes no list. Names tell
the category, not the place: pictures of one place, in one category or two, are found by matching them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nircolor.datasets.layout import Layout, LayoutEntry
from nircolor.datasets.listing import File
from nircolor.datasets.naming import by_suffix, join, place

CATEGORIES = ("country", "field", "forest", "indoor", "mountain", "oldbuilding", "street", "urban", "water")
_NAME = re.compile(r"[0-9]{4}_(nir|rgb)", re.IGNORECASE)


def recognises(files: Sequence[File]) -> bool:
    return any(_category(file) and _NAME.fullmatch(file.stem) for file in files)


def read(files: Sequence[File]) -> list[LayoutEntry]:
    return [_entry(file) for file in files]


def _entry(file: File) -> LayoutEntry:
    where, (name, side) = place(file.folders), by_suffix(file.stem)
    category = _category(file)
    role = (side or where.side or "stray") if category else "stray"
    return LayoutEntry(file, join((category,), name), role, where.split, category)


def _category(file: File) -> str:
    rest = place(file.folders).rest
    return rest[-1].lower() if rest and rest[-1].lower() in CATEGORIES else ""


RGB2NIR = Layout("rgb2nir", "folders country, field ... with 0000_nir.tiff and 0000_rgb.tiff", recognises, read)
