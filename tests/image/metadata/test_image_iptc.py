"""IPTC records, alone and among the resources of Photoshop, in all the formats that hold them."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import RAMP, RAMP_FLOAT, rgb, tiff
from metadata_files import found, jpeg, packet, properties, record, resources, segment
from PIL import Image, IptcImagePlugin

from nircolor.image import losses, plan_output, read_nir, write_rgb
from nircolor.image.metadata import iptc
from nircolor.image.tiff import packets as tiff_metadata

PARTS = st.lists(st.tuples(st.integers(1, 2), st.integers(1, 120), st.binary(max_size=30)), min_size=1, max_size=5)


def test_a_record_stays_byte_for_byte() -> None:
    whole = record((1, 90, b"\x1b%G"), (2, 25, b"one"), (2, 25, b"two"), (2, 120, bytes(range(256))))
    assert iptc.tidy(whole) == (whole, ())
    assert iptc.tidy(whole + bytes(7)) == (whole, ())


@pytest.mark.parametrize("old", [(2, 130, b"1Y"), (2, 131, b"P"), (2, 202, b"preview"), (3, 20, b"40"), (8, 10, b"x")])
def test_what_is_about_the_old_pixels_goes(old: tuple[int, int, bytes]) -> None:
    assert iptc.tidy(record((2, 120, b"a"), old, (2, 90, b"b"))) == (record((2, 120, b"a"), (2, 90, b"b")), ())


def test_a_data_set_of_more_than_32_kib() -> None:
    whole = b"\x1c\x02\x78" + struct.pack(">HI", 0x8004, 70_000) + bytes(70_000) + record((2, 90, b"b"))
    assert iptc.tidy(whole) == (whole, ())


@pytest.mark.parametrize(
    "broken", [record()[:-1], b"x" + record(), record() + b"x", b"\x1c\x02\x78\xff\xff", b"\x1c\x02", b"\x1c" * 1000]
)
def test_a_damaged_record_is_left_out_with_a_line(broken: bytes) -> None:
    assert iptc.tidy(broken) == (None, ("the IPTC record is damaged and is not kept",))


def test_a_large_record_is_left_out_with_a_line() -> None:
    assert iptc.tidy(bytes(iptc.MAX_BYTES) + b"x") == (None, ("the IPTC record is too large and is not kept",))
    many = record((2, 25, b"")) * 200_000  # a step for each pair of them would take hours
    assert iptc.tidy(many).record == many


@given(PARTS, st.lists(st.tuples(st.sampled_from([1005, 1036, 1061]), st.binary(max_size=9)), max_size=3))
def test_the_record_is_found_among_resources(
    sets: list[tuple[int, int, bytes]], others: list[tuple[int, bytes]]
) -> None:
    whole = record(*sets)
    assert iptc.of_resources(resources(*others, (1028, whole))) == (whole, ())
    assert iptc.of_resources(iptc.to_resources(whole)) == (whole, ())


def test_a_resource_with_a_name_and_one_that_is_lost() -> None:
    named = b"8BIM" + struct.pack(">HB", 2000, 4) + b"path\0" + struct.pack(">I", 2) + b"xy"
    kept, lost = iptc.of_resources(named + resources((1028, record())))
    assert kept == record()
    assert ["Photoshop's own data" in line for line in lost] == [True]


@pytest.mark.parametrize("broken", [b"8BIM", resources((1028, record()))[:-3] + b"x", b"none of them", b"8BIM" * 9])
def test_damaged_resources_are_named(broken: bytes) -> None:
    assert iptc.of_resources(broken) == (
        None,
        ("the image resources of Photoshop are damaged: what is behind the damage is not kept",),
    )


@settings(max_examples=300)
@given(st.binary(max_size=60), st.sampled_from([b"", b"\x1c\x02", b"8BIM\x04\x04\0\0", b"\x1c\x02\x78\x80\x04"]))
def test_any_bytes_are_a_record_or_none(noise: bytes, head: bytes) -> None:
    kept, inner = iptc.tidy(head + noise).record, iptc.of_resources(head + noise).record
    assert kept is None or iptc.tidy(kept) == (kept, ())
    assert inner is None or inner in head + noise
    assert iptc.of_resources(iptc.to_resources(noise)) == (noise, ())


# --- TIFF -------------------------------------------------------------------------------------------------------------


def with_tags(*tags: tuple[int, int, int, object], **options: object) -> bytes:
    return tiff(RAMP, metadata=None, software=False, extratags=[(*tag, True) for tag in tags], **options)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_record_that_calls_itself_long_keeps_the_order_of_its_bytes(order: str) -> None:
    whole = record((2, 120, b"a caption of it"))
    data = with_tags((33723, 4, len(whole) // 4, struct.unpack(f"{order}{len(whole) // 4}I", whole)), byteorder=order)
    assert read_nir(data).info.metadata.iptc == whole


def test_the_resources_of_a_tiff_are_read_and_its_record_is_written() -> None:
    held = resources((1036, b"thumbnail"), (1028, record()))
    info = read_nir(with_tags((34377, 1, len(held), held))).info
    stream = io.BytesIO()
    write_rgb(stream, rgb(RAMP_FLOAT), info)
    with tifffile.TiffFile(io.BytesIO(stream.getvalue())) as file:
        tags = file.pages.first.tags
        assert (bytes(tags.valueof(33723)), tags.valueof(34377)) == (record(), None)


@pytest.mark.parametrize(
    "tag", [(700, 1, 17 << 20, bytes(17 << 20)), (33723, 99, 4, b"abcd")], ids=["too large", "of an unknown type"]
)
def test_tags_that_cannot_be_had_are_named(tag: tuple[int, int, int, bytes]) -> None:
    data = with_tags((tag[0], 1, tag[2], tag[3]))
    if tag[1] == 99:
        data = data.replace(struct.pack("<HH", tag[0], 1), struct.pack("<HH", tag[0], 99))
    picture = read_nir(data)
    lost = losses(plan_output(None, picture.info), picture.info, False)
    assert [line.endswith("is too large or of an unknown type and is not kept") for line in lost] == [True]


def test_an_xmp_packet_of_more_than_a_mebibyte_is_kept() -> None:
    long = packet(f"<dc:title>{'x' * (2 << 20)}</dc:title>")
    metadata = read_nir(with_tags((700, 1, len(long), long))).info.metadata
    assert metadata.xmp is not None
    assert len(metadata.xmp) > 2 << 20


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_damage_to_the_directory_leaves_what_is_well_formed(data: st.DataObject) -> None:
    whole = bytearray(with_tags((700, 1, len(packet()), packet()), (33723, 7, len(record()), record())))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(8, 240))] = data.draw(st.integers(0, 255))
    metadata = tiff_metadata.read(io.BytesIO(whole), (8, 8), None)
    assert metadata.xmp is None or properties(metadata.xmp) == properties(packet())
    assert (metadata.iptc or b"") in record()  # another place or count can leave whole data sets of it, never others


# --- JPEG -------------------------------------------------------------------------------------------------------------


def test_resources_that_are_cut_into_segments_are_joined() -> None:
    held = resources((1036, bytes(500)), (1028, record()))
    parts = [segment(0xED, b"Photoshop 3.0\0" + part) for part in (held[:300], held[300:])]
    info = read_nir(jpeg(*parts)).info
    assert info.metadata.iptc == record()
    stream = io.BytesIO()
    write_rgb(stream, rgb(RAMP_FLOAT), info, depth=8)
    with Image.open(stream) as image:
        assert image.info["photoshop"] == {0x0404: record()}
        assert IptcImagePlugin.getiptcinfo(image)[2, 120] == b"a caption"
    assert found(stream.getvalue())["exif"] == "Maker of cameras"


def test_a_record_that_a_jpeg_segment_cannot_hold_is_named() -> None:
    long = record(*((2, 120, bytes(30_000)) for _ in range(3)))
    info = read_nir(with_tags((33723, 7, len(long), long))).info
    assert info.metadata.iptc == long
    plan = plan_output(None, info, format="jpeg")
    assert losses(plan, info, False) == ("JPEG cannot hold the IPTC record: it is not kept",)
    stream = io.BytesIO()
    write_rgb(stream, np.dstack([RAMP_FLOAT] * 3), info, format="jpeg")
    assert found(stream.getvalue())["iptc"] is None
