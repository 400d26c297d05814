"""XMP of the near-infrared picture made true of the RGB one: what describes the old pixels is taken out.

All other properties stay byte for byte. A packet that cannot be read safely is left out: a picture is worth more than
its metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from nircolor.image.metadata.xmp_scan import Packet, Property, scan
from nircolor.image.orient import UPRIGHT

TIFF_SPACE = "http://ns.adobe.com/tiff/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_TRAILER = b"<?xpacket end"


class Xmp(NamedTuple):
    """A packet fit for the output, and what was lost of it: one line each."""

    packet: bytes | None
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outdated:
    """Properties that are no longer true: their namespaces and names (regular expressions that match all of them)."""

    spaces: str
    names: str = ".*"
    line: str | None = None
    """What the user is told; None where nothing is lost that the output does not say itself."""
    turned: bool = False
    """Only where the pixels were turned or mirrored."""

    def covers(self, found: Property, turned: bool) -> bool:
        """Whether ``found`` is one of them."""
        fits = re.fullmatch(self.spaces, found.space) and re.fullmatch(self.names, found.name)
        return bool(fits) and (turned or not self.turned)


_CALIBRATION = (
    "the sensor calibration in the XMP (band, black level, vignetting, irradiance, ...) is not kept: "
    "it is that of the near-infrared band"
)
_PICTURES = "the further pictures in the XMP (depth map, gain map, second view, film, ...) are not kept"
_SETTINGS = "the raw developer's settings in the XMP are not kept: they were made for the near-infrared picture"
_REGIONS = "the regions marked in the XMP are not kept: the picture was turned"

OUTDATED = (
    Outdated(r"http://ns\.adobe\.com/xap/1\.0/", "Thumbnails"),
    Outdated(r"http://purl\.org/dc/elements/1\.1/", "format"),
    Outdated(r"http://ns\.adobe\.com/xap/1\.0/mm/", "InstanceID"),  # names the very file that it is in
    Outdated(r"http://ns\.adobe\.com/xmp/note/"),  # where the rest of a packet is, with its digest
    Outdated(re.escape(_PHOTOSHOP), "ColorMode|ICCProfile|LegacyIPTCDigest"),
    Outdated(re.escape(_EXIF), "ColorSpace|NativeDigest|CFAPattern|ComponentsConfiguration|CompressedBitsPerPixel"),
    Outdated(
        re.escape(TIFF_SPACE),
        "NativeDigest|Compression|BitsPerSample|SamplesPerPixel|PhotometricInterpretation|PlanarConfiguration|"
        "TransferFunction|WhitePoint|PrimaryChromaticities|ReferenceBlackWhite|YCbCr.*",
    ),
    Outdated(re.escape(TIFF_SPACE), "ImageWidth|ImageLength|[XY]Resolution", turned=True),
    Outdated(re.escape(_EXIF), "Pixel[XY]Dimension|FocalPlane[XY]Resolution|SubjectArea|SubjectLocation", turned=True),
    Outdated(
        r"http://www\.metadataworkinggroup\.com/schemas/regions/|http://ns\.microsoft\.com/photo/1\.2/|"
        r"http://iptc\.org/std/Iptc4xmpExt/2008-02-29/",
        "Regions|RegionInfo|ImageRegion", line=_REGIONS, turned=True,
    ),
    Outdated(r"http://ns\.adobe\.com/camera-raw-settings/1\.0/", line=_SETTINGS),
    Outdated(r"http://ns\.google\.com/photos/1\.0/(image|depthmap|audio|container|dynamicdepth)/.*", line=_PICTURES),
    Outdated(r"http://ns\.google\.com/photos/1\.0/camera/", "MicroVideo.*|MotionPhoto.*", line=_PICTURES),
    Outdated(r"http://ns\.(adobe|apple)\.com/(hdr-gain-map|HDRGainMap)/1\.0/", line=_PICTURES),
    # Pix4D's fields (of MicaSense, Parrot and DJI), MicaSense's own, and DJI's; place and attitude stay
    Outdated(
        r"http://pix4d\.com/camera/1\.0/?|http://micasense\.com/MicaSense/1\.0/?|http://www\.dji\.com/drone-dji/1\.0/?",
        "Band.*|CentralWavelength|WavelengthFWHM|Black(Level|Current)|DarkRow.*|Vignetting.*|Radiometric.*|.*Irradiance.*|"
        "SunSensor.*|Sensor(Gain|Model).*|Rig.*|IsNormalized|ColorTransform|.*Sensitivity.*|.*NIR.*|RawData|.*CalibrationMode",
        line=_CALIBRATION,
    ),
    Outdated(r"http://micasense\.com/DLS/1\.0/?|http://www\.parrot\.com/(sunshine|sequoia).*", line=_CALIBRATION),
)  # fmt: skip
"""What is taken out of a packet, wherever it comes from."""


def tidy(packet: bytes | None, extended: bytes | None = None, orientation: int | None = UPRIGHT) -> Xmp:
    """Take out of a packet what is not true of the output.

    ``orientation``: by which the pixels were turned; None where they were, but by no number of EXIF's.

    ``extended``: the second part of a packet that was too large for one segment of a JPEG; it is joined to the first.
    """
    if not packet:
        return Xmp(None)
    try:
        found = scan(packet)
    except ValueError as error:
        return Xmp(None, (f"the XMP {_reason(error)} and is not kept",))
    whole, lost = _whole(found, extended)
    edits, lines = _edits(whole, orientation)
    if len(edits) == len(whole.properties) and not any(new for _, _, new in edits):
        return Xmp(None, (*lost, *lines))
    return _checked(_without_padding(whole.edited(edits)), (*lost, *lines))


def _without_padding(packet: bytes) -> bytes:
    """Editors leave themselves some kilobytes of room, which no longer serve anybody."""
    place = packet.rfind(_TRAILER)
    return packet if place < 0 else packet[:place].rstrip() + b"\n" + packet[place:]


def _whole(main: Packet, extended: bytes | None) -> tuple[Packet, tuple[str, ...]]:
    if extended is None:
        return main, ()
    try:
        return scan(main.joined(scan(extended))), ()
    except ValueError as error:
        return main, (f"the second part of the XMP {_reason(error)} and is not kept",)


def _edits(packet: Packet, orientation: int | None) -> tuple[list[tuple[int, int, bytes]], tuple[str, ...]]:
    """What is to be replaced in ``packet``, and what to tell the user."""
    edits, lines = list[tuple[int, int, bytes]](), dict[str, None]()
    for found in packet.properties:
        if (found.space, found.name) == (TIFF_SPACE, "Orientation"):
            edits.append(_upright(found))
            lines.update(dict.fromkeys(_turns(packet.data[found.inner].strip(), orientation)))
        for rule in OUTDATED:
            if rule.covers(found, orientation != UPRIGHT):
                edits.append((found.start, found.end, b""))
                lines.update({rule.line: None} if rule.line else {})
                break
    return edits, tuple(lines)


def _upright(found: Property) -> tuple[int, int, bytes]:
    if found.plain:
        return found.inner.start, found.inner.stop, b"1"
    return found.start, found.end, b""


def _turns(said: bytes, orientation: int | None) -> Iterator[str]:
    """EXIF or a header decides how a picture is turned; XMP that says something else is worth a word."""
    if orientation is None:
        return
    if said in (b"2", b"3", b"4", b"5", b"6", b"7", b"8") and said != str(orientation).encode():
        line = f"the XMP of the input says orientation {said.decode()}, its EXIF or header {orientation}"
        yield f"{line}: that was followed"


def _checked(packet: bytes, lost: tuple[str, ...]) -> Xmp:
    """What was cut must still be what was meant: well-formed."""
    try:
        scan(packet)
    except ValueError:
        return Xmp(None, (*lost, "the XMP is damaged and is not kept"))
    return Xmp(packet, lost)


def _reason(error: ValueError) -> str:
    return "is not in Unicode" if isinstance(error, UnicodeError) else str(error)
