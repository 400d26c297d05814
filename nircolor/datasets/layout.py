"""What a layout is: how a root is recognised, and what each of its pictures is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from nircolor.datasets.listing import File

Role = Literal["nir", "rgb", "aside", "stray"]
"""``aside``: part of the data set, but of no pair (unpaired colour, masks). ``stray``: nobody knows what it is."""


@dataclass(frozen=True)
class LayoutEntry:
    """What one picture is. ``split`` and ``kind`` are empty where the layout does not say."""

    file: File
    id: str
    role: Role
    split: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Layout:
    """One benchmark's folders and names. ``expects`` says in a few words what a root must hold.

    ``recognises`` and ``read`` look at names only; ``read`` gives one entry for each picture.
    """

    name: str
    expects: str
    recognises: Callable[[Sequence[File]], bool]
    read: Callable[[Sequence[File]], list[LayoutEntry]]
