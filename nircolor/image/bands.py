"""Bands by name: what a file says of each of its bands, and which of them ``"nir"``, ``"B8"`` or ``"842nm"`` means."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from nircolor.errors import InputError, UsageError

Band = int | str
"""Number of a band, from 1, or what names it."""

NEAR_INFRARED = (750.0, 1000.0)
"""Wavelengths in nanometres."""
_BEST = 850.0  # in the middle of what cameras and satellites call near-infrared
_APART = 30.0  # nanometres that a band may be away from the wavelength that was asked for

_NAMES = frozenset(("nir", "nearinfrared", "nearir", "infrared"))
_OTHERS = frozenset((
    "red", "green", "blue", "rededge", "reg", "coastal", "coastalaerosol", "coastalblue", "yellow", "orange", "violet",
    "swir", "swir1", "swir2", "swir16", "swir22", "lwir", "mwir", "thermal", "thermalinfrared", "tir",
))  # fmt: skip
_SENTINEL = frozenset(("b8",))  # its usual near-infrared band; B8A is a narrow one
_IN_NAME = re.compile(r"(?<![\w.])([0-9]{3,5}(?:\.[0-9]{1,6})?)\s*nm\b", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,12})?(?:[eE][+-]?[0-9]{1,2})?")
_MOST, _LONGEST = 16, 40  # bands that an error lists, characters of a name


@dataclass(frozen=True)
class BandLabel:
    """What a file says of one band; all of it may be missing."""

    name: str = ""
    wavelength: float | None = None
    """At its centre, in nanometres."""
    colour: str = ""
    """What GDAL takes it for: Red, NIR, ..."""

    def __str__(self) -> str:
        name = " ".join((self.name or self.colour).split())[:_LONGEST]
        if self.wavelength is None or _IN_NAME.search(name):
            return name
        length = f"{self.wavelength:g} nm"
        return f"{name} ({length})" if name else length

    @property
    def near_infrared(self) -> bool | None:
        """Whether it is; None where the file does not say."""
        if self.named_near_infrared:
            return True
        if self.nanometres is not None:
            return NEAR_INFRARED[0] <= self.nanometres <= NEAR_INFRARED[1]
        return False if {_folded(self.name), _folded(self.colour)} & _OTHERS else None

    @property
    def named_near_infrared(self) -> bool:
        """Whether its name, or GDAL, says so."""
        return _says_nir(self.name) or _says_nir(self.colour)

    @property
    def nanometres(self) -> float | None:
        """``wavelength``, or what the name says: ``B8, central wavelength 842 nm``."""
        if self.wavelength is not None:
            return self.wavelength
        found = _IN_NAME.search(self.name[:400])
        return float(found[1]) if found else None


def parse(band: Band | None) -> Band | None:
    """``band`` as it is meant: digits are a number. Raises ``UsageError`` for a number below 1, or no text."""
    if isinstance(band, str):
        band = band.strip()
        band = int(band) if re.fullmatch(r"[+-]?[0-9]{1,9}", band) else band
    if band == "" or (isinstance(band, int) and band < 1):
        raise UsageError("bands count from 1, or have names", option="band", value=repr(band) if band == "" else band)
    return band


def nanometres(text: str, unit: str = "") -> float | None:
    """The number at the start of ``text`` as a wavelength; micrometres where ``unit`` says so or they must be."""
    found = _NUMBER.match(text.strip())
    length = float(found[0]) if found else math.nan
    if unit.lower().startswith(("micro", "um", "\u00b5m", "\u03bcm")) or (not unit and length < 100):
        length = round(length * 1000, 6)
    return length if 0 < length < math.inf else None


def find(labels: Sequence[BandLabel], wanted: str, count: int) -> int:
    """Which of ``count`` bands (from 0) ``wanted`` means: a name, ``nir``, or a wavelength as in ``842nm``.

    The first rule that any band fits decides. Raises ``InputError``, which lists the bands, where it fits several, and
    where none does.
    """
    asked = f"{wanted[:_LONGEST]!a}"
    for rule in _rules(wanted, labels):
        matches = [index for index, label in enumerate(labels[:count]) if rule(label)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            reason = f"has {len(matches)} bands that may be {asked}: {listing(labels, matches)}"
            raise InputError(reason, remedy=f"choose one by its number, such as `band={matches[0] + 1}`")
    one = "leave `band` out" if count == 1 else ""
    if not any(map(str, labels)):
        raise InputError(f"has no names of bands, so none is {asked}", remedy=one or f"choose `band=1` to {count}")
    reason = f"has no band {asked}: its bands are {listing(labels, range(count))}"
    raise InputError(reason, remedy=one or f"choose one by its name, or `band=1` to {count}")


def near_infrared(labels: Sequence[BandLabel]) -> int | None:
    """Which band (from 0) is near-infrared; None where that is not clear."""
    try:
        return find(labels, "nir", len(labels))
    except InputError:
        return None


def listing(labels: Sequence[BandLabel], chosen: Iterable[int]) -> str:
    """``1 Blue (475 nm), 2 Green (560 nm), ...``: the ``chosen`` bands (from 0), or the first of many."""
    numbers = list(chosen)
    told = ", ".join(f"{index + 1} {labels[index] if index < len(labels) else ''}".strip() for index in numbers[:_MOST])
    more = len(numbers) - _MOST
    return f"{told} and {more} more" if more > 0 else told


def remark(label: BandLabel) -> list[str]:
    """A warning where a picture's only band is another one than near-infrared."""
    if label.near_infrared is not False:
        return []
    return [f"its band is {label}, which is not near-infrared: colours will be wrong"]


def _rules(wanted: str, labels: Sequence[BandLabel]) -> Iterator[Callable[[BandLabel], bool]]:
    """From the strictest to the most lenient; each says whether a band may be meant."""
    exact, folded = wanted.strip().casefold(), _folded(wanted)
    yield lambda label: label.name.strip().casefold() == exact
    if folded:
        yield lambda label: _folded(label.name) == folded
        yield lambda label: _folded(_first_word(label.name)) == folded
        yield lambda label: _folded(label.colour) == folded
    if folded in _NAMES:
        yield lambda label: label.named_near_infrared
        yield _nearest(labels, _BEST, *NEAR_INFRARED)
        yield lambda label: _folded(_first_word(label.name)) in _SENTINEL
    length = re.fullmatch(r"([0-9]{2,5}(?:\.[0-9]{1,6})?) ?nm", exact)
    if length:
        middle = float(length[1])
        yield _nearest(labels, middle, middle - _APART, middle + _APART)


def _nearest(labels: Sequence[BandLabel], middle: float, low: float, high: float) -> Callable[[BandLabel], bool]:
    lengths = [label.nanometres for label in labels if label.nanometres is not None]
    least = min((abs(length - middle) for length in lengths if low <= length <= high), default=math.inf)
    return lambda label: label.nanometres is not None and abs(label.nanometres - middle) == least


def _folded(name: str) -> str:
    """What is the same in ``B8``, ``b08``, ``Band 8`` and ``band_08``; in ``Red edge`` and ``RedEdge``."""
    plain = "".join(character for character in name.casefold() if character.isalnum())
    return re.sub(r"^(?:band|b)0*(?=[0-9])", "b", plain)


def _first_word(name: str) -> str:
    """``B8`` of ``B8, central wavelength 842 nm`` or ``B8 - NIR``; ``Red`` of ``Red (668 nm)``, not of ``Red edge``."""
    start = re.split(r"[,;:(\[]", name.strip(), maxsplit=1)[0]
    code = re.split(r"[\s_/-]", start, maxsplit=1)[0]
    return code if any(character.isdigit() for character in code) else start


def _says_nir(name: str) -> bool:
    words = re.sub(r"[\W_]+", " ", name.casefold()).strip()
    return re.search(r"\b(?:nir[0-9]{0,2}|near ?infra ?red|near ?ir)\b", words) is not None or words == "infrared"
