"""Files of several pages of which not all can be colorized, and what is said of those that can."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from image_files import RAMP, RAMP16, tiff, tiff_pages
from page_tools import copied, grey_copy, made, made_of

from nircolor.errors import ColourInputError, InputError, OutputExistsError, StoppedError, UsageError
from nircolor.every_page import Pages, check_target
from nircolor.image import Page, list_pages
from nircolor.picture import Reading, Writing

COLOURFUL = np.dstack([RAMP, RAMP[::-1], RAMP[:, ::-1]])


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
