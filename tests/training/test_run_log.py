"""The numbers in the folder of a run: complete, told once, and readable by what they are meant for."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from run_log_example import STEPS, events, losses, pictures, scores, texture
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nircolor.errors import OutputError
from nircolor.events import Reporter
from nircolor.training.run_log import RunLog
from nircolor.training.run_log.contact import contact_sheet

REMEDY = "make room or bring its folder back, then go on with `resume=True`"


def records(run: Path) -> list[dict[str, float | str]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def board(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder), {"images": 0, "scalars": 0}).Reload()


def sheets(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "pictures").iterdir())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("whole") / "new" / "run"
    with RunLog(run, 0, {"recipe": "example"}) as log:
        for event in (*texture(), *events(0, 200)):
            log(event)
    return run


def test_the_log_holds_every_loss_and_score(whole: Path) -> None:
    found = records(whole)
    assert [record["step"] for record in found[:3]] == [20, 40, 60]
    assert found[0] == {
        "step": 20, "stage": "texture autoencoder", "l2": 0.05, "images/s": 0.0, "waited": 0.0, "rate": 1e-3,
    }  # fmt: skip
    training = [record for record in found if "pixel" in record]
    assert [record["step"] for record in training] == list(range(20, 201, 20))
    assert training[0] == {"step": 20, **losses(20).values, "images/s": 12.5, "waited": 0.25, "rate": losses(20).rate}
    assert [record for record in found if "far/psnr" in record] == [
        {"step": step, **scores(step).values, "best": True} for step in (100, 200)
    ]


def test_tables_hold_the_same(whole: Path) -> None:
    rows = table(whole / "losses.csv")
    assert [int(row["step"]) for row in rows] == [20, 40, 60, *range(20, 201, 20)]
    assert rows[0]["stage"] == "texture autoencoder"
    assert (rows[0]["l2"], rows[0]["pixel"], rows[-1]["l2"]) == ("0.05", "", "")  # columns grew after the first rows
    assert float(rows[-1]["pixel"]) == losses(200).values["pixel"]
    assert float(table(whole / "scores.csv")[1]["near/val/psnr"]) == scores(200).values["near/val/psnr"]


def test_tensorboard_reads_numbers_and_pictures(whole: Path) -> None:
    found = board(whole / "tensorboard")
    assert [(e.step, pytest.approx(e.value)) for e in found.Scalars("losses/pixel")] == [
        (step, losses(step).values["pixel"]) for step in range(20, 201, 20)
    ]
    assert found.Scalars("scores/far/angle")[-1].value == pytest.approx(scores(200).values["far/angle"])
    assert found.Scalars("machine/images per second")[0].value == 12.5
    image = found.Images("pictures")[-1]
    height, width, _ = contact_sheet(pictures(200)).shape
    assert (image.step, image.height, image.width) == (200, height, width)
    assert [e.step for e in board(whole / "tensorboard" / "texture autoencoder").Scalars("losses/l2")] == [20, 40, 60]


def test_a_run_that_goes_on_tells_no_step_twice(whole: Path, tmp_path: Path) -> None:
    """Killed after step 200, its last checkpoint being of step 120: as if it had never been interrupted."""
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    with (run / "log.jsonl").open("a") as file:
        file.write('{"step": 220, "pix')  # killed while it wrote
    with RunLog(run, 120, {}) as log:
        assert [record["step"] for record in records(run)] == [20, 40, 60, 20, 40, 60, 80, 100, 100, 120]
        assert sheets(run) == ["step-000100.png"]
        for event in events(120, 400):
            log(event)
    steps = list(range(20, STEPS + 1, 20))
    assert [record["step"] for record in records(run) if "pixel" in record] == steps
    assert [int(row["step"]) for row in table(run / "losses.csv")] == [20, 40, 60, *steps]
    assert [int(row["step"]) for row in table(run / "scores.csv")] == [100, 200, 300, 400]
    found = board(run / "tensorboard")
    assert [e.step for e in found.Scalars("losses/pixel")] == steps
    assert [e.step for e in found.Scalars("scores/far/psnr")] == [100, 200, 300, 400]
    assert len(board(run / "tensorboard" / "texture autoencoder").Scalars("losses/l2")) == 3
    assert sheets(run) == [f"step-000{step}.png" for step in (100, 200, 300, 400)]


def test_a_validation_told_before_its_checkpoint_was_saved_is_told_once(whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    with RunLog(run, 200, {}) as log:
        log(scores(200, best=False))
        log(losses(220))
    found = [record for record in records(run) if "far/psnr" in record]
    assert found == [
        {"step": 100, **scores(100).values, "best": True}, {"step": 200, **scores(200).values},
    ]  # fmt: skip
    assert [row["best"] for row in table(run / "scores.csv")] == ["True", ""]
    assert [int(row["step"]) for row in table(run / "losses.csv")] == [20, 40, 60, *range(20, 221, 20)]
    assert sheets(run) == ["step-000100.png", "step-000200.png"]


def test_a_run_from_the_start_forgets_all(whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    with RunLog(run, 0, {}) as log:
        log(losses(20))
    assert [record["step"] for record in records(run)] == [20]
    assert len(table(run / "losses.csv")) == 1
    assert not (run / "scores.csv").exists()
    assert sheets(run) == []
    assert [e.step for e in board(run / "tensorboard").Scalars("losses/pixel")] == [20]


def told_after(run: Path, accident: Callable[[], object]) -> str:
    """The error of a run that an accident happens to after its first record."""

    def go() -> None:
        with RunLog(run, 0, {}) as log:
            log(losses(20))
            accident()
            log(losses(40))

    with pytest.raises(OutputError) as caught:
        go()
    return str(caught.value)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here: a full disk cannot be had")
@pytest.mark.parametrize("name", ["log.jsonl", "losses.csv"])
def test_a_full_disk_is_one_line(name: str, tmp_path: Path) -> None:
    def fill() -> None:
        (tmp_path / name).unlink()
        (tmp_path / name).symlink_to("/dev/full")

    assert told_after(tmp_path, fill) == f"{tmp_path / name}: No space left on device; {REMEDY}"
    assert "No space left" in (tmp_path / "run.html").read_text()


def test_a_folder_that_is_gone_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    told = told_after(run, lambda: run.rename(tmp_path / "moved"))
    assert told == f"{run / 'log.jsonl'}: No such file or directory; {REMEDY}"
    assert not run.exists()
    assert capfd.readouterr().err == ""


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(OutputError, match="run: File exists; "), RunLog(tmp_path / "run", 0, {}):
        pass


def test_without_tensorboard_and_matplotlib_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch.utils.tensorboard", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    reporter = Reporter()
    with RunLog(tmp_path, 0, {}, reporter) as log:
        for event in events(0, 200):
            log(event)
    assert [("pip install 'nircolor[train]'" in m, "missing" in m) for m in reporter.warnings] == [(True, True)] * 2
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"log.jsonl", "losses.csv", "scores.csv", "pictures", "run.html"}


def test_what_is_not_a_number_is_kept_and_not_drawn(tmp_path: Path) -> None:
    with RunLog(tmp_path, 0, {}) as log:
        for step in (20, 40):
            log(losses(step))
        event = losses(60)
        log(type(event)(event.stage, 60, STEPS, {"pixel": float("nan"), "critic": float("inf")}))
        log(type(scores(60))(60, STEPS, {"far/psnr": float("inf")}, True))
    assert np.isnan(float(records(tmp_path)[2]["pixel"]))
    assert table(tmp_path / "scores.csv")[0]["far/psnr"] == "inf"
    assert "nan" not in (tmp_path / "run.html").read_text().partition("</style>")[2]
