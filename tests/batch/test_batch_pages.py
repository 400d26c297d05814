"""Files of several pages in a folder, of which all are wanted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from batch_tools import picture, tree
from image_files import RAMP, RAMP16, rgb, tiff_pages
from spread_tools import save_weights

import nircolor
from nircolor.batch.manifest import NAME

ALL = nircolor.Reading(page="all")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> nircolor.EngineConfig:
    return nircolor.EngineConfig(str(save_weights(tmp_path_factory.mktemp("weights"))), "cpu", "fp32")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A picture, a file of three pages, and one whose second page is in colour."""
    source = tmp_path / "in"
    picture(source / "alone.png")
    (source / "many.tif").write_bytes(tiff_pages(RAMP, RAMP16[3:], RAMP[:5, :7].copy()))
    colours = np.dstack([RAMP, RAMP[::-1], RAMP[:, ::-1]])
    (source / "mixed.tif").write_bytes(tiff_pages(rgb(RAMP), colours))
    return source


@pytest.mark.parametrize("workers", [None, 2])
def test_all_pages_of_every_file(
    engine: nircolor.EngineConfig, folder: Path, tmp_path: Path, workers: int | None
) -> None:
    out, sheet = tmp_path / "out", tmp_path / "sheet.html"
    result = nircolor.colorize_folder(folder, out, engine=engine, reading=ALL, workers=workers, contact_sheet=sheet)
    assert (result.done, result.failed) == (2, 1)
    (failure,) = result.failures
    assert failure.input == "mixed.tif"
    assert failure.error.startswith("page 2: is a colour picture")
    assert result.megapixels == pytest.approx((20 * 28 + RAMP.size + RAMP16[3:].size + 35) / 1e6, abs=1e-6)
    assert sheet.read_text().count('<article class="strip">') == 2
    rows = [json.loads(line) for line in (out / NAME).read_text().splitlines()]
    done = {row["input"]: row for row in rows if row["status"] == "done"}
    assert (done["many.tif"]["pages"], done["many.tif"]["pixels"]) == (3, RAMP.size + RAMP16[3:].size + 35)
    assert (done["many.tif"]["width"], done["many.tif"]["height"]) == RAMP.shape[::-1]
    assert "pages" not in done["alone.png"]
    nircolor.colorize_file(folder / "many.tif", tmp_path / "many.tif", engine=engine, reading=ALL)
    assert sorted(tree(out)) == ["alone_rgb.png", "many_rgb.tif"]
    with tifffile.TiffFile(out / "many_rgb.tif") as made, tifffile.TiffFile(tmp_path / "many.tif") as alone:
        assert [page.shape for page in made.pages] == [(37, 53, 3), (34, 53, 3), (5, 7, 3)]
        for one, two in zip(made.pages, alone.pages, strict=True):
            np.testing.assert_allclose(one.asarray(), two.asarray(), atol=1)


def test_going_on_leaves_out_what_is_done(engine: nircolor.EngineConfig, folder: Path, tmp_path: Path) -> None:
    first = nircolor.colorize_folder(folder, tmp_path / "out", engine=engine, reading=ALL)
    again = nircolor.colorize_folder(folder, tmp_path / "out", engine=engine, reading=ALL, policy="resume")
    assert (first.done, again.done, again.kept, again.failed) == (2, 0, 2, 1)
    one = nircolor.Reading(page=1)
    other = nircolor.colorize_folder(folder, tmp_path / "out", engine=engine, reading=one, policy="resume")
    assert (other.done, other.failed) == (3, 0)  # another page is another output


def test_formats_without_pages_fail_file_by_file(engine: nircolor.EngineConfig, folder: Path, tmp_path: Path) -> None:
    writing = nircolor.Writing(format="png")
    result = nircolor.colorize_folder(folder, tmp_path / "out", engine=engine, reading=ALL, writing=writing)
    errors = {failure.input: failure.error for failure in result.failures}
    reason = "PNG holds one picture, and the input has {} pages; write TIFF, or choose one with `page=1` to {}"
    assert errors == {"many.tif": reason.format(3, 3), "mixed.tif": reason.format(2, 2)}
    assert sorted(tree(tmp_path / "out")) == ["alone_rgb.png"]
    offered = nircolor.colorize_folder(folder, tmp_path / "other", engine=engine)
    assert all("take all of them with `page=all`" in failure.error for failure in offered.failures)
