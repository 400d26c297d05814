"""``nircolor.train`` and ``nircolor.estimate_training``: the verbs, from Python."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_run import recipe, write_pairs

import nircolor
from nircolor.errors import InputError, NircolorError, OutputError, OutputExistsError, UsageError
from nircolor.events import Ended, Event, Progress, Warned
from nircolor.training.events import Launched, Losses, Scores, TrainingReady
from nircolor.training.recipe import SourceConfig

pytestmark = pytest.mark.usefixtures("tiny_preset")
CPU = nircolor.Machine(device="cpu")


def kinds(events: list[Event]) -> list[type[Event]]:
    return list(dict.fromkeys(type(event) for event in events))


def test_a_run_reports_and_leaves_weights_and_a_page(data: Path, tmp_path: Path) -> None:
    judged = write_pairs(tmp_path / "judged", 7)
    made = replace(recipe(4), validation=(SourceConfig(str(judged)),), validate_every=4)
    events: list[Event] = []
    found = nircolor.train(made, data, tmp_path / "run", machine=CPU, on_event=events.append)
    assert (found.step, found.best_step, found.stopped, found.warnings) == (4, 4, False, ())
    assert found.to_json() == {
        "run": found.run, "step": 4, "weights": found.weights, "best_step": 4, "best": found.best
    }  # fmt: skip
    assert str(found) == f"{found.run}: step 4, weights in {found.weights}, page in {found.page}"
    assert kinds(events) == [Launched, TrainingReady, Progress, Losses, Scores, Ended]
    assert str(events[1]).startswith("device cpu, kernel ")
    assert str(events[1]).endswith("precision 32-true, 4 training pairs, 1 validation pairs")
    page = Path(found.page).read_text(encoding="utf-8")
    assert "Finished" in page
    assert "tiny" in page
    nircolor.EngineConfig(found.weights, "cpu").check()


def test_stop_saves_and_resume_goes_on(data: Path, tmp_path: Path) -> None:
    stop, run = threading.Event(), tmp_path / "run"

    def observe(event: Event) -> None:
        if event == Progress("training", 3, 6):
            stop.set()

    stopped = nircolor.train(recipe(6), data, run, machine=CPU, stop=stop, on_event=observe)
    assert (stopped.stopped, stopped.step) == (True, 3)
    assert str(stopped) == f"{run}: stopped and saved at step 3; go on with `resume=True`"
    assert "Interrupted" in Path(stopped.page).read_text(encoding="utf-8")
    warned: list[Event] = []
    found = nircolor.train(
        run=run, resume=True, changes=["optim.steps=5"], machine=CPU, on_event=warned.append
    )  # recipe and data are those of the run
    assert (found.stopped, found.step) == (False, 5)
    assert found.warnings == (f"{run}: the recipe has changed: optim.steps was 6, is 5 now",)
    assert [event.text for event in warned if isinstance(event, Warned)] == list(found.warnings)


def test_an_observer_that_fails_ends_the_run_and_its_page_says_so(data: Path, tmp_path: Path) -> None:
    def observe(event: Event) -> None:
        if isinstance(event, Progress):
            raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        nircolor.train(recipe(4), data, tmp_path / "run", machine=CPU, on_event=observe)
    assert "Failed (ValueError: no more)" in (tmp_path / "run" / "run.html").read_text(encoding="utf-8")
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()


def test_an_estimate_prints_well_and_writes_nothing(data: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    found = nircolor.estimate_training(recipe(5000), data, changes=["optim.steps=3000"], machine=CPU)
    assert found.steps == found.to_json()["steps"] == 3000
    first, *_, last = str(found).splitlines()
    assert re.fullmatch(r"parameters  G_A \d\.\d\d M, G_B \d\.\d\d M", first)
    assert re.fullmatch(r"memory      \d+\.\d GB so far", last)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_cannot_be_is_refused_with_the_argument_or_the_path(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "checkpoint.safetensors").write_bytes(b"")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "recipe.json").write_text('{"preset": "tiny", "sources": [{"folder": "."}]}')
    run = tmp_path / "run"
    cases: list[tuple[dict[str, object], type[NircolorError], str | None, Path | str | None]] = [
        ({"run": None}, UsageError, "run", None),
        ({"machine": nircolor.Machine(device="gpu")}, UsageError, "device", None),
        ({"run": tmp_path / "file"}, OutputError, None, tmp_path / "file"),
        ({"run": tmp_path / "old"}, OutputExistsError, None, tmp_path / "old"),
        ({"recipe": None}, UsageError, "recipe", None),
        ({"recipe": "gone.toml"}, InputError, None, Path("gone.toml")),
        ({"changes": ["optim.stepz=3"]}, UsageError, "changes", None),
        ({"changes": ["optim.steps"]}, UsageError, "changes", None),
        ({"data": None}, UsageError, None, None),
        ({"data": None, "run": tmp_path / "half", "resume": True}, InputError, None, tmp_path / "half" / "data.json"),
        ({"machine": nircolor.Machine("cpu", processes=3)}, UsageError, None, None),
    ]
    for change, kind, option, path in cases:
        with pytest.raises(kind) as caught:
            nircolor.train(**{"recipe": recipe(2), "data": data, "run": run, "machine": CPU, **change})  # type: ignore[arg-type]
        assert (caught.value.option, caught.value.path) == (option, path)
        assert "--" not in str(caught.value)
    assert not run.exists()
