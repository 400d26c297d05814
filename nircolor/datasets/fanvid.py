"""FANVID: the Fully Aligned NIR-Visible Image Dataset (Gao, Gu, Liu, Fu: Object-Aware NIR-to-Visible Translation, ECCV
2024), 2048 x 1536, 8-bit BMP, taken by a coaxial camera with three sensors.

Known, from the authors' repository (github.com/Yiiclass/Sherry, README)::

    Train/ paired_NIR1/Train_00001.bmp   700 to 800 nm
           paired_NIR2/Train_00001.bmp   820 to 1100 nm
           paired_RGB/Train_00001.bmp
           seg_mask2former_NIR1/, seg_mask2former_NIR2/   .npy, not looked at
    Test/  the same, Test_00001.bmp ...

``Train`` and ``Test`` are the official split; no validation set is named. HAQAGen (Table 1) counts 4100 / 514 / 530 and
uses 700 to 800 nm, so NIR1 is the near-infrared side here; NIR2 is set aside, and read only where there is no NIR1.
Copies laid out as ``NIR``, ``RGB``, ``Val/nir_val``, ``Val/rgb_val`` (a public loader's) are plain folders of pairs.
"""

from __future__ import annotations

from collections.abc import Sequence

from nircolor.datasets.layout import Layout, LayoutEntry, Role
from nircolor.datasets.listing import File
from nircolor.datasets.naming import join, place

_FIRST, _SECOND = "paired_nir1", "paired_nir2"
_ROLES: dict[str, Role] = {_FIRST: "nir", _SECOND: "nir", "paired_rgb": "rgb"}


def recognises(files: Sequence[File]) -> bool:
    return any(_innermost(folders) in (_FIRST, _SECOND) for folders in {file.folders for file in files})


def read(files: Sequence[File]) -> list[LayoutEntry]:
    spare = _SECOND if any(_innermost(file.folders) == _FIRST for file in files) else ""
    return [_entry(file, spare) for file in files]


def _entry(file: File, spare: str) -> LayoutEntry:
    folder = _innermost(file.folders)
    if folder == spare or folder.startswith("seg_"):
        return LayoutEntry(file, "", "aside")
    return LayoutEntry(file, join((), file.stem), _ROLES.get(folder, "stray"), place(file.folders).split)


def _innermost(folders: tuple[str, ...]) -> str:
    return folders[-1].lower() if folders else ""


FANVID = Layout("fanvid", "folders paired_NIR1 and paired_RGB", recognises, read)
