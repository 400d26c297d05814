"""Colours from a picture that a user has: of the same place, or of another one by the same camera or in the same light.

reference.py  what a reference is, and which files are none
guide.py      which way it is used, and why
place.py      the same place: registered to the near-infrared picture, colours come from where it agrees
palette.py    another place: colours by kind of surface
"""

from nircolor.reference.change import Change
from nircolor.reference.guide import Guided, Mode, guide
from nircolor.reference.reference import Reference, read_reference

__all__ = ["Guided", "Mode", "Reference", "guide", "read_reference"]
