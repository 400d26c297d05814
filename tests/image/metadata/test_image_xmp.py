"""XMP: what is no longer true is taken out, all else stays byte for byte, and nothing hostile is followed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metadata_files import CREATOR, HEAD, RDF, TAIL, packet, properties

from nircolor.image.metadata import xmp, xmp_scan

LIST = "<rdf:Seq><rdf:li>x</rdf:li></rdf:Seq>"


def kept(packet: bytes, orientation: int = 1) -> dict[str, str]:
    tidy = xmp.tidy(packet, orientation=orientation)
    return properties(tidy.packet) if tidy.packet else {}


def test_what_is_true_stays_byte_for_byte() -> None:
    whole = packet(CREATOR + "<dc:title>\n a 'b' &lt; &#10;\t</dc:title><!-- a note -->", "xmp:Label='a \"b\"'")
    assert xmp.tidy(whole) == (whole.replace(TAIL.encode(), TAIL.replace(" " * 200, "").encode()), ())


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("as_element", [True, False])
def test_orientation_becomes_1(orientation: int, as_element: bool) -> None:
    said = str(orientation)
    element, attribute = f"<tiff:Orientation>{said}</tiff:Orientation>", f'tiff:Orientation="{said}"'
    whole = packet(element + CREATOR) if as_element else packet(CREATOR, attribute)
    tidy = xmp.tidy(whole, orientation=orientation)
    assert tidy.packet is not None
    assert properties(tidy.packet)["tiff:Orientation"] == "1"
    assert tidy.lost == ()


@pytest.mark.parametrize("form", ["<tiff:Orientation/>", "<tiff:Orientation rdf:value='6'/>",
                                  "<tiff:Orientation><rdf:Bag/></tiff:Orientation>"])  # fmt: skip
def test_an_orientation_of_another_form_is_taken_out(form: str) -> None:
    assert "tiff:Orientation" not in kept(packet(form + CREATOR))


def test_an_orientation_that_contradicts_exif_is_reported() -> None:
    tidy = xmp.tidy(packet(CREATOR, 'tiff:Orientation="6"'))
    assert tidy.lost == ("the XMP of the input says orientation 6, its EXIF or header 1: that was followed",)


@pytest.mark.parametrize(
    "name",
    ["xmp:Thumbnails", "xmpMM:InstanceID", "photoshop:ColorMode", "photoshop:LegacyIPTCDigest", "exif:ColorSpace",
     "tiff:BitsPerSample", "tiff:YCbCrPositioning", "exif:NativeDigest", "xmpNote:HasExtendedXMP"],
)  # fmt: skip
@pytest.mark.parametrize("as_element", [True, False])
def test_what_describes_the_old_pixels_goes_silently(name: str, as_element: bool) -> None:
    whole = packet(f"<{name}>{LIST}</{name}>{CREATOR}") if as_element else packet(CREATOR, f'{name}="x"')
    assert name in properties(whole)
    assert (name in kept(whole), "dc:creator" in kept(whole)) == (False, True)
    assert xmp.tidy(whole).lost == ()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Camera:BandName", "sensor calibration"),
        ("Camera:VignettingPolynomial", "sensor calibration"),
        ("Camera:BlackCurrent", "sensor calibration"),
        ("Camera:RigName", "sensor calibration"),
        ("MicaSense:RadiometricCalibration", "sensor calibration"),
        ("drone-dji:BlackLevel", "sensor calibration"),
        ("drone-dji:SensorGain", "sensor calibration"),
        ("GDepth:Data", "further pictures"),
        ("crs:WhiteBalance", "raw developer"),
    ],
)
def test_what_is_of_the_near_infrared_picture_goes_with_a_line(name: str, words: str) -> None:
    whole = packet(f"<{name}>{LIST}</{name}>{CREATOR}")
    assert name in properties(whole)
    assert (name in kept(whole), "dc:creator" in kept(whole)) == (False, True)
    assert [words in line for line in xmp.tidy(whole).lost] == [True]


@pytest.mark.parametrize(
    "name",
    ["Camera:Yaw", "Camera:GPSXYAccuracy", "Camera:PerspectiveFocalLength", "drone-dji:GimbalYawDegree",
     "drone-dji:RelativeAltitude", "drone-dji:RtkFlag", "exif:GPSLatitude", "xmpMM:DocumentID", "dc:rights"],
)  # fmt: skip
def test_place_attitude_and_lens_stay(name: str) -> None:
    assert kept(packet(CREATOR, f'{name}="12.5"'), orientation=3)[name] == "12.5"


@pytest.mark.parametrize("name", ["exif:PixelXDimension", "tiff:ImageWidth", "tiff:XResolution", "mwg-rs:Regions"])
def test_sides_and_regions_go_where_the_picture_is_turned(name: str) -> None:
    whole = packet(CREATOR, f'{name}="x"')
    assert name in kept(whole)
    assert name not in kept(whole, orientation=6)
    assert any("regions" in line for line in xmp.tidy(whole, orientation=6).lost) == (name == "mwg-rs:Regions")


def test_nothing_is_left_of_a_packet_that_is_all_outdated() -> None:
    whole = packet("", 'photoshop:ColorMode="1"').replace(b' rdf:about=""', b"")
    assert xmp.tidy(whole) == (None, ())


def test_a_property_of_the_same_name_within_another_stays() -> None:
    inner = "<xmpMM:DerivedFrom><rdf:Description xmpMM:InstanceID='x'/></xmpMM:DerivedFrom>"
    tidy = xmp.tidy(packet(inner + CREATOR))
    assert tidy.packet is not None
    assert inner.encode() in tidy.packet


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_other_encodings_become_utf_8(coding: str) -> None:
    inside = packet().decode().removeprefix(HEAD.split("\n")[0]).strip()
    encoded = f'<?xml version="1.0" encoding="{coding[:6]}"?>{inside}'.encode(coding)
    assert kept(encoded) == kept(packet())


def laughs() -> bytes:
    rows = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE x [<!ENTITY a0 "ha">{rows}]>'.encode() + packet("<dc:title>&a11;</dc:title>")[67:]


@pytest.mark.parametrize(
    "hostile",
    [
        laughs(),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + packet()[67:],
        packet("<dc:title>&undeclared;</dc:title>"),
        packet("<dc:title>"),
        packet("<unbound:title/>"),
        packet()[:-300],
        packet(attributes='dc:a="1" dc:a="2"'),
        packet("<dc:a>" * 100 + "</dc:a>" * 100),
        packet("<dc:a/>" * 20_000),
        packet("".join(f'<dc:a{n} xmp:b="1"/>' for n in range(20_000))),
        packet("<dc:a>" + "<dc:b/>" * 200_000 + "</dc:a>"),
        packet() * 2,
        b"\xff\xfe\x00",
        b"\x80\x81",
        b"no markup",
        b"<a/>",
        f'<rdf:RDF xmlns:rdf="{RDF}"/>'.encode(),
        b"<" * 100_000,
        bytes(xmp_scan.MAX_BYTES + 1),
    ],
    ids=range(19),
)
def test_what_is_hostile_or_damaged_is_dropped_with_one_line(hostile: bytes) -> None:
    tidy = xmp.tidy(hostile)
    assert tidy.packet is None
    assert len(tidy.lost) == 1
    assert tidy.lost[0].startswith("the XMP ")
    assert "\n" not in tidy.lost[0]


@pytest.mark.parametrize(
    "large",
    [
        packet("<dc:a>" + " " * 4_000_000 + "</dc:a>"),
        packet(attributes=" " * 4_000_000 + 'dc:a="1"'),
        packet(attributes="dc:a='" + "x=" * 2_000_000 + "'"),
        packet(f"<dc:a{'Irradiance' * 100_000}/>"),
        packet() + b" " * 4_000_000,
        packet("".join(f"<dc:a xmlns:p{n}='u{n}'/>" for n in range(9_000))),
        packet(attributes=" ".join(f"xmlns:p{n}='u{n}'" for n in range(100_000))),
    ],
    ids=range(7),
)
def test_large_packets_come_to_an_end(large: bytes) -> None:
    tidy = xmp.tidy(large)  # with a step for each pair of bytes it would take hours
    assert tidy.packet or tidy.lost


def test_the_second_part_is_joined_to_the_first() -> None:
    second = f'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:q="q:"><rdf:RDF xmlns:rdf="{RDF}" xmlns:dc="other:">' + (
        '<rdf:Description rdf:about="" q:a="1" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Make="me"/>'
        '<rdf:Description rdf:about=""><dc:x/></rdf:Description></rdf:RDF></x:xmpmeta>'
    )
    tidy = xmp.tidy(packet(CREATOR, 'xmpNote:HasExtendedXMP="0"'), second.encode())
    assert tidy.packet is not None
    assert tidy.lost == ()
    assert b'xmlns:dc="other:"' in tidy.packet
    assert {"tiff:Make", "dc:creator"} <= set(properties(tidy.packet))
    assert "xmpNote:HasExtendedXMP" not in properties(tidy.packet)


def test_a_damaged_second_part_is_left_out_with_a_line() -> None:
    tidy = xmp.tidy(packet(), b"<x")
    assert tidy.packet is not None
    assert properties(tidy.packet) == properties(packet())
    assert [line.startswith("the second part of the XMP") for line in tidy.lost] == [True]


def test_a_second_part_does_not_grow_without_end() -> None:
    wide = "".join(f' xmlns:p{n}="{"u" * 9_000}"' for n in range(500))
    many = "<rdf:Description/>" * 9_000
    second = f'<rdf:RDF xmlns:rdf="{RDF}"{wide}>{many}</rdf:RDF>'.encode()
    assert any("second part" in line for line in xmp.tidy(packet(), second).lost)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_damage_leaves_a_well_formed_packet_or_none(data: st.DataObject) -> None:
    whole = bytearray(packet(CREATOR + "<tiff:Orientation>6</tiff:Orientation>", 'xmp:Label="a" exif:ColorSpace="1"'))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.sampled_from([b"<", b">", b'"', b"/", b"=", b" ", b"x"])
        )
    tidy = xmp.tidy(bytes(whole))
    if tidy.packet is None:
        assert tidy.lost
    else:
        properties(tidy.packet)
        assert xmp.tidy(tidy.packet).packet == tidy.packet


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_packet_or_a_line(noise: bytes) -> None:
    tidy = xmp.tidy(noise)
    assert tidy.packet is None
    assert bool(tidy.lost) == bool(noise)
