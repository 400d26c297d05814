"""EXIF, ICC and resolution survive from any format to any other, checked with Pillow as an independent reader."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import metadata_files
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import (
    GREY_PROFILE,
    HEIGHT,
    RAMP,
    RAMP16,
    RAMP_FLOAT,
    SRGB,
    WIDTH,
    exif,
    exif_bytes,
    pillow,
    png,
    rgb,
    tiff,
)
from PIL import Image, ImageOps

from nircolor.image import ImageInfo, read_nir, write_rgb
from nircolor.image.metadata import exif as exif_module
from nircolor.image.tiff.ifd import IfdEntry, build_ifd, read_ifd
from nircolor.image.tone.icc import srgb

ORIENTATIONS = range(1, 9)
OPTIONS = {"PNG": {}, "TIFF": {}, "JPEG": {"quality": 95}, "WEBP": {"lossless": True}}
COLOUR = np.random.default_rng(0).random((HEIGHT, WIDTH, 3), dtype=np.float32)


def written(info: ImageInfo, suffix: str, folder: Path) -> Image.Image:
    path = folder / f"out{suffix}"
    write_rgb(path, COLOUR, info, depth=8, overwrite=True)
    image = Image.open(path)
    image.load()
    return image


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("format", OPTIONS)
def test_orientation_is_applied_once_and_then_reset(format: str, orientation: int, tmp_path: Path) -> None:
    data = pillow(format, rgb(RAMP), exif=exif(orientation), **OPTIONS[format])
    picture = read_nir(data)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    np.testing.assert_allclose(picture.pixels, np.asarray(upright.convert("L")) / 255, atol=1e-6)

    suffix = {"PNG": ".png", "TIFF": ".tif", "JPEG": ".jpg", "WEBP": ".webp"}[format]
    out = tmp_path / f"out{suffix}"
    write_rgb(out, np.dstack([picture.pixels] * 3), picture.info)
    with Image.open(out) as image:
        assert image.getexif()[274] == 1
        assert image.size == upright.size
    again = read_nir(out)
    np.testing.assert_allclose(again.pixels, picture.pixels, atol=4 / 255)  # not turned a second time


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_orientation_of_a_16_bit_tiff_and_png(orientation: int) -> None:
    turned = np.asarray(_transposed(Image.fromarray(RAMP_FLOAT), orientation))
    in_tag = tiff(RAMP16, extratags=[(274, 3, 1, orientation, True)])
    np.testing.assert_allclose(read_nir(in_tag).pixels, turned, atol=1e-6)
    in_chunk = io.BytesIO()
    write_rgb(in_chunk, rgb(RAMP_FLOAT), ImageInfo("PNG", "uint16", exif=exif_bytes(orientation)))
    np.testing.assert_allclose(read_nir(in_chunk.getvalue()).pixels, turned, atol=1e-5)


def _transposed(image: Image.Image, orientation: int) -> Image.Image:
    image.getexif()[274] = orientation
    return ImageOps.exif_transpose(image)


def test_alpha_turns_with_the_picture() -> None:
    alpha = RAMP[::-1].copy()
    picture = read_nir(pillow("PNG", np.dstack([RAMP, alpha]), exif=exif(6)))
    assert picture.alpha is not None
    np.testing.assert_allclose(picture.alpha, np.rot90(alpha, -1) / 255, atol=1e-6)


def with_exif(format: str) -> bytes:
    if format != "TIFF":
        return pillow(format, rgb(RAMP), exif=exif(6), **OPTIONS[format])
    stream = io.BytesIO()  # Pillow does not write nested directories into TIFF files
    write_rgb(stream, rgb(RAMP_FLOAT), ImageInfo("TIFF", "uint8", exif=exif_bytes(6)))
    return stream.getvalue()


@pytest.mark.parametrize("source", OPTIONS)
@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp"])
def test_exif_survives_between_all_formats(source: str, suffix: str, tmp_path: Path) -> None:
    picture = read_nir(with_exif(source))
    block = written(picture.info, suffix, tmp_path).getexif()
    assert block[274] == 1
    assert block[271] == "Maker of cameras"
    assert block.get_ifd(0x8769)[33434] == pytest.approx(0.004)
    assert block.get_ifd(0x8825)[1] == "N"


@pytest.mark.parametrize("depth", [8, 16, 32])
def test_a_tiff_holds_nested_directories_as_tifffile_reads_them(depth: int, tmp_path: Path) -> None:
    info = ImageInfo("TIFF", "uint16", exif=exif_bytes())
    write_rgb(tmp_path / "deep.tif", COLOUR, info, depth=depth)
    with tifffile.TiffFile(tmp_path / "deep.tif") as file:
        tags = file.pages[0].tags
        assert list(tags.keys()) == sorted(tags.keys())
        assert tags[34665].value == {"ExposureTime": 0.004, "PixelXDimension": WIDTH, "PixelYDimension": HEIGHT}
        assert tags[34853].value == {"GPSLatitudeRef": "N"}


def test_pixel_dimensions_in_exif_turn_with_the_picture() -> None:
    info = read_nir(pillow("JPEG", RAMP, exif=exif(8))).info
    block = Image.Exif()
    block.load(info.exif)
    assert (block.get_ifd(0x8769)[40962], block.get_ifd(0x8769)[40963]) == (HEIGHT, WIDTH)


def test_the_thumbnail_of_the_source_is_cut_off() -> None:
    first = build_ifd([IfdEntry(271, 2, 6, b"Maker\0")], 8)
    linked = first[: 2 + 12] + struct.pack("<I", 8 + len(first)) + first[2 + 12 + 4 :]
    thumbnail = build_ifd([IfdEntry(513, 4, 1, struct.pack("<I", 99))], 8 + len(first))
    block = b"II*\0" + struct.pack("<I", 8) + linked + thumbnail
    tidy = exif_module.tidy(block)
    assert tidy.block is not None
    _, link = read_ifd(io.BytesIO(tidy.block), 8, exif_module.IfdLayout("<"))
    assert tidy.block[link : link + 4] == bytes(4)
    assert tidy.block[: link - 4] == block[: link - 4]


def test_a_big_endian_block_with_a_long_orientation_is_patched() -> None:
    block = b"MM\0*" + struct.pack(">I", 8) + struct.pack(">HHHIII", 1, 274, 4, 1, 6, 0)
    tidy = exif_module.tidy(b"Exif\0\0" + block)
    assert tidy.orientation == 6
    assert exif_module.tidy(tidy.block).orientation == 1


@settings(deadline=None, max_examples=60)
@given(
    st.binary(max_size=80), st.sampled_from([b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"Exif\0\0II*\0\x08\0\0\0"])
)
def test_any_exif_block_is_kept_upright_or_dropped_with_a_warning(noise: bytes, head: bytes) -> None:
    tidy = exif_module.tidy(head + noise)
    if tidy.block is None:
        assert tidy.warning or not head + noise
    else:
        assert exif_module.tidy(tidy.block).orientation == 1


values = st.binary(min_size=1, max_size=9)
entries_of_any_tag = st.lists(
    st.builds(lambda tag, data: IfdEntry(tag, 7, len(data), data), st.integers(1, 30000), values),
    unique_by=lambda entry: entry.tag,
    max_size=4,
)


@settings(deadline=None, max_examples=30)
@given(entries_of_any_tag, entries_of_any_tag)
def test_split_finds_what_build_put_together(camera: list[IfdEntry], place: list[IfdEntry]) -> None:
    maker = IfdEntry(271, 2, 6, b"Maker\0")
    block = exif_module.build([maker], {0x8769: camera, 0x8825: place})
    about, directories = exif_module.split(block)
    plain = {tag: [(e.tag, e.data) for e in entries] for tag, entries in directories.items()}
    assert [(e.tag, e.data) for e in about] == [(271, b"Maker\0")]
    assert plain[0x8769] == sorted((e.tag, e.data) for e in camera)
    assert plain[0x8825] == sorted((e.tag, e.data) for e in place)


@settings(deadline=None, max_examples=30)
@given(entries_of_any_tag, entries_of_any_tag, st.dictionaries(st.sampled_from([270, 305, 315, 33432]), st.text()))
def test_texts_are_added_and_all_else_stays_where_it_is(
    camera: list[IfdEntry], place: list[IfdEntry], texts: dict[int, str]
) -> None:
    block = exif_module.build([IfdEntry(315, 2, 3, b"me\0")], {0x8769: camera, 0x8825: place})
    tagged, refused = exif_module.with_texts(block, texts)
    assert tagged is not None
    assert refused == {tag for tag in texts if tag == 315 and texts[tag].strip("\0 ") != "me"}
    about, directories = exif_module.split(tagged)
    said = {entry.tag: entry.data for entry in about}
    assert said == {**{tag: text.encode() + b"\0" for tag, text in texts.items()}, 315: b"me\0"}
    assert directories == exif_module.split(block)[1]  # and their positions


def test_packets_within_a_block_move_to_their_own_place() -> None:
    packet = metadata_files.packet(metadata_files.CREATOR, 'Camera:BandName="NIR"')
    inner = [IfdEntry(271, 2, 6, b"Maker\0"), IfdEntry(700, 1, len(packet), packet), IfdEntry(306, 2, 3, b"now")]
    block = exif_module.build(inner, {0x8825: [IfdEntry(1, 2, 2, b"N\0")]})
    info = read_nir(pillow("JPEG", RAMP, exif=b"Exif\0\0" + block)).info
    assert info.metadata.xmp is not None
    assert set(metadata_files.properties(info.metadata.xmp)) == {"dc:creator"}
    again = Image.Exif()
    again.load(info.exif)
    assert (again.get(271), again.get(700), again.get(306), again.get_ifd(0x8825)[1]) == ("Maker", None, "now", "N")


def test_damaged_exif_is_dropped_with_a_warning() -> None:
    picture = read_nir(pillow("PNG", RAMP, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f"))
    assert picture.info.exif is None
    assert picture.info.warnings == ("the EXIF block is damaged and is not kept",)


def test_descriptions_that_only_machines_read_are_not_kept() -> None:
    info = read_nir(tiff(RAMP, description="a field", software="Camera 1.2")).info
    assert info.exif is not None
    assert b"a field" in info.exif
    assert b"Camera 1.2" in info.exif
    shaped = read_nir(tiff(RAMP, software=False)).info  # tifffile adds {"shape": ...}
    assert shaped.exif is None


@pytest.mark.parametrize("source", ["PNG", "TIFF", "JPEG", "WEBP"])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp"])
def test_an_rgb_profile_survives(source: str, suffix: str, tmp_path: Path) -> None:
    picture = read_nir(pillow(source, rgb(RAMP), icc_profile=SRGB, **OPTIONS[source]))
    assert picture.info.icc == SRGB
    assert picture.info.warnings == ()
    assert written(picture.info, suffix, tmp_path).info["icc_profile"] == SRGB


@pytest.mark.parametrize("format", ["PNG", "TIFF", "JPEG"])
def test_a_grey_profile_gives_way_to_srgb(format: str) -> None:
    picture = read_nir(pillow(format, RAMP, icc_profile=GREY_PROFILE))
    assert (picture.info.icc, picture.info.warnings) == (srgb(), ())


def test_a_grey_profile_never_reaches_an_rgb_file(tmp_path: Path) -> None:
    assert written(ImageInfo("PNG", "uint8", icc=GREY_PROFILE), ".png", tmp_path).info["icc_profile"] == srgb()


@pytest.mark.parametrize("source", ["PNG", "TIFF", "JPEG", "BMP"])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".bmp"])
def test_the_resolution_survives(source: str, suffix: str, tmp_path: Path) -> None:
    picture = read_nir(pillow(source, RAMP, dpi=(300, 150)))
    assert picture.info.resolution == pytest.approx((300, 150), rel=1e-4)
    assert written(picture.info, suffix, tmp_path).info["dpi"] == pytest.approx((300, 150), rel=1e-4)


def test_the_resolution_turns_with_the_picture_and_knows_its_unit() -> None:
    turned = tiff(RAMP, resolution=(100, 40), resolutionunit="CENTIMETER", extratags=[(274, 3, 1, 6, True)])
    assert read_nir(turned).info.resolution == pytest.approx((101.6, 254))
    assert read_nir(tiff(RAMP, resolution=(100, 40), resolutionunit="NONE")).info.resolution is None
    assert read_nir(tiff(RAMP, resolution=(0, 1), resolutionunit="INCH")).info.resolution is None


def test_the_resolution_is_taken_from_exif_where_the_format_has_none() -> None:
    block = exif()
    block[282], block[283], block[296] = 240.0, 120.0, 2
    assert read_nir(pillow("WEBP", RAMP, exif=block)).info.resolution == (240, 120)
    assert read_nir(pillow("JPEG", RAMP, exif=exif())).info.resolution is None  # none invented


def test_the_compression_of_a_tiff_is_kept(tmp_path: Path) -> None:
    for compression, number in ((None, 1), ("lzw", 5), ("zlib", 8)):
        info = read_nir(tiff(RAMP, compression=compression)).info
        write_rgb(tmp_path / "out.tif", COLOUR, info, overwrite=True)
        with tifffile.TiffFile(tmp_path / "out.tif") as file:
            assert file.pages[0].compression == number


def test_a_png_profile_bomb_is_not_unpacked() -> None:
    data = bytearray(png(RAMP))
    content = b"ICCP\0\0" + zlib.compress(bytes(24 << 20), 1)
    chunk = struct.pack(">I", len(content)) + b"iCCP" + content + struct.pack(">I", zlib.crc32(b"iCCP" + content))
    data[33:33] = chunk
    info = read_nir(bytes(data)).info
    assert (info.icc, info.warnings) == (srgb(), ("the ICC profile is damaged; the output gets an sRGB one",))
