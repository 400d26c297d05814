"""All pages of a file into the pages of another: each as it was, in flat memory, or none of them."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import RAMP, RAMP16, RAMP_FLOAT, exif_bytes, tiff_pages
from page_tools import copied, made, made_of

from nircolor.image import read_nir
from nircolor.image.info import ImageInfo
from nircolor.image.sink import open_page
from nircolor.image.tiff import write as tiff_write_module
from nircolor.image.tiff.write import TiffPages


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
