"""Real processes at work on real pictures, some of them killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest
from batch_tools import picture, tree
from settings_that_kill import DEADLY, DeadlySettings, Stillborn
from spread_tools import config, fill, make_alone, save_weights, spread

from nircolor.batch.disk import Disk
from nircolor.batch.entry import Row
from nircolor.batch.process_crew import ProcessCrew
from nircolor.batch.settings import Settings
from nircolor.errors import DeviceError, WeightsError


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_weights(tmp_path_factory.mktemp("weights"))


def test_two_processes_one_killed_and_one_picture_that_kills(tiny: Path, tmp_path: Path) -> None:
    root = tmp_path / "in"
    fill(root, 14)
    alone = Settings(Disk(root), Disk(tmp_path / "alone"))
    make_alone(alone)
    picture(root / DEADLY)
    settings = DeadlySettings(Disk(root), Disk(tmp_path / "out"))
    crew, victims = ProcessCrew(settings, [config(tiny)] * 2), list[int]()

    def kill_one(row: Row) -> None:
        if not victims:
            victims.append(crew.pids()[1])
            os.kill(victims[0], signal.SIGKILL)

    rows = spread(crew, settings, kill_one)
    assert len({row.input for row in rows}) == len(rows) == 15
    (failed,) = (row for row in rows if row.status != "done")
    assert (failed.input, failed.error) == (
        DEADLY, "the worker died on it (SIGKILL, perhaps for want of memory); try nircolor colorize on it alone",
    )  # fmt: skip
    made = tree(tmp_path / "out")
    del made["z_deadly_rgb.png"]
    assert made == tree(tmp_path / "alone")
    assert not multiprocessing.active_children()


def test_stop_drops_what_waits_and_records_what_was_written(tiny: Path, tmp_path: Path) -> None:
    fill(tmp_path / "in", 60)
    settings, stop = Settings(Disk(tmp_path / "in"), Disk(tmp_path / "out")), threading.Event()
    rows = spread(ProcessCrew(settings, [config(tiny)] * 2), settings, lambda row: stop.set(), stop)
    assert 1 <= len(rows) < 60
    assert sorted(row.output for row in rows) == sorted(tree(tmp_path / "out"))


def test_what_keeps_a_worker_from_starting_is_raised(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "x.png")
    settings = Settings(Disk(tmp_path / "in"), Disk(tmp_path / "out"))
    with pytest.raises(WeightsError, match=r"gone\.safetensors"):
        spread(ProcessCrew(settings, [config(tmp_path / "gone.safetensors")]), settings)


def test_workers_that_die_one_after_another_end_the_batch(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "x.png")
    settings = Stillborn(Disk(tmp_path / "in"), Disk(tmp_path / "out"))
    with pytest.raises(DeviceError, match=r"died \(exit code 3\), as 9 before it"):
        spread(ProcessCrew(settings, [config(tmp_path)] * 2), settings)
