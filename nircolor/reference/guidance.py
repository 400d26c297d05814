"""What a user says of references: which picture, and how it is to be used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from nircolor.errors import InputError, UsageError, display_name
from nircolor.reference.guide import Mode, check_mode
from nircolor.reference.led import Led
from nircolor.reference.reference import Reference, read_reference

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

ReferenceSource = str | Path | NDArray[Any]
"""A path, or (H, W, 3) sRGB, uint8, uint16 or float32 in [0, 1]."""


@dataclass(frozen=True)
class Guidance:
    """``reference`` None: none is given."""

    reference: Reference | None = None
    mode: Mode = "auto"

    @classmethod
    def of(cls, source: ReferenceSource | None, mode: Mode) -> Guidance:
        """Reads the picture. Raises InputError for what is no reference, UsageError for an unknown mode."""
        check_mode(mode)
        if source is None:
            if mode != "auto":
                raise UsageError("there is no reference", option="reference_mode", value=mode, remedy="give one, too")
            return cls()
        if isinstance(source, (str, Path)):
            if Path(source).is_dir():
                raise InputError("is a folder, not a picture", path=source, remedy="name one of its pictures")
            return cls(read_reference(source), mode)
        return cls(Reference.of(source), mode)

    @property
    def name(self) -> str:
        """What messages call it."""
        path = self.reference.path if self.reference else None
        return display_name(path) if path else "the reference"

    def lead(self, engine: Colorizer) -> Colorizer | Led:
        """``engine`` itself where there is no reference."""
        return engine if self.reference is None else Led(engine, self.reference, self.mode)
