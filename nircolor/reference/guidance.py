"""What a user says of references: which picture, or a folder of some, and how they are to be used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from nircolor.errors import InputError, UsageError, display_name
from nircolor.reference.album import Album
from nircolor.reference.guide import Mode, check_mode
from nircolor.reference.led import Led
from nircolor.reference.reference import Reference, read_reference

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

ReferenceSource = str | Path | NDArray[Any]
"""A path, or (H, W, 3) sRGB, uint8, uint16 or float32 in [0, 1]."""


@dataclass(frozen=True)
class Guidance:
    """One ``reference`` for all pictures, or an ``album`` in which each finds its own; neither: none is given."""

    reference: Reference | None = None
    mode: Mode = "auto"
    album: Album | None = None

    @classmethod
    def of(cls, source: ReferenceSource | None, mode: Mode, albums: bool = False) -> Guidance:
        """Reads the picture; a folder is taken only where ``albums`` says so.

        Raises InputError for what is no reference, UsageError for an unknown mode.
        """
        check_mode(mode)
        if source is None:
            if mode != "auto":
                raise UsageError("there is no reference", option="reference_mode", value=mode, remedy="give one, too")
            return cls()
        if not isinstance(source, (str, Path)):
            return cls(Reference.of(source), mode)
        if not Path(source).is_dir():
            return cls(read_reference(source), mode)
        if not albums:
            raise InputError("is a folder, not a picture", path=source, remedy="name one of its pictures")
        return cls(None, mode, Album.of(Path(source)))

    @property
    def is_given(self) -> bool:
        return self.reference is not None or self.album is not None

    @property
    def name(self) -> str:
        """What messages call it."""
        path = self.album.folder if self.album else self.reference.path if self.reference else None
        return display_name(path) if path else "the reference"

    @property
    def fingerprint(self) -> dict[str, str]:
        """What decides on outputs, by name; nothing where none is given."""
        if self.album:
            return {"reference": self.album.digest, "reference_mode": self.mode}
        return {"reference": self.reference.digest, "reference_mode": self.mode} if self.reference else {}

    def chosen(self, name: str, exif: bytes | None) -> Guidance:
        """For the picture of this name and EXIF block: with one reference, or none where the album has none for it.

        Raises InputError for a file that is no reference.
        """
        if self.album is None:
            return self
        path = self.album.find(name, exif)
        return Guidance(read_reference(path), self.mode) if path else Guidance()

    def lead(self, engine: Colorizer) -> Colorizer | Led:
        """``engine`` itself where there is no reference."""
        return engine if self.reference is None else Led(engine, self.reference, self.mode)
