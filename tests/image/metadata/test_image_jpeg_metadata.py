"""Segments of a JPEG: XMP in one part and in two, comments, and whatever else somebody may put there."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import RAMP, RAMP_FLOAT, pillow, rgb
from metadata_files import CREATOR, HEAD, RDF, TAIL, found, jpeg, packet, properties, segment
from PIL import Image

from nircolor.image import losses, plan_output, read_nir, write_rgb
from nircolor.image.metadata import jpeg as jpeg_metadata

XMP, EXTENDED = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
NAME = b"0123456789ABCDEF0123456789ABCDEF"
FIRST = packet(CREATOR, f'xmpNote:HasExtendedXMP="{NAME.decode()}"')
NODE = f'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Label="{"x" * 90_000}"/>'
SECOND = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">{NODE}</rdf:RDF></x:xmpmeta>'.encode()
INCOMPLETE = "the second part of the XMP is incomplete and is not kept"


def piece(place: int, size: int = 40_000, total: int = len(SECOND), name: bytes = NAME) -> tuple[str, bytes]:
    return "APP1", EXTENDED + name + struct.pack(">II", total, place) + SECOND[place : place + size]


PIECES = [piece(place) for place in range(0, len(SECOND), 40_000)]


def output(data: bytes, format: str) -> tuple[bytes, tuple[str, ...]]:
    info = read_nir(data).info
    stream = io.BytesIO()
    write_rgb(stream, rgb(RAMP_FLOAT), info, depth=8, format=format)
    return stream.getvalue(), losses(plan_output(None, info, depth=8, format=format), info, False)


def test_a_packet_in_two_parts_becomes_one() -> None:
    segments = [("APP1", XMP + FIRST), *reversed(PIECES), piece(0, name=b"f" * 32)]
    data = jpeg(*(segment(0xE1, content) for _, content in segments))
    info = read_nir(data).info
    assert info.metadata.xmp is not None
    assert properties(info.metadata.xmp)["xmp:Label"] == "x" * 90_000
    png, lost = output(data, "png")
    assert lost == ()
    assert properties(found(png)["xmp"]) == properties(info.metadata.xmp)
    out, lost = output(data, "jpeg")
    assert lost == ("JPEG cannot hold the XMP: it is not kept",)  # no reader but few looks at second parts
    assert found(out)["xmp"] is None


@pytest.mark.parametrize(
    "pieces",
    [[], PIECES[1:], PIECES[:-1], [PIECES[0], piece(30_000), PIECES[2]], [piece(0, total=2**32 - 1)],
     [("APP1", EXTENDED + NAME)], [("APP1", EXTENDED)]],
    ids=range(7),
)  # fmt: skip
def test_an_incomplete_second_part_is_named(pieces: list[tuple[str, bytes]]) -> None:
    metadata = jpeg_metadata.read([("APP1", XMP + FIRST), *pieces], None)
    assert metadata.lost == (INCOMPLETE,)
    assert metadata.xmp is not None
    assert "dc:creator" in properties(metadata.xmp)


def test_several_packets_are_named() -> None:
    metadata = jpeg_metadata.read([("APP1", XMP + packet()), ("APP1", XMP + packet(""))], None)
    assert metadata.lost == ("of 2 XMP packets the first is kept",)


def test_the_orientation_of_exif_decides_about_xmp() -> None:
    data = jpeg(orientation=6, xmp=packet(CREATOR, 'tiff:Orientation="6" exif:PixelXDimension="9"'))
    out, lost = output(data, "jpeg")
    assert lost == ()
    kept = properties(found(out)["xmp"])
    assert (kept["tiff:Orientation"], "exif:PixelXDimension" in kept) == ("1", False)


def test_all_comments_stay() -> None:
    comments = [b"one", "zwölf".encode(), b"\xff\xfe latin", b"x" * 65_000]
    data = jpeg(*(segment(0xFE, comment) for comment in comments))
    out, lost = output(data, "jpeg")
    assert lost == ()
    with Image.open(io.BytesIO(out)) as image:
        assert [content for name, content in image.applist if name == "COM"] == comments
        assert image.getexif()[271] == "Maker of cameras"
        assert [name for name, _ in image.applist][:2] == ["APP0", "APP1"]  # as readers expect them


def test_comments_become_texts() -> None:
    data = jpeg(*(segment(0xFE, comment) for comment in (b"one\0", b"\xe9t\xe9", b"\0\1\2")))
    out, lost = output(data, "png")
    assert lost == ("PNG cannot hold the comment: it is not kept",)  # the third is no text
    texts = [text.text for text in read_nir(out).info.metadata.texts]
    assert texts == ["one", "été"]


def test_very_many_comments_are_named() -> None:
    metadata = jpeg_metadata.read([("COM", b"x")] * 10_000, None)
    assert (len(metadata.comments), metadata.lost) == (64, ("of 10000 comments the first 64 are kept",))


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["APP1", "APP13", "COM"]),
            st.sampled_from(
                [b"", XMP, EXTENDED, b"Photoshop 3.0\0", EXTENDED + NAME, XMP + FIRST, XMP + HEAD.encode()]
            ),
            st.binary(max_size=50),
        ),
        max_size=5,
    )
)
def test_any_segments_are_read_and_written_again(parts: list[tuple[str, bytes, bytes]]) -> None:
    metadata = jpeg_metadata.read([(name, head + noise) for name, head, noise in parts], None)
    encoded = pillow("JPEG", RAMP)
    out = b"".join(jpeg_metadata.write(memoryview(encoded), metadata))
    with Image.open(io.BytesIO(out)) as image:
        image.load()
        again = jpeg_metadata.read(image.applist, None)
    assert (again.xmp, again.iptc, again.comments) == (metadata.xmp, metadata.iptc, metadata.comments)


def test_the_helper_makes_packets_with_room() -> None:
    assert TAIL.encode() in packet()
