"""Which way a reference is used: by place where it shows the place, else by palette, else not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import UsageError
from nircolor.reference.palette import Describe, by_palette
from nircolor.reference.place import by_place, register
from nircolor.reference.reference import Reference

Mode = Literal["auto", "place", "palette"]
MODES: tuple[Mode, ...] = ("auto", "place", "palette")
_COVERED = 0.8  # share of the picture, from which on what is left of it has no need of the palette


@dataclass(frozen=True)
class Used:
    """How a reference was used: ``none`` is not at all. ``evidence``: what spoke for it, by name."""

    mode: Literal["place", "palette", "none"]
    evidence: dict[str, float | int | str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As ``--json`` and the manifest have it."""
        return {"mode": self.mode, **self.evidence}

    def __str__(self) -> str:
        if self.mode == "none":
            return "shows neither this place nor what would help: colours are as without it"
        told = ", ".join(f"{name} {value}" for name, value in self.evidence.items())
        way = "shows this place" if self.mode == "place" else "gives colours by kind of surface"
        return f"{way} ({told})"


def unused(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """What the user should know of a row of a manifest, whose reference was of no use."""
    return (f"the reference {Used('none')}",) if facts.get("reference") == {"mode": "none"} else ()


@dataclass(frozen=True)
class Guided:
    """``colours``: (H, W, 3) float32 sRGB in [0, 1]; those of the network where ``mode`` is ``none``. ``mode`` and
    ``evidence``: see ``Used``."""

    colours: NDArray[np.float32]
    mode: Literal["place", "palette", "none"]
    evidence: dict[str, float | int | str] = field(default_factory=dict)

    @property
    def used(self) -> Used:
        return Used(self.mode, self.evidence)


def check_mode(mode: str) -> None:
    """Raises UsageError for an unknown one."""
    if mode not in MODES:
        raise UsageError("unknown", option="reference_mode", value=mode, remedy="give auto, place or palette")


def guide(
    colours: NDArray[np.float32],
    nir: NDArray[np.float32],
    reference: Reference,
    mode: Mode = "auto",
    features: Describe | None = None,
) -> Guided:
    """The colours of a picture, as a reference would have them.

    Args:
        colours: (H, W, 3) sRGB in [0, 1], painted by the network. nir: (H, W) in [0, 1], what it was painted from.
        reference: what shows colours. mode: ``place`` and ``palette`` allow one way only; ``auto`` takes colours by
        palette where there is evidence, and over them those by place. features: what the network sees, which the
        palette needs.

    Raises UsageError for an unknown mode.
    """
    check_mode(mode)
    placement = register(nir, reference.pixels, reference.view) if mode != "palette" else None
    covered = placement is not None and placement.overlap > _COVERED
    found = None
    if features and mode != "place" and not covered:
        found = by_palette(colours, nir, reference.pixels, features)
    base, likeness = found or (colours, {})
    if placement:
        return Guided(by_place(base, nir, reference.pixels, placement), "place", placement.evidence | likeness)
    return Guided(base, "palette" if found else "none", likeness)
