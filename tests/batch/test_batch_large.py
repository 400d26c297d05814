"""Pictures of a folder that are too large to be held: read and written by windows, with the same bytes and rows."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batch_tools import engine, picture, tree
from cli_batch_tools import manifest
from spread_tools import save_weights

import nircolor
from nircolor import picture as pictures
from nircolor.batch.disk import Disk
from nircolor.batch.entry import Row
from nircolor.batch.local import Hooks, run
from nircolor.batch.plan import find
from nircolor.batch.process import Work
from nircolor.batch.settings import Settings
from nircolor.batch.walk import Naming, Selection
from nircolor.colorizer import Colorizer
from nircolor.pages.reduced import Reduced
from nircolor.pages.thumbnails import reduce


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for i, name in enumerate(("a.png", "b.tif", "c.tif")):
        picture(tmp_path / "in" / name, i, 90 + i, 600 if i == 2 else 100, bits=8 * (1 + i % 2))
    return Settings(Disk(tmp_path / "in"), Disk(tmp_path / "out"))


def work(settings: Settings, **hooks: Any) -> list[Row]:
    found: list[Row] = []
    entries = find(settings.root, settings.target, Selection(), Naming(), {}).entries
    run(entries, settings, engine(2), Hooks(None, found.append, **hooks), threading.Event())
    return sorted(found, key=lambda row: row.input)  # small pictures end in any order


def test_large_pictures_get_the_same_bytes_and_rows(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, expected = work(settings), tree(settings.target.path)
    assert {row.status for row in rows} == {"done"}
    for path in settings.target.path.glob("*_rgb.*"):
        path.unlink()
    monkeypatch.setattr(pictures, "HELD", 0)
    monkeypatch.delattr(Colorizer, "colorize_together")
    streamed = work(settings)
    assert tree(settings.target.path) == expected
    assert [(row.input, row.status, row.sha256, row.width, row.output_bytes) for row in streamed] == [
        (row.input, row.status, row.sha256, row.width, row.output_bytes) for row in rows
    ]
    assert all(row.seconds > 0 for row in streamed)


def test_they_are_shown_reduced(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: dict[str, tuple[Any, Any]] = {}

    def show(work: Work, nir: Any, rgb: Any) -> None:
        shown[work.entry.source] = reduce(nir), reduce(rgb)

    work(settings, show=show)
    held = dict(shown)
    shown.clear()
    for path in settings.target.path.glob("*_rgb.*"):
        path.unlink()
    monkeypatch.setattr(pictures, "HELD", 0)
    work(settings, show=show)
    assert set(shown) == set(held) == {"a.png", "b.tif", "c.tif"}
    for name in ("a.png", "b.tif"):
        for one, other in zip(shown[name], held[name], strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)
    assert shown["c.tif"][1].shape == (46, 300, 3)  # cells of 2 x 2
    assert shown["c.tif"][0].mean() == pytest.approx(held["c.tif"][0].mean(), abs=1e-3)


def test_reduced_pieces_are_means_of_cells() -> None:
    image = np.random.default_rng(0).random((700, 1100, 3), np.float32)
    reduced = Reduced((700, 1100))
    for top in range(0, 700, 130):
        for left in range(0, 1100, 333):
            reduced.add(top, left, image[top : top + 130, left : left + 333])
    cells = np.add.reduceat(np.add.reduceat(image.astype(float), range(0, 700, 3), axis=0), range(0, 1100, 3), axis=1)
    count = np.add.reduceat(
        np.add.reduceat(np.ones((700, 1100, 1)), range(0, 700, 3), axis=0), range(0, 1100, 3), axis=1
    )
    np.testing.assert_allclose(reduced.picture(), cells / count, atol=1e-6)


def test_an_input_that_changes_while_it_is_read_is_no_output(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "HELD", 0)
    paint = Colorizer.paint

    def touched(colorizer: Colorizer, image: Any, **options: Any) -> Any:
        for number, piece in enumerate(paint(colorizer, image, **options)):
            if not number and image.shape[1] == 600:
                path = settings.root.path / "c.tif"
                path.write_bytes(path.read_bytes())
            yield piece

    monkeypatch.setattr(Colorizer, "paint", touched)
    rows = {row.input: row for row in work(settings)}
    assert [rows[name].status for name in ("a.png", "b.tif", "c.tif")] == ["done", "done", "failed"]
    assert "was changed while it was read" in str(rows["c.tif"].error)
    assert sorted(tree(settings.target.path)) == ["a_rgb.png", "b_rgb.tif"]


KILLED = textwrap.dedent("""
    import os, signal, sys
    import nircolor
    from nircolor import picture
    from nircolor.colorizer import Colorizer

    paint = Colorizer.paint

    def deadly(colorizer, image, **options):
        for number, piece in enumerate(paint(colorizer, image, **options)):
            if image.shape[1] == 600 and number == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            yield piece

    picture.HELD, Colorizer.paint = 0, deadly
    engine = nircolor.EngineConfig(sys.argv[3], "cpu", "fp32", tiling=nircolor.Tiling(64, 8))
    nircolor.colorize_folder(sys.argv[1], sys.argv[2], engine=engine)
""")


def test_a_kill_half_way_leaves_nothing_partial_and_resume_goes_on(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, source, target = save_weights(tmp_path), settings.root.path, settings.target.path
    done = subprocess.run([sys.executable, "-c", KILLED, source, target, weights], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    made = tree(target)
    assert sorted(name for name in made if not name.startswith(".nircolor-")) == ["a_rgb.png", "b_rgb.tif"]
    assert len(made) == 3  # the beginning of the third, under a temporary name
    assert [row["status"] for row in manifest(target) if row["output"] == "c_rgb.tif"] == ["begun"]

    engine = nircolor.EngineConfig(str(weights), "cpu", "fp32", tiling=nircolor.Tiling(64, 8))
    monkeypatch.setattr(pictures, "HELD", 0)
    result = nircolor.colorize_folder(source, target, engine=engine, policy="resume")
    assert (result.done, result.kept, result.failed) == (1, 2, 0)
    nircolor.colorize_folder(source, tmp_path / "whole", engine=engine)
    assert tree(target) == tree(tmp_path / "whole")
