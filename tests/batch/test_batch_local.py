"""Entries to rows: one by one, overlapped, together; and whatever can be wrong with a picture."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batch_tools import engine, picture, tree
from clock import Clock

from nircolor.batch import local
from nircolor.batch.disk import Disk
from nircolor.batch.entry import Entry, Row
from nircolor.batch.local import Hooks, run
from nircolor.batch.plan import find
from nircolor.batch.process import Work, finish, prepare
from nircolor.batch.result import Failure, Outcome, is_hopeless
from nircolor.batch.run import Settling
from nircolor.batch.settings import Settings
from nircolor.batch.sheet import evenly
from nircolor.batch.walk import Naming, Selection
from nircolor.colorizer import Colorizer
from nircolor.tiling import Piece


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "in").mkdir()
    return Settings(Disk(tmp_path / "in"), Disk(tmp_path / "out"), options={"tile": 64}, weights="tiny")


def entries(settings: Settings) -> tuple[Entry, ...]:
    return find(settings.root, settings.target, Selection(), Naming(), {}).entries


def process(entry: Entry, settings: Settings, colorizer: Colorizer) -> Row:
    """One entry alone, all in this thread."""
    work = prepare(entry, settings)
    return finish(work, colorizer.paint(work.image), settings) if isinstance(work, Work) else work


def work(settings: Settings, batch: int = 1, **options: Any) -> list[Row]:
    found: list[Row] = []
    hooks = Hooks(announce=options.pop("announce", lambda chunk: None), record=found.append)
    run(entries(settings), settings, engine(batch), hooks, options.pop("stop", threading.Event()), **options)
    return found


def test_overlapped_work_equals_one_by_one(settings: Settings) -> None:
    for i in range(8):
        picture(
            settings.root.path / f"{i % 3}" / f"x{i}.{'tif' if i % 2 else 'png'}", i, 20 + i, 28, bits=8 * (1 + i % 2)
        )
    alone = [process(entry, settings, engine()) for entry in entries(settings)]
    expected = tree(settings.target.path)
    assert [row.status for row in alone] == ["done"] * 8
    for path in settings.target.path.rglob("*.*"):
        path.unlink()
    rows = work(settings, lanes=3)
    assert tree(settings.target.path) == expected
    assert sorted(row.input for row in rows) == [row.input for row in sorted(alone, key=lambda row: row.input)]
    assert all(row.seconds > 0 and row.sha256 and row.output_bytes and row.width == 28 for row in rows)


def test_bad_files_do_not_stop_the_rest(settings: Settings) -> None:
    root = settings.root.path
    for i in range(3):
        picture(root / f"x{i}.png")
    (root / "zero.png").write_bytes(b"")
    (root / "cut.png").write_bytes((root / "x0.png").read_bytes()[:100])
    os.mkfifo(root / "pipe.png")
    picture(root / "gone.png")
    rows = work(settings, announce=lambda chunk: (root / "gone.png").unlink())  # it vanishes after the plan
    outcome = Outcome()
    for row in rows:
        outcome.add(row)
    assert outcome.counts == {"done": 3, "failed": 4}
    reasons = {failure.input: failure.error for failure in outcome.failures}
    assert "empty (0 bytes)" in reasons["zero.png"]
    assert "does not exist" in reasons["gone.png"]
    assert "no regular file" in reasons["pipe.png"]
    assert "truncated" in reasons["cut.png"] or "damaged" in reasons["cut.png"]
    assert len(tree(settings.target.path)) == 3


def test_an_input_is_never_replaced_through_a_link(settings: Settings) -> None:
    path = picture(settings.root.path / "x.png")
    before = path.read_bytes()
    settings.target.path.mkdir()
    (settings.target.path / "x_rgb.png").symlink_to(path)
    row = process(Entry("x.png", "x_rgb.png", 0, replace=True), settings, engine())
    assert (row.status, path.read_bytes()) == ("failed", before)
    assert "input itself" in str(row.error)


def test_an_output_that_appears_meanwhile_is_not_replaced(settings: Settings) -> None:
    picture(settings.root.path / "x.png")

    def paint(image: Any) -> Iterator[Piece]:
        (settings.target.path / "x_rgb.png").write_text("precious")
        yield from engine().paint(image)

    found = prepare(Entry("x.png", "x_rgb.png", 0), settings)
    assert isinstance(found, Work)
    row = finish(found, paint(found.image), settings)
    assert (row.status, (settings.target.path / "x_rgb.png").read_text()) == ("failed", "precious")


def test_a_file_in_the_way_of_a_folder(settings: Settings) -> None:
    picture(settings.root.path / "a" / "x.png")
    settings.target.path.mkdir()
    (settings.target.path / "a").write_text("")
    (row,) = work(settings)
    assert row.status == "failed"
    assert "check the output folder" in str(row.error)


def test_known_content_is_kept(settings: Settings) -> None:
    picture(settings.root.path / "x.png")
    (row,) = work(settings)
    again = process(Entry("x.png", row.output, 0, replace=True, known=row.sha256), settings, engine())
    assert (again.status, again.sha256, again.stamp) == ("kept", row.sha256, row.stamp)
    picture(settings.root.path / "x.png", seed=1)
    changed = process(Entry("x.png", row.output, 0, replace=True, known=row.sha256), settings, engine())
    assert changed.status == "done"
    assert changed.sha256 != row.sha256


@pytest.mark.parametrize("prior", ["global", "tile"])
@pytest.mark.parametrize(("equalize", "reduction"), [(False, 1), (True, 1), (False, 2)])
def test_pictures_together_equal_pictures_alone(prior: str, equalize: bool, reduction: int, settings: Settings) -> None:
    pictures = [np.random.default_rng(i).random((30, 41), np.float32) for i in range(3)]
    colorizer = engine(4, prior, equalize, reduction)
    assert colorizer.can_share((30, 41))
    assert not colorizer.can_share((30, 64 * reduction + 1))
    for one, other in zip(colorizer.colorize_together(pictures), map(colorizer.colorize, pictures), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
        assert other.std(2).mean() > 0.005  # colours, and not the same in all pictures


def test_neighbours_of_one_size_share_a_pass(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, original = list[int](), Colorizer.colorize_together

    def counted(colorizer: Colorizer, pictures: list[Any]) -> list[Any]:
        sizes.append(len(pictures))
        return original(colorizer, pictures)

    monkeypatch.setattr(Colorizer, "colorize_together", counted)
    monkeypatch.setattr(local, "_COMPANY", 300)  # seconds for the readers, however busy the machine is
    for i in range(5):
        picture(settings.root.path / f"a{i}.png", i)
    picture(settings.root.path / "b.png", height=21)
    picture(settings.root.path / "c.png", width=100)  # too large to share
    picture(settings.root.path / "d.png", width=100)
    assert {row.status for row in work(settings, batch=3)} == {"done"}
    assert sizes == [3, 2, 1, 1, 1]


def test_stop_ends_soon_with_everything_recorded_that_was_written(settings: Settings) -> None:
    for i in range(60):
        picture(settings.root.path / f"x{i}.png")
    stop, rows = threading.Event(), list[Row]()

    def record(row: Row) -> None:
        rows.append(row)
        stop.set()

    run(entries(settings), settings, engine(), Hooks(lambda chunk: None, record), stop)
    assert 1 <= len(rows) < 60
    assert sorted(row.output for row in rows) == sorted(tree(settings.target.path))


def test_what_a_hook_raises_ends_the_batch_and_is_raised(settings: Settings) -> None:
    for i in range(40):
        picture(settings.root.path / f"x{i}.png")

    def fail(row: Row) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        run(entries(settings), settings, engine(), Hooks(lambda chunk: None, fail), threading.Event())
    assert not [t.name for t in threading.enumerate() if t.name.startswith(("read_", "write_", "feed"))]


def test_the_network_waits_for_slow_reading_and_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, count = Clock(), itertools.count()

    def slow(entry: Entry, settings: Settings) -> Any:
        """Takes a second, once the network waits: it reads the clock when it starts to, and three times a picture."""
        clock.go_on(1, asked=2 + 4 * next(count))
        return prepare(entry, settings)

    for i in range(4):
        picture(settings.root.path / f"x{i}.png")
    monkeypatch.setattr(local, "prepare", slow)
    monkeypatch.setattr(local, "time", clock)
    hooks = Hooks(lambda chunk: None, lambda row: None)
    flow = run(entries(settings), settings, engine(), hooks, threading.Event(), 1)
    assert (flow.waited, flow.seconds) == (4, 4)


def test_failures_are_grouped_by_reason() -> None:
    outcome = Outcome()
    for name, reason in (("a", "has 4 bands"), ("b", "is empty"), ("c", "has 12 bands")):
        outcome.failures.append(Failure(name, reason))
    assert [(reason.text, reason.files) for reason in outcome.reasons()] == [
        ("has 4 bands", ("a", "c")), ("is empty", ("b",)),
    ]  # fmt: skip
    assert is_hopeless(Row("a", "b", "failed", errno=28))
    assert not is_hopeless(Row("a", "b", "failed", errno=13))
    assert list(evenly(10, 5)) == [0, 2, 4, 6, 8]


def test_growing_files_wait_until_they_have_settled() -> None:
    settling = Settling()

    def look(**files: int) -> list[tuple[str, bool]]:
        found = [Entry(name, name, size, changed=size) for name, size in files.items()]
        return [(entry.source, entry.replace) for entry in settling.take(found)]

    assert look(a=1) == []
    assert look(a=2, b=5) == []
    assert look(a=2, b=5) == [("a", False), ("b", False)]
    assert look(a=2, b=6) == []
    assert look(a=2, b=6) == [("b", True)]  # its own output, made anew
    assert look(a=2, b=6) == []
