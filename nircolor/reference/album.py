"""References in a folder: each picture has the one of its own name, else the one taken nearest to its own time."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from nircolor.errors import InputError

_MARKS = re.compile(r"[-_. ]?(nir|ir|infrared|night|rgb|vis|visible|colou?r|day|ref|reference)\b", re.IGNORECASE)
_TAKEN, _DIGITIZED, _CHANGED, _IFD = 36867, 36868, 306, 0x8769  # EXIF 2.32: 4.6.5 D, 4.6.4 D


@dataclass(frozen=True)
class Album:
    """``files``: the pictures of ``folder``, not of folders in it, by name."""

    folder: Path
    files: tuple[Path, ...]

    @classmethod
    def of(cls, folder: Path) -> Album:
        """Raises InputError for a folder that cannot be read, or holds no picture."""
        from nircolor.image.formats import picture_suffixes

        suffixes = picture_suffixes()
        try:
            found = sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes and path.is_file())
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", path=folder) from error
        if not found:
            raise InputError("holds no picture", path=folder, remedy="name a folder of colour pictures")
        return cls(folder, tuple(found))

    def find(self, name: str, exif: bytes | None) -> Path | None:
        """The reference of a picture with this name and EXIF block; None where neither says which it is.

        Of names, suffixes do not count, nor words that tell kinds apart: ``a_nir.tif`` is ``a_rgb.jpg``. Of two that
        are taken equally near in time it is the first by name.
        """
        named = self._by_name.get(_stem(name))
        if named or not (taken := _time_of(exif)) or not self._by_time:
            return named
        return min(self._by_time, key=lambda one: abs((one[0] - taken).total_seconds()))[1]

    @property
    def digest(self) -> str:
        """Of names, sizes and times of change: another one where another picture may be found."""
        told = [(path.name, (status := path.stat()).st_size, status.st_mtime_ns) for path in self.files]
        return hashlib.sha256(repr(told).encode("utf-8", "surrogateescape")).hexdigest()[:12]

    @cached_property
    def _by_name(self) -> dict[str, Path]:
        return {_stem(path.name): path for path in reversed(self.files)}

    @cached_property
    def _by_time(self) -> list[tuple[datetime, Path]]:
        return [(time, path) for path in self.files if (time := _time_of(path))]


def _stem(name: str) -> str:
    stem = os.path.splitext(os.path.basename(name))[0]  # noqa: PTH119, PTH122 - once for each of many names
    return _MARKS.sub("", stem.replace("_", " ")).strip().lower() or stem.lower()


def _time_of(source: Path | bytes | None) -> datetime | None:
    """When a picture was taken, by the EXIF block of a file, or a block; None where that does not say."""
    from PIL import Image

    exif = Image.Exif()
    try:
        if isinstance(source, Path):
            with Image.open(source) as picture:
                exif = picture.getexif()
        elif source:
            exif.load(source)
        inner = exif.get_ifd(_IFD)
        text = inner.get(_TAKEN) or inner.get(_DIGITIZED) or exif.get(_CHANGED)
        return datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except Exception:  # whatever a file may hold
        return None
