"""Pictures with XMP, IPTC, texts and comments, made by other programs than ours, and read by them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any
from xml.etree import ElementTree

import imagecodecs
import numpy as np
import tifffile
from image_files import RAMP, exif, exif_bytes, pillow, rgb, tiff
from PIL import Image, IptcImagePlugin
from PIL.PngImagePlugin import PngInfo

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
DJI = "http://www.dji.com/drone-dji/1.0/"
HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="test">\n'
TAIL = "\n</x:xmpmeta>" + " " * 200 + '\n<?xpacket end="w"?>'
SPACES = {
    "dc": DC,
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "Camera": "http://pix4d.com/camera/1.0/",
    "MicaSense": "http://micasense.com/MicaSense/1.0/",
    "drone-dji": DJI,
    "GDepth": "http://ns.google.com/photos/1.0/depthmap/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
}
CREATOR = "<dc:creator><rdf:Seq><rdf:li>Añn &amp; Bo</rdf:li></rdf:Seq></dc:creator>"


def packet(inside: str = CREATOR, attributes: str = 'drone-dji:GimbalYawDegree="+12.50"') -> bytes:
    """An XMP packet with one node that has these children and attributes."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in SPACES.items())
    node = f'<rdf:Description rdf:about="" {declared} {attributes}>{inside}</rdf:Description>'
    return f'{HEAD}<rdf:RDF xmlns:rdf="{RDF}">{node}</rdf:RDF>{TAIL}'.encode()


def record(*sets: tuple[int, int, bytes]) -> bytes:
    """An IPTC record of (record, number, value); without any a caption and a city."""
    chosen = sets or ((2, 120, b"a caption"), (2, 90, "Würzburg".encode()))
    return b"".join(struct.pack(">BBBH", 0x1C, one, two, len(value)) + value for one, two, value in chosen)


def resources(*parts: tuple[int, bytes]) -> bytes:
    """Photoshop's image resources, by number."""
    return b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + bytes(len(data) % 2) for number, data in parts
    )


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpeg(*segments: bytes, orientation: int = 1, **options: Any) -> bytes:
    """A JPEG with ``segments`` behind its start."""
    data = pillow("JPEG", RAMP, exif=exif(orientation), **options)
    return data[:2] + b"".join(segments) + data[2:]


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with ``chunks`` behind its header."""
    data = pillow("PNG", RAMP)
    return data[:33] + b"".join(chunk(kind, content) for kind, content in chunks) + data[33:]


def raw_profile(name: str, content: bytes) -> tuple[bytes, bytes]:
    """A chunk as ImageMagick writes it."""
    digits = content.hex()
    rows = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    text = f"\n{name}\n{len(content):8d}\n{rows}\n".encode()
    return b"zTXt", f"Raw profile type {name}".encode() + b"\0\0" + zlib.compress(text)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def jxl(pixels: np.ndarray, exif: bytes | None = None, xmp: bytes | None = None, packed: bool = False) -> bytes:
    """A JPEG XL in boxes, those of its metadata ``packed`` by Brotli or not."""
    data = bytes(imagecodecs.jpegxl_encode(pixels, lossless=True, usecontainer=True))
    for kind, content in ((b"Exif", exif and bytes(4) + exif), (b"xml ", xmp)):
        if content:
            data += box(b"brob", kind + imagecodecs.brotli_encode(content)) if packed else box(kind, content)
    return data


def jxl_boxes(data: bytes) -> dict[bytes, bytes]:
    """The boxes of a JPEG XL, which Pillow does not read; the last one may go up to the end."""
    found, place = {}, 0
    while place < len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        size = size or len(data) - place
        found[kind], place = data[place + 8 : place + size], place + size
    return found


def sources() -> dict[str, bytes]:
    """One file of each format with each kind of metadata that it can hold."""
    texts = PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", packet().decode())
    for keyword, text in TEXTS.items():
        texts.add_text(keyword, text)
    iptc = segment(0xED, b"Photoshop 3.0\0" + resources((1028, record())))
    tags = [(700, 1, len(packet()), packet(), True), (33723, 7, len(record()), record(), True)]
    with_iptc = png(raw_profile("iptc", resources((1028, record()))))
    plain = pillow("PNG", RAMP, exif=exif(), pnginfo=texts)
    return {
        "PNG": plain[:33] + with_iptc[33 : len(with_iptc) - len(pillow("PNG", RAMP)) + 33] + plain[33:],
        "TIFF": tiff(RAMP, extratags=[*tags, (271, 2, 0, "Maker of cameras", True)], metadata=None),
        "JPEG": jpeg(iptc, xmp=packet(), comment=b"a comment"),
        "WEBP": pillow("WEBP", rgb(RAMP), exif=exif(), xmp=packet(), lossless=True),
        "BMP": pillow("BMP", RAMP),
        "JXL": jxl(RAMP, exif=exif_bytes(), xmp=packet()),
        "AVIF": pillow("AVIF", rgb(RAMP), exif=exif(), xmp=packet(), quality=100, subsampling="4:4:4"),
    }


TEXTS = {"Title": "a title", "Copyright": "© somebody", "Comment": "a comment", "parameters": "steps: 3"}


def found(data: bytes) -> dict[str, Any]:
    """What Pillow and tifffile find: ``xmp``, ``iptc`` (a caption), ``texts``, ``comment``, ``exif``, ``copyright``."""
    if data[4:8] == b"JXL ":
        boxes = jxl_boxes(data)
        tags = Image.Exif()
        tags.load(b"Exif\0\0" + boxes[b"Exif"][4:] if b"Exif" in boxes else b"")
        known = {"exif": tags.get(271), "copyright": tags.get(33432, "").encode("latin-1").decode()}
        return {"xmp": boxes.get(b"xml "), "iptc": None, "texts": {}, "comment": None, **known}
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        parts: dict[str, Any] = {"xmp": image.info.get("xmp"), "comment": image.info.get("comment")}
        parts["exif"] = image.getexif().get(271)
        parts["copyright"] = image.getexif().get(33432, "").encode("latin-1").decode()  # Pillow knows no UTF-8 here
        parts["texts"] = {key: str(text) for key, text in getattr(image, "text", {}).items() if " " not in key}
        parts["texts"].pop("XML:com.adobe.xmp", None)
        parts["iptc"] = _caption(image)
    if data[:2] == b"II":
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            assert (parts["xmp"] or None) == file.pages.first.tags.valueof(700)
    return parts


def _caption(image: Image.Image) -> bytes | None:
    digits = image.info.get("Raw profile type iptc")
    if digits:
        image.info["photoshop"] = {}
        held = bytes.fromhex("".join(digits.split("\n")[3:]))
        at = held.index(b"\x1c\x02\x78")
        return held[at + 5 : at + 5 + int.from_bytes(held[at + 3 : at + 5], "big")]
    return (IptcImagePlugin.getiptcinfo(image) or {}).get((2, 120))


def properties(xmp: bytes) -> dict[str, str]:
    """All properties of all nodes of a packet by ElementTree, under their prefixes in ``SPACES``."""
    prefixes = {uri: prefix for prefix, uri in SPACES.items()}
    named: dict[str, str] = {}
    for node in ElementTree.fromstring(xmp.decode().strip("\0")).iter(f"{{{RDF}}}Description"):
        held = [*node.attrib.items(), *((child.tag, "".join(child.itertext())) for child in node)]
        for key, value in held:
            uri, _, name = key[1:].rpartition("}")
            if uri in prefixes:
                named[f"{prefixes[uri]}:{name}"] = value
    return named
