"""What the tags of a TIFF page say about its values: which is black, which is white, and which stands for no data.

From the strongest to the weakest: black and white level of a sensor (tags, or XMP of DJI), scale and offset of a
reflectance (GDAL), the bits that are used (MaxSampleValue, EXIF), the type.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from tifffile import TiffPage

from nircolor.image import bands
from nircolor.image.bands import BandLabel
from nircolor.image.geo.gdal_items import GdalItems, Scale
from nircolor.image.metadata import camera_xmp
from nircolor.image.sample_types import SampleType
from nircolor.image.tiff import checks as tiff_checks
from nircolor.image.tiff import ifd
from nircolor.image.tiff.ifd import EXIF_IFD, IfdEntry

_BITS, _PHOTOMETRIC, _MAX_SAMPLE_VALUE, _GREY_CURVE, _TRANSFER, _XMP = 258, 262, 281, 291, 301, 700
_ICC, _GDAL, _NODATA, _LINEAR, _BLACK_LEVEL, _WHITE_LEVEL = 34675, 42112, 42113, 50712, 50714, 50717
_WANTED = (
    _PHOTOMETRIC, _MAX_SAMPLE_VALUE, _GREY_CURVE, _TRANSFER, _XMP, _ICC, EXIF_IFD, _GDAL, _NODATA, _LINEAR,
    _BLACK_LEVEL, _WHITE_LEVEL,
)  # fmt: skip
_FROM_EXIF = (_BITS, _BLACK_LEVEL, _WHITE_LEVEL)  # some cameras describe their sensor there
_MINISWHITE = 0
_LEVELS, _SCALE, _USED_BITS = "black and white level", "scale and offset", "bits in EXIF"

_Found = dict[int, IfdEntry]


@dataclass
class Values:
    """How stored values are to be read."""

    kind: SampleType
    """How they are handed on; ``black``, ``peak`` and ``nodata`` are values after that."""
    black: float = 0.0
    peak: float = 1.0
    inverted: bool = False
    notes: list[str] = field(default_factory=list)
    type_peak: float | None = None
    """``peak`` without the levels of a sensor or a scale; None where there are none."""
    labels: tuple[BandLabel, ...] = ()
    """What the file says of each band; empty where it says nothing of any."""
    items: GdalItems | None = None
    """Scale and offset of each band."""
    source: str = _LEVELS
    """Where ``black`` and ``peak`` are from, where ``type_peak`` is given."""

    @property
    def nodata(self) -> float | None:
        """What stands for no data."""
        return self.kind.nodata

    @property
    def infrared(self) -> int | None:
        """Which band, from 1, is near-infrared by its label."""
        found = bands.near_infrared(self.labels)
        return None if found is None else found + 1

    def choose(self, colour: Sequence[int], asked: bool) -> None:
        """Use what is said of the bands ``colour`` (from 0) alone: their scale, and whether they are near-infrared.

        ``asked``: the user has chosen, and needs no warning. Call it once.
        """
        if len(colour) == 1 and not asked and colour[0] < len(self.labels):
            self.notes += bands.remark(self.labels[colour[0]])
        scales = {self.items.scale(band) for band in colour} - {Scale()} if self.items else set()
        if scales:
            self._apply_scales(scales)

    def _apply_scales(self, scales: set[Scale]) -> None:
        (scale, *others) = sorted(scales, key=str)
        levels = self.type_peak is not None and self.source == _LEVELS
        ends = None if others or levels else self.kind.reflectance(scale.scale, scale.offset)
        if ends is None:
            self.notes.append(f"its {scale} left out of account: the stored values were read")
            return
        self.type_peak, self.source = self.type_peak or self.peak, _SCALE
        self.black, self.peak = ends


def values_of(page: TiffPage, stream: BinaryIO) -> Values:
    """Read the tags of ``page``. One that makes no sense is passed over, with a note."""
    found = _tags(page, stream)
    notes: list[str] = []
    kind = tiff_checks.sample_type(page, _nodata(found, notes))
    values = Values(kind, peak=kind.peak, inverted=_is_inverted(page))
    _apply_bits(values, page.bitspersample, found)
    if _PHOTOMETRIC not in found:
        values.notes.append("has no photometric tag: the smallest value was read as black")
    if _ICC not in found and (_TRANSFER in found or _GREY_CURVE in found):
        values.notes.append("its transfer function is left out of account; if it looks wrong convert it to sRGB first")
    camera = camera_xmp.read(found[_XMP].data) if _XMP in found else camera_xmp.CameraXmp()
    _apply_levels(values, found, camera.black)
    _label(values, page.samplesperpixel, found, camera)
    values.notes += notes
    return values


def _tags(page: TiffPage, stream: BinaryIO) -> _Found:
    """Those of the page; the bits and levels that are only in its EXIF, from there."""
    layout, _ = ifd.read_header(stream)
    entries, _ = ifd.read_ifd(stream, page.offset, layout, _WANTED)
    found = {entry.tag: entry for entry in reversed(entries)}
    offset = found[EXIF_IFD].numbers() if EXIF_IFD in found else ()
    try:
        more, _ = ifd.read_ifd(stream, int(offset[0]), layout, _FROM_EXIF) if offset else ([], 0)
    except ValueError:  # whoever keeps the EXIF tells of the damage
        more = []
    return {entry.tag: entry for entry in reversed(more)} | found


def _label(values: Values, count: int, found: _Found, camera: camera_xmp.CameraXmp) -> None:
    if _XMP in found:
        values.labels = camera.labels(count)
    if _GDAL not in found:
        return
    values.items = GdalItems(found[_GDAL].data)
    values.labels = tuple(map(_joined, values.items.labels(count), camera.labels(count)))


def _joined(label: BandLabel, other: BandLabel) -> BandLabel:
    wavelength = other.wavelength if label.wavelength is None else label.wavelength
    return replace(label, name=label.name or other.name, wavelength=wavelength)


def _is_inverted(page: TiffPage) -> bool:
    # a file without the tag is read as GDAL and libtiff do; tifffile takes the standard's number 0, white is zero
    return page.photometric == _MINISWHITE and _PHOTOMETRIC in page.tags


def _apply_bits(values: Values, bits: int, found: _Found) -> None:
    """Of 16 bits, fewer may be used: MaxSampleValue says so where it is a full range of bits, or the EXIF of a camera.

    Any other MaxSampleValue is the largest value some writer happened to find, and the range must not depend on data.
    """
    if bits != 16 or values.kind.stored.kind == "f":
        return
    peaks = {float(2**fewer - 1) for fewer in range(9, 16)}
    largest = set(found[_MAX_SAMPLE_VALUE].numbers()) if _MAX_SAMPLE_VALUE in found else set()
    used = {2**number - 1 for number in found[_BITS].numbers() if number < 16} if _BITS in found else set()
    if len(largest) == 1 and largest <= peaks:
        values.peak = largest.pop()
    elif len(used) == 1 and used <= peaks:
        values.peak, values.type_peak, values.source = used.pop(), values.peak, _USED_BITS


def _apply_levels(values: Values, found: _Found, camera_black: float | None) -> None:
    """BlackLevel and WhiteLevel of a sensor (DNG 1.7, chapter 4): one number a band, or a pattern of them.

    ``camera_black``: what the XMP says, which counts where there is no such tag.
    """
    if _LINEAR in found:  # the levels are those of its results
        values.notes.append("its linearization table, black and white level are left out of account")
        return
    levels = [found[tag].values() or (math.nan,) if tag in found else () for tag in (_BLACK_LEVEL, _WHITE_LEVEL)]
    black, white = (sum(each) / len(each) if each else None for each in levels)
    black = camera_black if black is None else black
    if black is None and white is None:
        return
    low, high = black or 0.0, values.peak if white is None else white
    if not 0 <= low < high < math.inf or (values.peak > 1 and high > values.peak):
        values.notes.append(f"its black level {low:g} and white level {high:g} make no range and are not used")
        return
    values.black, values.peak, values.type_peak = low, high, values.type_peak or values.peak
    values.source = _LEVELS
    if any(len(set(each)) > 1 for each in levels):
        values.notes.append(f"its black or white level is not the same everywhere: {low:g} and {high:g} were used")


def _nodata(found: _Found, notes: list[str]) -> int | float | None:
    if _NODATA not in found:
        return None
    text = found[_NODATA].data.split(b"\0")[0].decode("latin-1").strip()
    try:
        number = float(text.replace(",", "."))
        whole = len(text) <= 20 and text.lstrip("+-").isdigit()
        return int(text) if whole else number  # a float has not all of 64 bits
    except ValueError:
        notes.append(f"its nodata value {text[:40]!a} is no number: all pixels count as picture")
        return None
