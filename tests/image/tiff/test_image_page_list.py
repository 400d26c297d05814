"""Pages of a file, listed once and read one by one; stacks behind a single page; what is no page."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
import tifffile
from image_files import RAMP, RAMP16, png, tiff, tiff_pages
from tiff_files import Directory, directories

from nircolor.errors import InputError
from nircolor.image import PageList, decode, list_pages, read_nir
from nircolor.image.tiff import page_list

STACK = np.stack([RAMP16, RAMP16[::-1], RAMP16 // 2])
OME = "the OME-XML is not kept: it is about the near-infrared file"
IMAGEJ = "the ImageJ description is not kept: it is about the near-infrared file"


def listed(data: bytes | Path) -> PageList:
    found = list_pages(data)
    assert found is not None
    return found


def all_of(data: bytes | Path) -> list[np.ndarray]:
    return [read_nir(data, page=page).pixels for page in listed(data).pages]


def assert_holds(data: bytes | Path, *pages: np.ndarray) -> None:
    found = all_of(data)
    assert len(found) == len(pages)
    for number, (pixels, page) in enumerate(zip(found, pages, strict=True), 1):
        np.testing.assert_allclose(pixels, page / np.iinfo(page.dtype).max, atol=1e-6)
        np.testing.assert_array_equal(pixels, read_nir(data, page=number).pixels)


def test_only_a_tiff_has_pages() -> None:
    assert list_pages(png(RAMP)) is None
    assert list_pages(b"something else altogether") is None
    assert_holds(tiff(RAMP), RAMP)
    with pytest.raises(InputError, match=r"nowhere\.tif: does not exist"):
        list_pages("nowhere.tif")


def test_pages_of_different_sizes_and_depths() -> None:
    assert_holds(tiff_pages(RAMP, RAMP16[3:], RAMP[:5, :7].copy()), RAMP, RAMP16[3:], RAMP[:5, :7])
    assert listed(tiff_pages(RAMP, RAMP[:5, :7].copy())).pixels == RAMP.size + 35


@pytest.mark.parametrize("big", [False, True], ids=["classic", "big"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_page_can_be_the_first(big: bool, order: str) -> None:
    data = directories(*(Directory(following=number + 1) for number in range(4)), Directory(), big=big, order=order)
    assert [pixels[0, 0] for pixels in all_of(data)] == pytest.approx([n / 255 for n in range(1, 6)])


# --- as many reads as there are pages ---------------------------------------------------------------------------------


class Counted(io.BytesIO):
    """How often, and how much of, a file is read: the measure of work that no machine changes."""

    reads = bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.reads, self.bytes = self.reads + 1, self.bytes + len(data)
        return data


def test_the_work_grows_with_the_pages_and_not_with_their_square(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Counted] = []

    @contextmanager
    def counted(source: bytes) -> Iterator[BinaryIO]:
        opened.append(Counted(source))
        yield opened[-1]

    monkeypatch.setattr(page_list, "open_source", counted)
    monkeypatch.setattr(decode, "open_source", counted)
    work = []
    for count in (50, 500):
        opened.clear()
        description = "<?xml?><OME>" + "<TiffData/>" * count  # OME-XML grows with the pages that it lists
        data = io.BytesIO()
        with tifffile.TiffWriter(data) as writer:
            for number in range(count):
                writer.write(RAMP[:4, :4].copy(), metadata=None, description=None if number else description)
        assert len(all_of(data.getvalue())) == count
        work.append((sum(stream.reads for stream in opened), sum(stream.bytes for stream in opened)))
    (few_reads, few_bytes), (reads, total) = work
    assert reads <= 10.1 * few_reads
    assert total <= 10.1 * few_bytes


# --- what programs of microscopy write --------------------------------------------------------------------------------


def test_the_pages_of_an_ome_tiff() -> None:
    data = tiff(STACK, ome=True, metadata={"axes": "ZYX"}, photometric="minisblack")
    assert_holds(data, *STACK)
    assert listed(data).notes == (OME,)
    picture = read_nir(data, page=1)
    assert picture.info.warnings == (OME,)
    assert b"OME" not in (picture.info.exif or b"")


@pytest.mark.parametrize("size", [100, 3 << 20])
def test_hostile_xml_is_never_parsed(size: int) -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 30))
    xml = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{entities}]><OME>&l29;{"x" * size}</OME>'.encode()
    picture = read_nir(tiff(RAMP, extratags=[(270, 2, len(xml), xml, True)], metadata=None))
    assert picture.info.warnings == (OME,)
    assert b"OME" not in (picture.info.exif or b"")


def test_the_pages_of_an_imagej_stack() -> None:
    data = tiff(STACK, imagej=True, photometric="minisblack")
    assert_holds(data, *STACK)
    assert listed(data).notes == (IMAGEJ,)
    assert b"ImageJ" not in (read_nir(data, page=1).info.exif or b"")


def stacks() -> dict[str, bytes]:
    behind: dict[str, Any] = {"truncate": True, "photometric": "minisblack"}
    return {
        "ImageJ": tiff(STACK, imagej=True, **behind),
        "tifffile": tiff(STACK, **behind),
        "MetaMorph": tiff(STACK, **behind, metadata=None, extratags=[(33629, 5, 3, (1,) * 6, True)]),
        "strips": tiff(STACK, **behind, rowsperstrip=5),
    }


@pytest.mark.parametrize("kind", stacks())
def test_a_stack_behind_a_single_page(kind: str) -> None:
    data = stacks()[kind]
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert len(file.pages) == 1
    assert_holds(data, *STACK)
    with pytest.raises(InputError, match="has 3 pages; choose one with `page=1` to 3"):
        read_nir(data)


def cut(data: bytes) -> bytes:
    return data[:-20]


def packed(data: bytes) -> bytes:
    return data.replace(b"\x03\x01\x03\0\1\0\0\0\1\0", b"\x03\x01\x03\0\1\0\0\0\5\0", 1)  # compression: LZW


def promising(data: bytes) -> bytes:
    return data.replace(b"images=3\n", b"images=9\n", 1)


@pytest.mark.parametrize("spoil", [cut, promising, packed])
def test_a_stack_that_is_not_all_there_is_no_stack(spoil: Callable[[bytes], bytes]) -> None:
    data = spoil(stacks()["ImageJ"])
    with pytest.raises(InputError, match=r"says that it holds \d pictures, but lists 1"):
        list_pages(data)
    with pytest.raises(InputError, match=r"says that it holds \d pictures, but lists 1"):
        read_nir(data)
    with pytest.raises(InputError, match=r"has 1 page\(s\), not 2"):
        read_nir(data, page=2)


def test_the_pictures_of_a_stack_do_not_lie_on_what_describes_it() -> None:
    """Here the directory comes after the samples, where the second picture would be."""
    first = RAMP[:4, :4].copy()
    text = b"ImageJ=1.53k\nimages=3\nslices=3\n"
    data = bytearray(tiff(first, description=text.decode(), metadata=None, align=1))
    place = data.index(first.tobytes())
    moved = bytes(data[:8]) + first.tobytes() + bytes(data[8:place]) + bytes(200)
    assert place > 8
    moved = bytearray(moved)
    moved[4:8] = (24).to_bytes(4, "little")
    shifted = io.BytesIO(bytes(moved))
    for tag, value in ((273, 8), (270, moved.index(text))):
        at = moved.index(tag.to_bytes(2, "little"), 24)
        shifted.seek(at + 8)
        shifted.write(value.to_bytes(4, "little"))
    with pytest.raises(InputError, match="says that it holds 3 pictures, but lists 1"):
        list_pages(shifted.getvalue())
    np.testing.assert_allclose(read_nir(shifted.getvalue(), page=1).pixels, first / 255, atol=1e-6)


def test_an_imagej_stack_beyond_4_gigabytes(tmp_path: Path) -> None:
    """As ImageJ writes it: a classic TIFF with one directory. Most of the file is a hole, and takes no room."""
    side, count = 1024, 2200
    first = np.full((side, side), 257, np.uint16)
    text = f"ImageJ=1.53k\nimages={count}\nslices={count}\nloop=false\n"
    data = tiff(first, description=text, metadata=None, byteorder=">")
    start = data.index(first.astype(">u2").tobytes())
    path, step = tmp_path / "stack.tif", first.nbytes
    with path.open("wb") as file:
        file.write(data[: start + step])
        for number, value in ((1, 514), (count - 1, 65535)):
            file.seek(start + number * step)
            file.write(np.full((side, side), value, ">u2").tobytes())
        size = file.tell()
    assert size > 4 << 30
    pages = listed(path).pages
    assert len(pages) == count
    for number, value in ((1, 1 / 255), (2, 2 / 255), (count, 1.0)):
        pixels = read_nir(path, page=pages[number - 1]).pixels
        assert (pixels.min(), pixels.max()) == pytest.approx((value, value))


# --- what is no page --------------------------------------------------------------------------------------------------


def pyramid(ome: bool, levels: int = 2) -> bytes:
    """Two pages of 64 x 64 with smaller copies in SubIFDs, as OME-TIFF and bioformats2raw have them."""
    pages = np.stack([np.kron(RAMP[:16, :16], np.ones((4, 4), np.uint8))] * 2)
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, ome=ome) as writer:
        writer.write(pages, subifds=levels, metadata={"axes": "ZYX"}, photometric="minisblack", tile=(32, 32))
        for level in range(1, levels + 1):
            small = pages[:, :: 2**level, :: 2**level].copy()
            writer.write(small, subfiletype=1, photometric="minisblack", tile=(16, 16))
    return stream.getvalue()


@pytest.mark.parametrize("ome", [False, True], ids=["plain", "OME"])
def test_levels_of_a_pyramid_are_no_pages(ome: bool) -> None:
    assert [pixels.shape for pixels in all_of(pyramid(ome))] == [(64, 64)] * 2


def cloud_optimized(masks: bool) -> bytes:
    """Two pages, each followed by its overviews, and by masks of them, in the order of GDAL."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for page in (RAMP16, RAMP16[::-1].copy()):
            writer.write(page, metadata=None)
            for kind, step in ((4, 1), (1, 2), (5, 2), (1, 4), (5, 4)):
                part = page[::step, ::step].copy()
                if not kind & 4:
                    writer.write(part, metadata=None, subfiletype=kind)
                elif masks:
                    writer.write(part > 9, metadata=None, subfiletype=kind, photometric="mask")
    return stream.getvalue()


@pytest.mark.parametrize("masks", [False, True])
def test_overviews_and_masks_in_the_list_are_no_pages(masks: bool) -> None:
    data = cloud_optimized(masks)
    assert_holds(data, RAMP16, RAMP16[::-1])
    assert listed(data).notes == ()
    for page, stored in zip(listed(data).pages, (RAMP16, RAMP16[::-1]), strict=True):
        picture = read_nir(data, page=page)
        assert picture.info.warnings == ()
        assert (picture.alpha is not None) == masks
        if picture.alpha is not None:
            np.testing.assert_array_equal(picture.alpha, stored > 9)


def test_a_list_that_breaks_off_is_not_all_of_the_pages() -> None:
    data = directories(Directory(following=1), Directory(following=-1))
    with pytest.raises(InputError, match=r"breaks off after page 2; get a fresh copy, or choose one .* `page=1` to 2"):
        list_pages(data)


def test_pages_that_run_in_a_circle_are_listed_once() -> None:
    found = listed(directories(Directory(following=1), Directory(following=0)))
    assert len(found.pages) == 2
    assert found.notes == ("the list of its pages runs in a circle: each of them counts once",)
