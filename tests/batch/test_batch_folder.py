"""``colorize_folder`` from Python: results, events, stopping, going on, several workers, and errors with fields."""

from __future__ import annotations

import json
import threading
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from batch_tools import picture, tree
from spread_tools import fill, save_weights

import nircolor
from nircolor.batch.manifest import NAME
from nircolor.batch.result import Broken
from nircolor.errors import InputError, OutputError, OutputExistsError, StoppedError, UsageError
from nircolor.events import EngineReady, Event, Note, Progress


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> nircolor.EngineConfig:
    return nircolor.EngineConfig(str(save_weights(tmp_path_factory.mktemp("weights"))), "cpu", "fp32")


def test_a_folder_its_events_and_its_result(engine: nircolor.EngineConfig, tmp_path: Path) -> None:
    fill(tmp_path / "in", 5)
    (tmp_path / "in" / "zero.png").write_bytes(b"")
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    events: list[Event] = []
    result = nircolor.colorize_folder(
        tmp_path / "in", tmp_path / "out", engine=engine, contact_sheet=tmp_path / "sheet.html", on_event=events.append
    )
    assert (result.done, result.failed, result.left, dict(result.left_out)) == (5, 1, 0, {".txt": 1})
    assert str(result).startswith("5 done, 0 unchanged, 1 failed; 0.0 MP in ")
    (reason,) = result.reasons()
    assert (reason.files, reason.text) == (("zero.png",), "is empty (0 bytes); get a fresh copy")
    assert result.to_json()["failures"] == [{"input": "zero.png", "error": reason.text}]
    assert json.dumps(result.to_json())
    assert (tmp_path / "sheet.html").read_text().count('<article class="strip">') == 5
    with pytest.raises(FrozenInstanceError):
        result.done = 6  # type: ignore[misc]

    rows = [event.row for event in events if isinstance(event, nircolor.PictureDone)]
    assert {row.output for row in rows if row.status == "done"} == set(tree(tmp_path / "out"))
    assert [row.input for row in rows if row.status == "failed"] == ["zero.png"]
    done = [(event.done, event.total) for event in events if isinstance(event, Progress) and event.total]
    assert done == [(number, 6) for number in range(7)]
    (ready,) = (event for event in events if isinstance(event, EngineReady))
    assert (ready.weights, ready.sha256, ready.workers) == (engine.weights, result.sha256, 0)
    assert any(isinstance(event, Note) and "1 .txt" in event.text for event in events)


def test_the_bytes_are_those_of_one_picture_alone(engine: nircolor.EngineConfig, tmp_path: Path) -> None:
    source = picture(tmp_path / "in" / "x_nir.tif", bits=16)
    writing = nircolor.Writing(depth=8, format="png")
    naming = nircolor.Naming("_colour")
    nircolor.colorize_folder(tmp_path / "in", tmp_path / "out", engine=engine, writing=writing, naming=naming)
    nircolor.colorize_file(source, tmp_path / "alone.png", engine=engine, writing=writing)
    assert tree(tmp_path / "out") == {"x_nir_colour.png": (tmp_path / "alone.png").read_bytes()}


def test_stop_ends_soon_and_resume_goes_on(engine: nircolor.EngineConfig, tmp_path: Path) -> None:
    fill(tmp_path / "in", 40)
    stop = threading.Event()

    def observe(event: Event) -> None:
        if isinstance(event, nircolor.PictureDone):
            stop.set()

    first = nircolor.colorize_folder(tmp_path / "in", tmp_path / "out", engine=engine, stop=stop, on_event=observe)
    assert (first.done >= 1, first.left > 0, first.done + first.left) == (True, True, 40)
    assert len(tree(tmp_path / "out")) == first.done
    with pytest.raises(StoppedError):  # nothing has begun
        nircolor.colorize_folder(tmp_path / "in", tmp_path / "out", engine=engine, policy="resume", stop=stop)
    second = nircolor.colorize_folder(tmp_path / "in", tmp_path / "out", engine=engine, policy="resume")
    assert (second.done, second.kept, second.left) == (first.left, first.done, 0)
    third = nircolor.colorize_folder(tmp_path / "in", tmp_path / "out", engine=engine, policy="resume")
    assert (third.kept, dict(third.engine)) == (40, {})  # no network was loaded
    assert len(tree(tmp_path / "out")) == 40


def test_a_failure_of_its_own_leaves_the_event_of_the_caller_alone(
    engine: nircolor.EngineConfig, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "0.png").write_bytes(b"")
    for number in range(40):
        picture(tmp_path / "in" / f"x{number}.png")
    stop = threading.Event()
    result = nircolor.colorize_folder(tmp_path / "in", tmp_path / "out", engine=engine, fail_fast=True, stop=stop)
    assert (result.failed, result.left > 0, stop.is_set()) == (1, True, False)


def test_two_workers(engine: nircolor.EngineConfig, tmp_path: Path) -> None:
    fill(tmp_path / "in", 6)
    events: list[Event] = []
    two = nircolor.colorize_folder(tmp_path / "in", tmp_path / "two", engine=engine, workers=2, on_event=events.append)
    one = nircolor.colorize_folder(tmp_path / "in", tmp_path / "one", engine=engine)
    assert (two.done, two.waited, one.done) == (6, None, 6)
    assert tree(tmp_path / "two") == tree(tmp_path / "one")
    assert [event.workers for event in events if isinstance(event, EngineReady)] == [2]
    assert two.engine == one.engine


def test_watching_takes_new_pictures_until_stopped(engine: nircolor.EngineConfig, tmp_path: Path) -> None:
    picture(tmp_path / "in" / "first.png")
    stop, seen = threading.Event(), list[str]()

    def observe(event: Event) -> None:
        if isinstance(event, Note) and event.text.startswith("watching"):
            picture(tmp_path / "in" / "late.png")
        if isinstance(event, nircolor.PictureDone):
            seen.append(event.row.input)
            if event.row.input == "late.png":
                stop.set()

    result = nircolor.colorize_folder(
        tmp_path / "in", tmp_path / "out", engine=engine, watch=True, stop=stop, on_event=observe
    )
    assert (sorted(seen), result.done, result.left) == (["first.png", "late.png"], 2, 0)


def test_a_plan_says_what_would_be_done_and_writes_nothing(engine: nircolor.EngineConfig, tmp_path: Path) -> None:
    fill(tmp_path / "in", 3)
    select = nircolor.Selection(include=("*.tif",))
    plan = nircolor.plan_folder(tmp_path / "in", tmp_path / "out", engine=engine, select=select)
    assert [(one.input, one.output, one.height, one.width) for one in plan.pictures] == [
        ("part0/x2.tif", "part0/x2_rgb.tif", 42, 56), ("part1/x1.tif", "part1/x1_rgb.tif", 41, 56),
    ]  # fmt: skip
    assert str(plan).startswith("2 pictures, 0.0 MB, 0.0 MP, about ")
    assert str(plan.pictures[0]).startswith("part0/x2.tif -> part0/x2_rgb.tif: 56 x 42, 0.00 MP")
    assert not (tmp_path / "out").exists()


def test_errors_have_fields(engine: nircolor.EngineConfig, tmp_path: Path) -> None:
    with pytest.raises(InputError) as missing:
        nircolor.colorize_folder(tmp_path / "gone", tmp_path / "out", engine=engine)
    assert (missing.value.path, missing.value.reason) == (tmp_path / "gone", "does not exist")
    picture(tmp_path / "in" / "x.png")
    picture(tmp_path / "out" / "x_rgb.png")
    with pytest.raises(OutputExistsError) as there:
        nircolor.colorize_folder(tmp_path / "in", tmp_path / "out", engine=engine)
    assert there.value.path == str(tmp_path / "out" / "x_rgb.png")
    assert "`policy=overwrite`, `policy=skip` or `policy=resume`" in str(there.value.remedy)
    with pytest.raises(UsageError) as suffix:
        nircolor.Naming("a/b")
    assert suffix.value.option == "suffix"
    with pytest.raises(UsageError) as ray:
        nircolor.colorize_folder(
            tmp_path / "in", tmp_path / "new", engine=nircolor.EngineConfig(device="cuda:0,1"), ray="auto"
        )
    assert (ray.value.option, ray.value.remedy) == ("ray", "give `device=auto`, not cuda:0,1")
    listed = nircolor.Selection(listed=("x.png",))
    with pytest.raises(UsageError) as watch:
        nircolor.colorize_folder(tmp_path / "in", tmp_path / "new", engine=engine, select=listed, watch=True)
    assert watch.value.option == "watch"
    assert not (tmp_path / "new").exists()


def test_what_was_done_before_an_error_is_reported(engine: nircolor.EngineConfig, tmp_path: Path) -> None:
    fill(tmp_path / "in", 40)
    broken: list[Broken] = []

    def observe(event: Event) -> None:
        if isinstance(event, nircolor.PictureDone):
            (tmp_path / "out" / NAME).unlink(missing_ok=True)
        if isinstance(event, Broken):
            broken.append(event)

    with pytest.raises(OutputError, match="has vanished while the batch was at work"):
        nircolor.colorize_folder(tmp_path / "in", tmp_path / "out", engine=engine, on_event=observe)
    (end,) = broken
    assert (end.result.done >= 1, end.result.left >= 1) == (True, True)


def test_what_an_observer_raises_ends_the_batch(engine: nircolor.EngineConfig, tmp_path: Path) -> None:
    fill(tmp_path / "in", 40)

    def observe(event: Event) -> None:
        if isinstance(event, nircolor.PictureDone):
            raise KeyError("a mistake of the caller")

    with pytest.raises(KeyError, match="a mistake of the caller"):
        nircolor.colorize_folder(tmp_path / "in", tmp_path / "out", engine=engine, on_event=observe)
    assert len(tree(tmp_path / "out")) < 40
