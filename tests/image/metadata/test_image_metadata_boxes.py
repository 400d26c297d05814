"""XMP and comments of the formats whose files are made of boxes, of JPEG 2000, Netpbm and camera raw."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from format_files import SMOOTH, SMOOTH16, dng, heif, jp2, netpbm
from image_files import RAMP_FLOAT, exif_bytes, rgb
from metadata_files import CREATOR, box, found, jxl, packet, properties

from nircolor.image import losses, plan_output, read_nir, write_rgb
from nircolor.image.codecs.boxes import XMP_ITEM

XMP_OF_JP2 = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
KEPT = properties(packet())


def kept(data: bytes) -> dict[str, str]:
    xmp = read_nir(data).info.metadata.xmp
    return properties(xmp) if xmp else {}


def output(data: bytes, format: str) -> bytes:
    stream = io.BytesIO()
    write_rgb(stream, rgb(RAMP_FLOAT), read_nir(data).info, depth=8, format=format)
    return stream.getvalue()


def test_jpeg_2000() -> None:
    assert kept(jp2(SMOOTH) + box(b"uuid", XMP_OF_JP2 + packet())) == KEPT


@pytest.mark.skipif(importlib.util.find_spec("pillow_heif") is None, reason="pillow-heif is not installed")
@pytest.mark.parametrize("turned", [False, True])
def test_heif(turned: bool) -> None:
    regions = "<mwg-rs:Regions/>"
    xmp, tags = packet(CREATOR + regions), exif_bytes(6 if turned else 1)
    data = heif(np.dstack([SMOOTH] * 3), "RGB", xmp=xmp, exif=tags)
    picture = read_nir(data)
    assert picture.pixels.shape == (SMOOTH.shape[::-1] if turned else SMOOTH.shape)
    assert ("mwg-rs:Regions" in kept(data)) != turned  # they speak of the pixels as they were
    assert KEPT.items() <= kept(data).items()
    assert KEPT.items() <= properties(found(output(data, "AVIF"))["xmp"]).items()


@pytest.mark.skipif(importlib.util.find_spec("rawpy") is None, reason="rawpy is not installed")
def test_camera_raw() -> None:
    mosaic = np.tile(SMOOTH16 >> 5, (4, 4))[:128, :200]
    data = dng(mosaic, extratags=[(700, 1, len(packet()), packet(), True)])
    assert kept(data) == KEPT


@pytest.mark.skipif(importlib.util.find_spec("rawpy") is None, reason="rawpy is not installed")
def test_camera_raw_that_is_no_tiff_says_what_is_lost() -> None:
    from nircolor.image.codecs.raw import _about

    exif, metadata = _about(b"FUJIFILMCCD-RAW 0201" + bytes(99), turn=1)
    assert exif is None
    assert metadata.lost == ("the EXIF and XMP of this kind of camera raw cannot be read and are not kept",)


@pytest.mark.parametrize("packed", [False, True])
def test_jpeg_xl(packed: bool) -> None:
    data = jxl(SMOOTH, exif=exif_bytes(), xmp=packet(), packed=packed)
    assert (kept(data), read_nir(data).info.warnings) == (KEPT, ())
    assert found(output(data, "JXL"))["exif"] == "Maker of cameras"


@pytest.mark.parametrize("content", [b"junk", imagecodecs.brotli_encode(bytes(17 << 20))], ids=["damaged", "bomb"])
def test_a_packed_box_of_a_jpeg_xl_that_cannot_be_had(content: bytes) -> None:
    info = read_nir(jxl(SMOOTH) + box(b"brob", b"xml " + content) * 2).info
    assert info.metadata.lost == ("the XMP is packed, and too large or damaged, and is not kept",)


def test_avif_items_lie_where_the_file_says() -> None:
    data = output(jxl(SMOOTH, exif=exif_bytes(), xmp=packet()), "AVIF")
    assert (data.count(b"mime"), data.count(XMP_ITEM), data.count(b"cdsc")) == (1, 1, 2)
    read = found(data)
    assert (properties(read["xmp"]), read["exif"]) == (KEPT, "Maker of cameras")
    assert read_nir(data, grey=True).pixels.shape == RAMP_FLOAT.shape


def test_comments_of_netpbm_become_a_text_or_are_named() -> None:
    data = netpbm("P5", SMOOTH, 255, comment="a field, 850 nm")
    info = read_nir(data).info
    assert found(output(data, "PNG"))["texts"] == {"Comment": "a field, 850 nm"}
    assert found(output(data, "JPEG"))["comment"] == b"a field, 850 nm"
    (line,) = losses(plan_output(Path("x.tif"), info), info, False)
    assert line == "TIFF cannot hold the comment: it is not kept"


def test_comments_that_are_too_long_are_named() -> None:
    lines = "\n# ".join(["x" * 1000] * 70)
    assert read_nir(netpbm("P5", SMOOTH, 255, comment=lines)).info.metadata.lost
