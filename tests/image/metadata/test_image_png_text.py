"""Texts of PNG: kept, moved to where they mean the same, bounded; XMP, IPTC and EXIF that hide among them."""

from __future__ import annotations

import io
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import RAMP, RAMP_FLOAT, exif, exif_bytes, pillow, rgb
from metadata_files import packet, png, properties, raw_profile, record, resources
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nircolor.image import losses, plan_output, read_nir, write_rgb
from nircolor.image.metadata import png_text
from nircolor.image.metadata.kept import Metadata, PngText

DAMAGED = "a text chunk is damaged and is not kept"
LARGE = "the texts of the input are too many or too large: some are not kept"


def metadata(*chunks: tuple[bytes, bytes]) -> Metadata:
    return png_text.read([(kind, memoryview(content)) for kind, content in chunks], None)[0]


def output(data: bytes, format: str) -> tuple[Image.Image, tuple[str, ...]]:
    info = read_nir(data).info
    stream = io.BytesIO()
    write_rgb(stream, rgb(RAMP_FLOAT), info, depth=8, format=format)
    image = Image.open(stream)
    image.load()
    return image, losses(plan_output(None, info, depth=8, format=format), info, False)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("text", ["plain", "Grüße", "緑の写真", "two\nlines", "x" * 5000, "緑" * 5000, ""])
def test_texts_stay_as_pillow_reads_them(text: str, packed: bool) -> None:
    info = PngInfo()
    info.add_text("Title", text, zip=packed)
    info.add_itxt("Description", text, "de-DE", "Beschreibung", zip=packed)
    image, lost = output(pillow("PNG", RAMP, pnginfo=info), "png")
    assert lost == ()
    assert image.text == {"Title": text, "Description": text}
    assert (image.text["Description"].lang, image.text["Description"].tkey) == ("de-DE", "Beschreibung")


@settings(deadline=None, max_examples=100)
@given(st.lists(st.builds(
    PngText,
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":"), min_size=1, max_size=79),
    st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=50),
    st.sampled_from(["", "en", "zh-Hant"]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=9),
), max_size=4))  # fmt: skip
def test_what_is_written_is_read(texts: list[PngText]) -> None:  # keywords with a colon may be XMP or of old pixels
    assert metadata(*png_text.write(Metadata(texts=tuple(texts)))).texts == tuple(texts)


def test_several_texts_of_one_keyword_stay() -> None:
    assert [each.text for each in metadata((b"tEXt", b"Author\0A"), (b"tEXt", b"Author\0B")).texts] == ["A", "B"]


@pytest.mark.parametrize("keyword", ["exif:Orientation", "Thumb::Image::Width", "exif:ExifImageWidth"])
def test_texts_about_the_old_pixels_go(keyword: str) -> None:
    assert metadata((b"tEXt", keyword.encode() + b"\0" + b"6")) == Metadata()


@pytest.mark.parametrize("name", ["exif", "APP1"])
def test_exif_as_imagemagick_writes_it(name: str) -> None:
    picture = read_nir(png(raw_profile(name, b"Exif\0\0" + exif_bytes(6))))
    assert picture.pixels.shape == RAMP.shape[::-1]
    assert picture.info.exif is not None
    image, _ = output(png(raw_profile(name, b"Exif\0\0" + exif_bytes(6))), "png")
    assert (image.getexif()[271], image.getexif()[274]) == ("Maker of cameras", 1)


def test_the_chunk_for_exif_counts_before_a_profile() -> None:
    assert png_text.read([raw_profile_view("exif", b"MM\0*other")], b"own")[1] == b"own"


def raw_profile_view(name: str, content: bytes) -> tuple[bytes, memoryview]:
    kind, data = raw_profile(name, content)
    return kind, memoryview(data)


@pytest.mark.parametrize(
    "chunk",
    [
        raw_profile("xmp", packet()),
        raw_profile("APP1", b"http://ns.adobe.com/xap/1.0/\0" + packet()),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet()),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(packet())),
    ],
)
def test_xmp_is_found_where_programs_put_it(chunk: tuple[bytes, bytes]) -> None:
    image, lost = output(png(chunk), "png")
    assert lost == ()
    assert properties(image.info["xmp"]) == properties(packet())


@pytest.mark.parametrize("content", [record(), resources((1028, record()))])
@pytest.mark.parametrize("name", ["iptc", "8bim"])
def test_iptc_as_imagemagick_writes_it(name: str, content: bytes) -> None:
    assert metadata(raw_profile(name, content)).iptc == record()


def test_a_profile_of_another_kind_is_named() -> None:
    assert metadata(raw_profile("icc", b"x")).lost == ("the text 'Raw profile type icc' is not kept",)


@pytest.mark.parametrize("block", [None, exif()])
def test_texts_become_tags_where_they_mean_the_same(block: Image.Exif | None) -> None:
    info = PngInfo()
    for keyword, text in {"Author": "me", "Copyright": "mine", "Description": "a field", "Title": "t"}.items():
        info.add_text(keyword, text)
    data = pillow("PNG", RAMP, pnginfo=info, **({"exif": block} if block else {}))
    for format in ("jpeg", "tiff", "webp"):
        image, lost = output(data, format)
        assert lost == (f"{format.upper()} cannot hold the PNG text 'Title': it is not kept",)
        tags = image.getexif()
        assert [tags.get(tag) for tag in (315, 33432, 270)] == ["me", "mine", "a field"]
        if block:
            assert tags[271] == "Maker of cameras"
            assert tags.get_ifd(0x8825)[1] == "N"


def test_a_tag_that_says_something_else_wins() -> None:
    block, info = exif(), PngInfo()
    block[315] = "somebody else"
    info.add_text("Author", "me")
    info.add_text("Copyright", "mine")
    image, lost = output(pillow("PNG", RAMP, pnginfo=info, exif=block), "jpeg")
    assert lost == ("JPEG cannot hold the PNG text 'Author': it is not kept",)
    assert (image.getexif()[315], image.getexif()[33432]) == ("somebody else", "mine")


def test_a_text_for_which_exif_has_no_room_is_named_and_exif_stays() -> None:
    info = PngInfo()
    info.add_text("Description", "x" * 70_000)
    image, lost = output(pillow("PNG", RAMP, pnginfo=info, exif=exif()), "jpeg")
    assert lost == ("JPEG cannot hold the PNG text 'Description': it is not kept",)
    assert image.getexif()[271] == "Maker of cameras"


# --- hostile ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "chunk",
    [
        (b"tEXt", b"no end"), (b"tEXt", b"\0no keyword"), (b"tEXt", b"k" * 80 + b"\0x"), (b"tEXt", b"a\0b\0c"),
        (b"zTXt", b"a\0"), (b"zTXt", b"a\0\1x"), (b"zTXt", b"a\0\0no zlib"),
        (b"zTXt", b"a\0\0" + zlib.compress(b"x")[:-3]),
        (b"iTXt", b"a\0"), (b"iTXt", b"a\0\0\0en"), (b"iTXt", b"a\0\0\0\0\0\xff"), (b"iTXt", b"a\0\0\0\xff\0\0x"),
        (b"iTXt", b"a\0\1\1\0\0x"), (b"tEXt", b"Raw profile type iptc\0\niptc\n      9\n1c"),
        (b"tEXt", b"Raw profile type exif\0zz"), (b"tEXt", b"Raw profile type xmp\0\nxmp\n 2\nabc"),
    ],
)  # fmt: skip
def test_damaged_chunks_are_left_out_with_one_line(chunk: tuple[bytes, bytes]) -> None:
    assert metadata(chunk, (b"tEXt", b"Title\0kept")) == Metadata(texts=(PngText("Title", "kept"),), lost=(DAMAGED,))
    assert read_nir(png(chunk, (b"tEXt", b"Title\0kept"))).info.metadata.lost == (DAMAGED,)


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)), packer.flush()])


@pytest.mark.parametrize("kind", ["text", "xmp", "profile"])
def test_bombs_are_not_unpacked(kind: str) -> None:
    packed = bomb(32 << 20)
    chunk = {
        "text": (b"zTXt", b"Title\0\0" + packed),
        "xmp": (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed),
        "profile": (b"zTXt", b"Raw profile type exif\0\0" + packed),
    }[kind]
    assert metadata(*[chunk] * 300, (b"tEXt", b"Title\0x")).lost == (LARGE,)  # 9 GiB


def test_many_texts_are_bounded_in_number_and_size() -> None:
    many = metadata(*((b"tEXt", b"Title\0x") for _ in range(100_000)))
    assert (len(many.texts), many.lost) == (256, (LARGE,))
    large = metadata(*((b"tEXt", b"Title\0" + b"x" * 900_000) for _ in range(9)))
    assert (len(large.texts), large.lost) == (4, (LARGE,))
    assert metadata((b"tEXt", b"Raw profile type xmp\0" + b" " * (15 << 20))).lost == (DAMAGED,)


@settings(max_examples=300)
@given(
    st.sampled_from(png_text.KINDS),
    st.sampled_from([b"", b"Title\0", b"XML:com.adobe.xmp\0\0\0\0\0", b"Raw profile type exif\0", b"a\0\1\0\0\0"]),
    st.binary(max_size=60),
)
def test_any_bytes_become_a_text_or_a_line(kind: bytes, head: bytes, noise: bytes) -> None:
    found = metadata((kind, head + noise))
    assert len(found.texts) + len(found.lost) <= 1
    assert metadata(*png_text.write(found)).texts == found.texts
