"""All pages of a file into the pages of another: each as it was, in flat memory, or none of them."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import RAMP, RAMP16, RAMP_FLOAT, exif_bytes, tiff, tiff_pages

from nircolor.errors import ColourInputError, InputError, OutputExistsError, StoppedError, UsageError
from nircolor.every_page import Pages, PagesDone, check_target
from nircolor.image import Page, list_pages, read_nir
from nircolor.image.info import ImageInfo
from nircolor.image.sink import open_page
from nircolor.image.tiff import write as tiff_write_module
from nircolor.image.tiff.write import TiffPages
from nircolor.picture import Reading, Windows, Writing
from nircolor.tiling import Piece

COLOURFUL = np.dstack([RAMP, RAMP[::-1], RAMP[:, ::-1]])


def grey_copy(image: Windows) -> Iterator[Piece]:
    """Colours that are those of the input, in pieces of other sizes than the tiles of a file."""
    height, width = image.shape
    for top in range(0, height, 100):
        for left in range(0, width, 300):
            nir = image[top : min(top + 100, height), left : min(left + 300, width)]
            yield Piece(top, left, np.dstack([nir] * 3))


def nobody(page: Page) -> None:
    """Who hears of no page."""


def copied(
    data: bytes, place: Any, reading: Reading | None = None, writing: Writing | None = None, overwrite: bool = False
) -> PagesDone:
    listed = list_pages(data)
    assert listed is not None
    pages = Pages(data, listed, reading or Reading(), writing or Writing(), "x.tif", "y.tif")
    return pages.colorize(place, grey_copy, overwrite, nobody)


def made_of(data: bytes, **options: Any) -> list[tifffile.TiffPage]:
    stream = io.BytesIO()
    copied(data, stream, **options)
    stream.seek(0)
    with tifffile.TiffFile(stream) as file:
        for page in file.pages:
            page.asarray()
        return list(file.pages)


def made(data: bytes, **options: Any) -> list[np.ndarray]:
    stream = io.BytesIO()
    copied(data, stream, **options)
    stream.seek(0)
    with tifffile.TiffFile(stream) as file:
        return [page.asarray() for page in file.pages]


def test_pages_keep_their_sizes_and_depths_and_order() -> None:
    pages = (RAMP, RAMP16[5:], RAMP_FLOAT[:, 9:].copy(), RAMP[:1, :1].copy())
    done = copied(tiff_pages(*pages), io.BytesIO())
    assert (done.pages, done.pixels) == (4, sum(page.size for page in pages))
    assert (done.height, done.width, done.depth, done.remarks) == (*RAMP.shape, 8, ())
    for page, colours in zip(pages, made(tiff_pages(*pages)), strict=True):
        np.testing.assert_array_equal(colours, np.dstack([page] * 3))


sides = st.tuples(st.integers(1, 40), st.integers(1, 40)) | st.sampled_from([(1, 700), (530, 3), (513, 600)])
kinds = st.sampled_from([np.uint8, np.uint16, np.float32])
codecs = st.sampled_from([None, "zlib", "lzw", "zstd"])


@settings(max_examples=25)
@given(st.lists(st.tuples(sides, kinds, codecs, st.booleans()), min_size=1, max_size=5), st.booleans())
def test_any_pages_come_back(wanted: list[tuple[tuple[int, int], type, str | None, bool]], big: bool) -> None:
    stream, pages = io.BytesIO(), []
    with tifffile.TiffWriter(stream, bigtiff=big) as writer:
        for number, (side, kind, codec, tiled) in enumerate(wanted):
            page = (np.arange(side[0] * side[1]).reshape(side) * 37 % 251 + 2).astype(kind)
            pages.append(page / np.float32(256) if kind is np.float32 else page * 257 if kind is np.uint16 else page)
            options: dict[str, Any] = {"tile": (16, 32)} if tiled else {}
            writer.write(pages[-1], compression=codec, metadata=None, description=f"page {number}", **options)
    made_pages = made_of(stream.getvalue())
    assert len(made_pages) == len(pages)
    for number, (page, source, (_, _, codec, _)) in enumerate(zip(made_pages, pages, wanted, strict=True)):
        assert (page.shape, page.dtype) == ((*source.shape, 3), source.dtype)
        assert page.compression.name == {None: "NONE", "lzw": "LZW"}.get(codec, "ADOBE_DEFLATE")
        assert page.description == f"page {number}"
    for source, colours in zip(pages, made(stream.getvalue()), strict=True):
        np.testing.assert_array_equal(colours, np.dstack([source] * 3))


def test_each_page_keeps_what_describes_it() -> None:
    """Resolution, names, orientation, EXIF and GPS directories, alpha: each its own."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for number in (1, 2, 3):
            tags = [(285, 2, 0, f"sheet {number}", True), (297, 3, 2, (number - 1, 3), True)]
            orientation = [(274, 3, 1, 6, True)] if number == 2 else []
            alpha = {"extrasamples": ["unassalpha"], "photometric": "minisblack", "planarconfig": "contig"}
            writer.write(
                np.dstack([RAMP, RAMP]) if number == 3 else RAMP,
                metadata=None,
                resolution=(100 * number, 50 * number),
                resolutionunit="INCH",
                extratags=[*tags, *orientation],
                **(alpha if number == 3 else {}),
            )
    pages = made_of(stream.getvalue())
    assert [page.tags[285].value for page in pages] == ["sheet 1", "sheet 2", "sheet 3"]
    assert [page.tags[297].value for page in pages] == [(0, 3), (1, 3), (2, 3)]
    assert [page.get_resolution() for page in pages] == [(100, 50), (100, 200), (300, 150)]  # the second is turned
    assert [page.shape for page in pages] == [(37, 53, 3), (53, 37, 3), (37, 53, 4)]
    assert all(page.tags.valueof(274, default=1) == 1 for page in pages)


@pytest.mark.parametrize("side", [40, 600], ids=["strips", "tiles"])
@pytest.mark.parametrize("big", [False, True], ids=["classic", "big"])
def test_the_exif_of_each_page(side: int, big: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with_exif = tiff_with_exif(side)
    assert b"Maker" in (read_nir(with_exif, page=2).info.exif or b"")
    if big:
        monkeypatch.setattr(tiff_write_module, "_BIG_LZW", 0)
    stream = io.BytesIO()
    copied(with_exif, stream)
    assert stream.getvalue()[2] == (43 if big else 42)
    for number in (1, 2, 3):
        before, after = (read_nir(data, page=number, grey=True) for data in (with_exif, stream.getvalue()))
        assert after.info.exif == before.info.exif
        np.testing.assert_allclose(after.pixels, before.pixels, atol=1e-6)


def tiff_with_exif(side: int) -> bytes:
    """Three pages, of which the first two have EXIF and GPS directories: put together by the writer of pages itself."""
    stream = io.BytesIO()
    pages = TiffPages(stream, big=False)
    for block in (exif_bytes(), exif_bytes(), None):
        samples = np.full((side, side, 3), 77, np.uint8)
        sink = open_page(pages, samples.shape, samples.dtype, ImageInfo("TIFF", "uint8", exif=block))
        sink.add(0, 0, samples)
        sink.finish()
    return stream.getvalue()


def test_a_pillow_reads_all_pages() -> None:
    """Another program than ours, and than what we write with."""
    from PIL import Image, ImageSequence

    stream = io.BytesIO()
    copied(tiff_pages(RAMP, RAMP[3:], RAMP[:, :9].copy()), stream)
    with Image.open(stream) as image:
        sizes = [frame.size for frame in ImageSequence.Iterator(image)]
    assert sizes == [(53, 37), (53, 34), (9, 37)]


@pytest.mark.parametrize("beneath", [True, False], ids=["SubIFDs", "list"])
def test_levels_of_a_pyramid_become_no_pages(beneath: bool) -> None:
    pages = (np.kron(RAMP, np.ones((2, 2), np.uint8)), np.kron(RAMP[::-1], np.ones((2, 2), np.uint8)))
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for page in pages:
            writer.write(page, metadata=None, subifds=1 if beneath else 0)
            writer.write(page[::2, ::2].copy(), metadata=None, subfiletype=1)
    colours = made(stream.getvalue())
    assert len(colours) == 2
    for page, found in zip(pages, colours, strict=True):
        np.testing.assert_array_equal(found, np.dstack([page] * 3))


# --- whole or not at all ----------------------------------------------------------------------------------------------


def test_a_page_of_colour_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    data = tiff_pages(RAMP, COLOURFUL, RAMP)
    with pytest.raises(ColourInputError, match=r"page 2: is a colour picture.*`colours=colorize`"):
        copied(data, tmp_path / "out.tif")
    with pytest.raises(ColourInputError, match=r"page 2: is a colour picture.*; only whole files are copied"):
        copied(data, tmp_path / "out.tif", Reading(colours="copy"))
    assert list(tmp_path.iterdir()) == []
    assert len(made(data, reading=Reading(colours="colorize"))) == 3


def test_a_damaged_page_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    data = bytearray(tiff_pages(RAMP, RAMP16, RAMP // 2))
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        link = file.pages[2].tags[273]
    data[link.offset + 8 : link.offset + 12] = (1 << 30).to_bytes(4, "little")  # its strip lies nowhere
    with pytest.raises(InputError, match="page 3: is truncated"):
        copied(bytes(data), tmp_path / "out.tif")
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_is_there_stays(tmp_path: Path) -> None:
    target = tmp_path / "out.tif"
    target.write_bytes(b"mine")
    with pytest.raises(OutputExistsError):
        copied(tiff_pages(RAMP, RAMP), target)
    with pytest.raises(ColourInputError):
        copied(tiff_pages(RAMP, COLOURFUL), target, overwrite=True)
    assert target.read_bytes() == b"mine"
    copied(tiff_pages(RAMP, RAMP), target, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out.tif"]


def test_whoever_hears_of_the_pages_can_end_the_work(tmp_path: Path) -> None:
    data, heard = tiff_pages(RAMP, RAMP, RAMP), []
    listed = list_pages(data)
    assert listed is not None

    def hear(page: Page) -> None:
        heard.append(page.number)
        if page.number == 2:
            raise StoppedError("stopped")

    with pytest.raises(StoppedError):
        Pages(data, listed, Reading(), Writing(), "x", "y").colorize(tmp_path / "out.tif", grey_copy, False, hear)
    assert (heard, list(tmp_path.iterdir())) == ([1, 2], [])


@pytest.mark.parametrize("name", ["out.png", "out.jpg", "out.webp", "out.bmp"])
def test_formats_without_pages_are_refused(name: str) -> None:
    reason = r"holds one picture, and the input has 3 pages; write TIFF, or choose one with `page=1` to 3"
    with pytest.raises(UsageError, match=reason):
        check_target(3, Path(name), Writing())
    check_target(1, Path(name), Writing())
    check_target(3, Path("out"), Writing())
    with pytest.raises(UsageError, match="PNG holds one picture"):
        check_target(3, None, Writing(format="png"))


# --- what is said -----------------------------------------------------------------------------------------------------


def test_what_holds_for_many_pages_is_said_once() -> None:
    dark = RAMP16 // 100
    done = copied(tiff_pages(RAMP16, dark, RAMP16, dark // 2, np.full_like(RAMP16, 65535), dark), io.BytesIO())
    (line,) = done.remarks
    assert line.startswith("x.tif: page 2 and 2 more: ")
    done = copied(tiff_pages(RAMP16, dark), io.BytesIO())
    assert done.remarks[0].startswith("x.tif: page 2: ")


def test_what_holds_for_the_file_is_said_without_a_page() -> None:
    stack = np.stack([RAMP, RAMP, RAMP])
    data = tiff(stack, ome=True, metadata={"axes": "ZYX"}, photometric="minisblack")
    assert copied(data, io.BytesIO()).remarks == ("x.tif: the OME-XML is not kept: it is about the near-infrared file",)
    assert not any("OME" in (page.description or "") for page in made_of(data))
    behind = tiff(stack, imagej=True, truncate=True, photometric="minisblack")
    assert len(made(behind)) == 3
    assert not any("ImageJ" in (page.description or "") for page in made_of(behind))


class Counted(io.BytesIO):
    """How much of a file is read, written and sought."""

    steps = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.steps += 1
        return super().read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self.steps += 1
        return super().seek(offset, whence)


def test_the_writer_looks_at_no_page_again() -> None:
    steps = []
    for count in (20, 200):
        stream = Counted()
        pages = TiffPages(stream, big=False)
        for _ in range(count):
            pages.add(np.zeros((4, 4, 3), np.uint8), ImageInfo("TIFF", "uint8", exif=exif_bytes()))
        steps.append(stream.steps)
    assert steps[1] <= 10.1 * steps[0]


def test_memory_does_not_grow_with_the_pages(tmp_path: Path) -> None:
    """In floats, before and after, all pages of the larger file are 39 MB."""
    peaks = []
    for count in (10, 150):
        stream = io.BytesIO()
        with tifffile.TiffWriter(stream) as writer:
            for number in range(count):
                writer.write(np.full((128, 128), number % 256, np.uint8), metadata=None, compression="zlib")
        data = stream.getvalue()
        tracemalloc.start()
        assert copied(data, tmp_path / f"{count}.tif").pages == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + (4 << 20)
    with tifffile.TiffFile(tmp_path / "150.tif") as file:
        assert [int(page.asarray()[0, 0, 0]) for page in file.pages] == [number % 256 for number in range(150)]
