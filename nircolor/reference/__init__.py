"""Colours from a picture that a user has: of the same place, or of another one by the same camera or in the same light.

reference.py  what a reference is, and which files are none
album.py      a folder of them, by name or by time
led.py        an engine that has one: colours of whole pictures, or piece by piece
guidance.py   what a user says of it
guide.py      which way it is used, and why
matching.py   where one view lies in another
place.py      the same place: colours come from where both show the same
palette.py    another place: colours come from what looks the same to a network
change.py     what was found on a small copy, made in the picture itself
"""

from nircolor.reference.change import Change
from nircolor.reference.guidance import Guidance, ReferenceSource
from nircolor.reference.guide import MODES, Guided, Mode, Used, check_mode, guide, unused
from nircolor.reference.led import Led
from nircolor.reference.reference import Reference, read_reference

__all__ = [
    "MODES",
    "Change",
    "Guidance",
    "Guided",
    "Led",
    "Mode",
    "Reference",
    "ReferenceSource",
    "Used",
    "check_mode",
    "guide",
    "read_reference",
    "unused",
]
