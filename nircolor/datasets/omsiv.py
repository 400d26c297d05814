"""OMSIV: Outdoor Multispectral Images with Vegetation (Soria, Sappa, Akbarinia: Multispectral single-sensor RGB-NIR
imaging, IPTA 2017), 580 x 320, 8 bit.

Known, from the authors' repository (github.com/xavysp/ssmid-dataset, README). The archive ``omsiv`` holds ``.h5`` and
``.raw`` files, which nircolor does not read; ``omsiv4colorization`` holds pictures::

    train/X/RGBR_001.jpg   train/Y/NIR_001.png    400 pairs
    test/X/RGBR_002.jpg    test/Y/NIR_002.png     100 pairs
    train_list.lst, test_list.lst                 the same two folders again, one pair a line: not read

``RGBR`` is the registered colour picture, ``RGBNC`` a colour picture of the single sensor, spoilt by near-infrared: set
aside, as is ``Yhat`` (predictions). The names decide, not X and Y, which the README describes both ways round. The
folders are the official split, 400 / 100 of the 500 pairs that could be registered; HAQAGen (Table 1) counts 532 pairs,
split 426 / 53 / 53, and publishes no list. Assumed: whoever turns the ``.h5`` files into pictures keeps these names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nircolor.datasets.layout import Layout, LayoutEntry, Role
from nircolor.datasets.listing import File
from nircolor.datasets.naming import join, place

_NAME = re.compile(r"(?P<band>RGBR|RGBNC|NIRR?)_(?P<id>[0-9]+)", re.IGNORECASE)
_ROLES: dict[str, Role] = {"rgbr": "rgb", "rgbnc": "aside", "nir": "nir", "nirr": "nir"}


def recognises(files: Sequence[File]) -> bool:
    return any((match := _NAME.fullmatch(file.stem)) and match["band"].lower() == "rgbr" for file in files)


def read(files: Sequence[File]) -> list[LayoutEntry]:
    return [_entry(file) for file in files]


def _entry(file: File) -> LayoutEntry:
    if any(name.lower() == "yhat" for name in file.folders):
        return LayoutEntry(file, "", "aside")
    match = _NAME.fullmatch(file.stem)
    if not match:
        return LayoutEntry(file, "", "stray")
    return LayoutEntry(file, join((), match["id"]), _ROLES[match["band"].lower()], place(file.folders).split)


OMSIV = Layout("omsiv", "pictures NIR_001.png and RGBR_001.jpg", recognises, read)
