"""From every format to every format: each kind of metadata is in the output, or a line names it as lost."""

from __future__ import annotations

import io

import pytest
from image_files import RAMP_FLOAT, rgb
from metadata_files import TEXTS, found, properties, sources

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
        assert kept if held & {"comment", "texts"} else f"{target} cannot hold the JPEG comment" in lines
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
