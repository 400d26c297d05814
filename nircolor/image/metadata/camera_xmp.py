"""What multispectral cameras write into the XMP of their pictures: name and wavelength of the band, black level.

    MicaSense, Sentera, Parrot  <Camera:BandName>NIR</Camera:BandName>, Camera:CentralWavelength (Pix4D's name space),
                                one value, or a list of them where the file has several bands
    DJI                         drone-dji:BandName="NIR" BandFreq="860(+/-26)nm" BlackLevel="3200"

The packet is searched for these names alone, within bounds. It is not parsed, so nothing in it is expanded or fetched.
"""

from __future__ import annotations

import html
import math
import re
from dataclasses import dataclass
from itertools import islice

from nircolor.image.bands import MOST_NAMED, BandLabel, nanometres

_FIELD = re.compile(
    r"\b(?:Camera|drone-dji):(BandName|CentralWave[Ll]ength|BandFreq|BlackLevel|BlackCurrent)\b"
    r"""\s{0,20}(?:=\s{0,20}(?:"([^"<]{0,200})"|'([^'<]{0,200})')|>((?:[^<]|<(?=/?rdf:)){0,4000}))"""
)
_LISTED = re.compile(r"<rdf:li(?:\s[^<>]{0,100})?>([^<]{0,200})")
_MOST = 64  # fields; a packet has a few


@dataclass(frozen=True)
class CameraXmp:
    """What the XMP of a picture says of its camera."""

    names: tuple[str, ...] = ()
    wavelengths: tuple[float | None, ...] = ()
    """In nanometres."""
    black: float | None = None
    """Stored value that means 0."""

    def labels(self, count: int) -> tuple[BandLabel, ...]:
        """What it says of ``count`` bands, or the first of very many; nothing where it speaks of another number."""
        count = min(count, MOST_NAMED)
        names = self.names if len(self.names) == count else ("",) * count
        lengths = self.wavelengths if len(self.wavelengths) == count else (None,) * count
        return tuple(map(BandLabel, names, lengths))


def read(packet: bytes) -> CameraXmp:
    """The fields of an XMP ``packet``, of whatever it holds; those that are missing or no numbers are left empty."""
    found: dict[str, tuple[str, ...]] = {}
    for match in islice(_FIELD.finditer(packet.decode("utf-8", "replace")), _MOST):
        values = _values(next(text for text in match.groups()[1:] if text is not None))
        if any(values):
            found.setdefault(match[1].lower(), values)
    lengths = found.get("centralwavelength") or found.get("bandfreq") or ()
    blacks = found.get("blacklevel") or found.get("blackcurrent") or ()
    return CameraXmp(found.get("bandname", ()), tuple(nanometres(text, "nm") for text in lengths), _mean(blacks))


def _values(text: str) -> tuple[str, ...]:
    """One value, or those of a list in RDF."""
    values = _LISTED.findall(text) or [text.partition("<")[0]]
    return tuple(" ".join(html.unescape(value).split()) for value in values)


def _mean(texts: tuple[str, ...]) -> float | None:
    """Of the numbers in ``texts``: a black level may be one for each place of a pattern."""
    try:
        numbers = [float(part) for text in texts for part in re.split(r"[\s,;]+", text) if part]
    except ValueError:
        return None
    mean = sum(numbers) / len(numbers) if numbers else math.nan
    return mean if math.isfinite(mean) else None
