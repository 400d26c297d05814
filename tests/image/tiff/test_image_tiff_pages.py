"""Pages of a TIFF and what is stored beneath them: found whatever the links say, and the right one taken."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import RAMP, RAMP16, png, rgb, tiff, tiff_pages
from tiff_files import SIDE, Directory, directories

from nircolor.batch.probe import probe
from nircolor.errors import InputError
from nircolor.image import read_nir
from nircolor.image.tiff import pages as pages_module
from nircolor.image.tiff.pages import contents

CIRCLE = "the list of its pages runs in a circle: each of them counts once"


def refusal(data: bytes, **options: int) -> str:
    with pytest.raises(InputError) as caught:
        read_nir(data, **options)
    return str(caught.value).removeprefix("standard input: ")


# --- circles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("big", [False, True], ids=["classic", "big"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_page_that_leads_to_itself_is_read_once(big: bool, order: str) -> None:
    picture = read_nir(directories(Directory(following=0), big=big, order=order))
    np.testing.assert_allclose(picture.pixels, np.full((SIDE, SIDE), 1 / 255), atol=1e-6)
    assert picture.info.warnings == (CIRCLE,)


@pytest.mark.parametrize("back", [0, 1, 119, 148])
def test_pages_that_lead_back_are_counted_once(back: int) -> None:
    nodes = [Directory(following=number + 1) for number in range(149)] + [Directory(following=back)]
    data = directories(*nodes)
    assert refusal(data) == "has 150 pages; choose one with `page=1` to 150"
    picture = read_nir(data, page=150)
    np.testing.assert_allclose(picture.pixels, 150 / 255, atol=1e-6)
    assert picture.info.warnings == (CIRCLE,)


def test_sub_pages_and_exif_directories_that_lead_back() -> None:
    one = Directory(beneath=(0, 1), exif=0)
    two = Directory(following=0, beneath=(0, 1), exif=1, kind=1)
    picture = read_nir(directories(one, two))
    np.testing.assert_allclose(picture.pixels, 1 / 255, atol=1e-6)
    assert picture.info.warnings == ()


def test_the_size_of_a_file_that_runs_in_circles_is_found(tmp_path: Path) -> None:
    (tmp_path / "circle.tif").write_bytes(directories(Directory(following=1), Directory(following=0)))
    assert probe(tmp_path / "circle.tif") == (SIDE, SIDE)


class Counted(io.BytesIO):
    """How often a file is read from: the measure of work that no machine changes."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        return super().read(size)


numbers = st.integers(-1, 11)
graphs = st.lists(
    st.builds(
        Directory,
        following=st.none() | numbers,
        beneath=st.lists(numbers, max_size=6).map(tuple),
        exif=st.none() | numbers,
        kind=st.sampled_from([0, 0, 1, 2, 4]),
    ),
    min_size=12,
    max_size=12,
)


@settings(deadline=None, max_examples=200)
@given(graphs, st.booleans(), st.sampled_from("<>"))
def test_any_graph_of_directories_comes_to_an_end(nodes: list[Directory], big: bool, order: str) -> None:
    data = directories(*nodes, big=big, order=order)
    stream = Counted(data)
    found = contents(stream)
    assert stream.reads <= 8 * len(nodes) + 8
    offsets = [picture.offset for group in found.groups for picture in group]
    assert len(offsets) == len(set(offsets)) <= len(nodes)
    for page in (None, 1, 2):
        with contextlib.suppress(InputError):
            assert read_nir(data, page=page).pixels.shape == (SIDE, SIDE)


def test_there_is_an_end_to_the_number_of_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_module, "MAX_PAGES", 20)
    data = directories(*(Directory(following=number + 1) for number in range(30)), Directory())
    assert refusal(data) == "has more than 20 pages; split it first"
    beneath = directories(Directory(beneath=tuple(range(1, 31))), *[Directory()] * 30)
    assert refusal(beneath) == "has more than 20 pages; split it first"


def test_directories_may_not_share_their_bytes() -> None:
    """Else a small file holds more of them than anybody can look at."""
    table = struct.pack("<HHII", 256, 4, 1, 4) + struct.pack("<HHII", 257, 4, 1, 4)
    data = bytearray(b"II*\0" + struct.pack("<I", 8)) + (struct.pack("<H", 300) + table * 150) * 40
    for place in range(8, 8 + 38 * 3602, 3602):  # each has its end in the next one
        struct.pack_into("<I", data, place + 2 + 3600, place + 3602 - 3590)
    stream = Counted(bytes(data))
    with pytest.raises(InputError):
        contents(stream).choose(None)
    assert stream.reads < 1000


def test_values_that_share_their_bytes_are_refused_before_they_are_read() -> None:
    tag = struct.pack("<HHII", 330, 4, 100_000, 8)
    data = (b"II*\0" + struct.pack("<IH", 8, 4000) + tag * 4000).ljust(500_000, b"\0")
    assert refusal(data).startswith("is truncated: it has no first page (a directory promises more than its file holds")


# --- pages that are lost ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [Directory(following=-1), Directory(following=2)], ids=["beyond", "damaged"])
def test_a_file_that_lost_pages_says_so(lost: Directory) -> None:
    data = bytearray(directories(Directory(following=1), lost, Directory()))
    last = contents(io.BytesIO(bytes(data))).groups[-1][0].offset
    if lost.following == 2:
        data[last : last + 2] = b"\xff\xff"
    message = refusal(bytes(data))
    assert ": the list of its pages breaks off after page 2; get a fresh copy, or choose" in message
    assert message.endswith("choose one of those that are there with `page=1` to 2")
    picture = read_nir(bytes(data), page=2)
    np.testing.assert_allclose(picture.pixels, 2 / 255, atol=1e-6)
    assert "breaks off after page 2: others may be lost" in picture.info.warnings[0]


def test_a_multi_page_file_cut_at_any_place_is_never_one_page_without_a_word() -> None:
    data = tiff_pages(RAMP, RAMP[::-1], RAMP // 2)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        last = file.pages[2].offset
    for cut in range(200, last, 97):
        assert "truncated" in refusal(data[:cut])
    assert "has 3 pages" in refusal(data[:-1])  # the list is whole: the last one is missed when it is chosen
    assert "truncated" in refusal(data[:-1], page=3)


@pytest.mark.parametrize("kind", ["tifffile", "ImageJ", "MetaMorph"])
def test_one_page_that_promises_more_than_there_is_tells_of_it(kind: str) -> None:
    if kind == "tifffile":
        data = tiff(np.stack([RAMP, RAMP[::-1], RAMP // 2]), truncate=True, photometric="minisblack")[:-9]
    elif kind == "ImageJ":
        data = tiff(RAMP, description="ImageJ=1.53k\nimages=3\nslices=3\nloop=false\n", metadata=None)
    else:
        data = tiff(RAMP, extratags=[(33629, 5, 3, (1,) * 6, True)])
    assert refusal(data).startswith("says that it holds 3 pictures, but lists 1; ")
    picture = read_nir(data, page=1)
    np.testing.assert_allclose(picture.pixels, RAMP / 255, atol=1e-6)
    assert "says that it holds 3 pictures, but lists 1: others may be lost" in picture.info.warnings


@pytest.mark.parametrize("shape", [[RAMP.size], [], "x", None, [10**900], [float("inf")], ["3"], {"a": 1}])
def test_a_description_that_makes_no_sense(shape: object) -> None:
    data = tiff(RAMP, description=json.dumps({"shape": shape}), metadata=None)
    if shape == [10**900]:
        assert refusal(data).startswith("says that it holds 1000000000 pictures, but lists 1; ")
    else:
        assert read_nir(data).info.warnings == ()


@pytest.mark.parametrize("photometric", ["minisblack", "rgb"])
def test_stacks_of_pages_hold_what_they_promise(photometric: str) -> None:
    pixels = np.stack([rgb(RAMP) if photometric == "rgb" else RAMP] * 3)
    for imagej in (False, True):
        assert refusal(tiff(pixels, photometric=photometric, imagej=imagej)).startswith("has 3 pages; choose one")


def test_a_damaged_sub_page_is_told() -> None:
    picture = read_nir(directories(Directory(beneath=(-1, 1)), Directory(kind=1)))
    assert picture.info.warnings == ("some of what is stored beneath its pages cannot be read",)


def test_a_file_without_a_page() -> None:
    assert refusal(b"II*\0" + bytes(12)) == "is damaged: it has no first page (no link); get a fresh copy"


# --- previews and overviews -------------------------------------------------------------------------------------------


def with_sub_page(preview: np.ndarray, below: np.ndarray, kind: int = 0, **options: object) -> bytes:
    """A TIFF page and a picture beneath it, of which only the page is marked as ``kind``."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(preview, metadata=None, subfiletype=kind, subifds=1, photometric="minisblack")
        writer.write(below, metadata=None, subfiletype=0, **options)
    return stream.getvalue()


def test_a_small_preview_is_not_taken_for_the_picture_beneath_it() -> None:
    picture = read_nir(with_sub_page(RAMP[::4, ::4].copy(), RAMP16))
    np.testing.assert_allclose(picture.pixels, RAMP16 / 65535, atol=1e-7)
    assert picture.info.warnings == (
        "its page of 14 x 10 pixels is a preview of the picture beneath it, of 53 x 37, which was read",
    )


def test_a_preview_that_says_so_needs_no_word() -> None:
    picture = read_nir(with_sub_page(RAMP[::4, ::4].copy(), RAMP16, kind=1))
    np.testing.assert_allclose(picture.pixels, RAMP16 / 65535, atol=1e-7)
    assert picture.info.warnings == ()


def test_what_describes_a_page_describes_the_picture_beneath_it() -> None:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        tags = [(271, 2, 0, "Maker", True), (274, 3, 1, 6, True)]
        writer.write(RAMP[::4, ::4].copy(), metadata=None, subifds=1, extratags=tags)
        writer.write(RAMP16, metadata=None)
    picture = read_nir(stream.getvalue())
    np.testing.assert_allclose(picture.pixels, np.rot90(RAMP16, -1) / 65535, atol=1e-7)
    assert b"Maker" in (picture.info.exif or b"")


def test_overviews_beneath_a_page_need_no_word() -> None:
    picture = read_nir(with_sub_page(RAMP16, RAMP[::4, ::4].copy()))
    np.testing.assert_allclose(picture.pixels, RAMP16 / 65535, atol=1e-7)
    assert picture.info.warnings == ()


def test_two_pictures_of_one_size_are_asked_for() -> None:
    data = with_sub_page(RAMP, RAMP16)
    assert refusal(data) == "has 2 pages; choose one with `page=1` to 2"
    np.testing.assert_allclose(read_nir(data, page=2).pixels, RAMP16 / 65535, atol=1e-7)


def test_a_file_of_overviews_names_the_way_out() -> None:
    data = tiff(RAMP, subfiletype=1)
    assert refusal(data) == "holds overviews or masks only; give the file that they were made for"


# --- camera raw -------------------------------------------------------------------------------------------------------

DNG = [(50706, 1, 4, b"\1\4\0\0", True)]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without the extra that develops camera raw."""
    monkeypatch.setitem(sys.modules, "rawpy", None)


@pytest.mark.parametrize("kind", [0, 1], ids=["unmarked", "marked"])
@pytest.mark.parametrize("photometric", ["cfa", "linear_raw"])
def test_camera_raw_is_healthy_and_named(photometric: str, kind: int, bare: None) -> None:
    samples = rgb(RAMP16) if photometric == "linear_raw" else RAMP16
    data = with_sub_page(RAMP[::4, ::4].copy(), samples, kind, photometric=photometric, extratags=DNG)
    assert refusal(data) == "is camera raw (DNG); pip install 'nircolor[raw]', or develop it to TIFF first"


def test_raw_beside_a_preview_on_a_page_of_its_own(bare: None) -> None:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(RAMP[::4, ::4].copy(), metadata=None, photometric="minisblack")
        writer.write(RAMP16, metadata=None, photometric="cfa")
    assert refusal(stream.getvalue()) == "is camera raw; pip install 'nircolor[raw]', or develop it to TIFF first"
    assert read_nir(stream.getvalue(), page=1).pixels.shape == (10, 14)


@pytest.mark.parametrize(
    "head",
    [
        b"IIRO\x08\0\0\0",
        b"IIU\0\x08\0\0\0",
        b"FUJIFILMCCD-RAW 0201",
        b"II*\0\x10\0\0\0CR\2\0",
        b"\0\0\0\x18ftypcrx \0\0",
    ],
    ids=["ORF", "RW2", "RAF", "CR2", "CR3"],
)
def test_raw_files_that_are_no_tiff(head: bytes, bare: None) -> None:
    reason = "is camera raw, for which an extra is needed; pip install 'nircolor[raw]', or develop it to TIFF first"
    assert refusal(head + bytes(100)) == reason


def test_pages_of_a_file_with_one() -> None:
    assert "has 1 page(s), not 2; choose one with `page=1`" in refusal(tiff(RAMP), page=2)
    with pytest.raises(InputError, match="one page only, not 2"):
        read_nir(png(RAMP), page=2)
