"""Which way a reference is used: by place, by palette, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import UsageError
from nircolor.reference.reference import Reference

Mode = Literal["auto", "place", "palette"]
MODES: tuple[Mode, ...] = ("auto", "place", "palette")
Describe = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""What a network sees in a grey picture: (H, W) in [0, 1] -> features (h', w', C)."""


@dataclass(frozen=True)
class Guided:
    """``colours``: (H, W, 3) float32 sRGB in [0, 1]. ``mode``: how the reference was used; ``none``: not at all, and
    the colours are those of the network. ``evidence``: what spoke for it, by name."""

    colours: NDArray[np.float32]
    mode: Literal["place", "palette", "none"]
    evidence: dict[str, float | int | str] = field(default_factory=dict)


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
        reference: what shows colours. mode: ``place`` and ``palette`` allow one way only, ``auto`` the one that has
        better evidence. features: what the network sees, which the palette needs.

    Raises UsageError for an unknown mode.
    """
    if mode not in MODES:
        raise UsageError("unknown", option="reference_mode", value=mode, remedy="give auto, place or palette")
    return Guided(colours, "none")
