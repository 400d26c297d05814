"""From every format to every format: each kind of metadata is in the output, or a line names it as lost."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import RAMP, RAMP_FLOAT, pillow, rgb, tiff
from metadata_files import TEXTS, found, jxl, packet, png, properties, sources

from nircolor.image import losses, plan_output, read_nir, write_rgb
from nircolor.image.formats import FORMATS

SOURCES = sources()
COLOUR = rgb(RAMP_FLOAT)
HELD = {
    "PNG": {"xmp", "iptc", "texts", "exif"},
    "TIFF": {"xmp", "iptc", "exif"},
    "JPEG": {"xmp", "iptc", "comment", "exif"},
    "WEBP": {"xmp", "exif"},
    "BMP": set(),
    "JXL": {"xmp", "exif"},
    "AVIF": {"xmp", "exif"},
}


def through(data: bytes, format: str) -> tuple[bytes, str]:
    """The output, and all lines about what is lost."""
    picture = read_nir(data)
    plan = plan_output(None, picture.info, depth=8, format=format)
    stream = io.BytesIO()
    write_rgb(stream, COLOUR, picture.info, depth=8, format=format)
    return stream.getvalue(), "\n".join((*picture.info.warnings, *losses(plan, picture.info, False)))


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_each_kind_is_kept_or_named(source: str, target: str) -> None:
    before, (data, lines) = found(SOURCES[source]), through(SOURCES[source], target)
    after, held = found(data), HELD[target]
    assert {kind for kind in before if before[kind] and kind in HELD[source]} == HELD[source]

    if before["xmp"]:
        kept = after["xmp"] and properties(after["xmp"]) == properties(before["xmp"])
        assert kept if "xmp" in held else f"{target} cannot hold the XMP: it is not kept" in lines
    if before["iptc"]:
        kept = after["iptc"] == before["iptc"]
        assert kept if "iptc" in held else f"{target} cannot hold the IPTC record: it is not kept" in lines
    if before["exif"]:
        kept = after["exif"] == "Maker of cameras"
        assert kept if "exif" in held else f"{target} cannot hold the EXIF block: it is not kept" in lines
    if before["comment"]:
        kept = b"a comment" in (after["comment"], after["texts"].get("Comment", "").encode())
        assert kept if held & {"comment", "texts"} else f"{target} cannot hold the comment" in lines
    for keyword, text in before["texts"].items():
        kept = after["texts"].get(keyword) == text
        if keyword == "Comment":
            kept = kept or after["comment"] == text.encode()
        elif keyword == "Copyright":
            kept = kept or after["copyright"] == text
        named = f"'{keyword}'" in next((line for line in lines.splitlines() if "PNG text" in line), "")
        assert bool(kept) != named
        assert kept or "texts" not in held


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_is_said_where_nothing_is_lost(format: str) -> None:
    assert through(SOURCES[format], format)[1] == ""


@pytest.mark.parametrize("format", FORMATS)
def test_a_second_time_nothing_changes(format: str) -> None:
    once = through(SOURCES[format], format)[0]
    assert found(through(once, format)[0]) == found(once)


def test_the_sources_hold_what_they_say() -> None:
    assert found(SOURCES["PNG"])["texts"] == TEXTS


def with_packet(format: str, packet: bytes) -> bytes:
    if format == "PNG":
        return png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))
    if format == "TIFF":
        return tiff(RAMP, metadata=None, software=False, extratags=[(700, 1, len(packet), packet, True)])
    if format == "JXL":
        return jxl(RAMP, xmp=packet)
    return pillow(format, rgb(RAMP), xmp=packet)


@pytest.mark.parametrize("format", sorted(set(FORMATS) - {"BMP"}))
@settings(deadline=None, max_examples=25)
@given(st.binary(min_size=1, max_size=60), st.booleans())
def test_a_hostile_packet_costs_one_line_and_no_picture(format: str, noise: bytes, cut: bool) -> None:
    damaged = packet()[: -len(noise)].removesuffix(b" ") + noise if cut else noise
    picture = read_nir(with_packet(format, damaged))
    assert np.abs(picture.pixels - RAMP / 255).max() < 0.2
    if picture.info.metadata.xmp:
        assert properties(picture.info.metadata.xmp) == properties(packet())
    else:
        assert [line.startswith("the XMP ") for line in picture.info.metadata.lost] == [True]
