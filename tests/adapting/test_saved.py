"""An adaptation that is killed or stopped goes on where it was, and makes what it would have made."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event as StopEvent

import cv2
import pytest
from small_adapting import QUICK, QUICKEST
from small_network import network, save

import nircolor
from nircolor import AdaptConfig, AdaptResult
from nircolor.adapting.saved import JOURNAL, saved_beside
from nircolor.errors import InputError, OutputExistsError, StoppedError, WeightsError
from nircolor.events import Event, Note, Progress

TWICE = replace(QUICK, steps=6, checks=2, rate=1e-2)
OUT = "mine.safetensors"


def adapted(
    weights: Path,
    pairs: Path,
    out: Path,
    stop_at: Callable[[Event], bool] = lambda event: False,
    config: AdaptConfig = TWICE,
    overwrite: bool = False,
) -> tuple[AdaptResult | None, list[str]]:
    """The result, None where it was stopped, and all notes."""
    stop, notes = StopEvent(), []

    def watch(event: Event) -> None:
        if isinstance(event, Note):
            notes.append(event.text)
        if stop_at(event):
            stop.set()

    try:
        made = nircolor.adapt_weights(
            str(weights), pairs, out, config=config, device="cpu", overwrite=overwrite, stop=stop, on_event=watch
        )
    except StoppedError:
        return None, notes
    return made, notes


def at(stage: str, done: int) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, Progress) and (event.stage, event.done) == (stage, done)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a network whose last layer cannot be fitted, so that it is trained."""
    made = network(replace(QUICKEST, head="sigmoid"))
    return save(tmp_path_factory.mktemp("weights") / "small.safetensors", made)


@pytest.fixture(scope="module")
def uninterrupted(weights: Path, rendered_pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / OUT
    made, _ = adapted(weights, rendered_pairs, out)
    assert made is not None
    assert made.output == str(out)
    return out


@pytest.mark.parametrize(
    ("stage", "done"),
    [("trial 1 of 4", 1), ("trial 1 of 4", 3), ("trial 1 of 4", 6), ("trial 3 of 4", 4), ("training", 1)],
)
def test_stopped_it_goes_on(
    stage: str, done: int, weights: Path, rendered_pairs: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    """Within a training and at its checks, in the first trial, a later one, and the last training."""
    out = tmp_path / OUT
    stopped, notes = adapted(weights, rendered_pairs, out, at(stage, done))
    assert stopped is None
    assert not out.exists()
    assert notes[-1].endswith("mine.adapting: the same again goes on from there")
    counted: list[tuple[str, float]] = []

    def watch(event: Event) -> bool:
        if isinstance(event, Progress) and event.unit == "steps":
            counted.append((event.stage, event.done))
        return False

    made, notes = adapted(weights, rendered_pairs, out, watch)
    assert made is not None
    assert "going on where" in notes[0]
    assert not [one for one in counted if one[0] == stage and one[1] <= done]
    assert out.read_bytes() == uninterrupted.read_bytes()
    assert not saved_beside(out).exists()


def test_while_left_out_scenes_are_judged(
    weights: Path, rendered_pairs: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    out, judged = tmp_path / OUT, []

    def fourth(event: Event) -> bool:
        judged.append(isinstance(event, Progress) and event.stage == "judging")
        return sum(judged) == 12

    assert adapted(weights, rendered_pairs, out, fourth)[0] is None
    assert adapted(weights, rendered_pairs, out)[0] is not None
    assert out.read_bytes() == uninterrupted.read_bytes()


KILLED = """
import os, sys
import nircolor
from small_adapting import QUICK, QUICKEST
from small_network import network, save
from dataclasses import replace

def watch(event):
    if getattr(event, "stage", "") == "trial 2 of 4" and event.done == 4:
        os._exit(9)

weights, pairs, out = sys.argv[1:]
config = replace(QUICK, steps=6, checks=2, rate=1e-2)
nircolor.adapt_weights(weights, pairs, out, config=config, device="cpu", on_event=watch)
"""


def test_killed_it_goes_on(weights: Path, rendered_pairs: Path, uninterrupted: Path, tmp_path: Path) -> None:
    """A process that ends without a word loses what came after the last check."""
    out = tmp_path / OUT
    line = [sys.executable, "-c", KILLED, str(weights), str(rendered_pairs), str(out)]
    assert subprocess.run(line, cwd=Path(__file__).parents[1] / "helpers", timeout=120).returncode == 9
    made, notes = adapted(weights, rendered_pairs, out)
    assert made is not None
    assert notes[0].endswith("6 checks are known")
    assert out.read_bytes() == uninterrupted.read_bytes()


@pytest.fixture
def halfway(weights: Path, pairs: Path, tmp_path: Path) -> Path:
    out = tmp_path / OUT
    adapted(weights, pairs, out, at("trial 1 of 4", 4))
    return out


def test_another_adaptation_is_in_the_way(weights: Path, pairs: Path, halfway: Path) -> None:
    other = replace(TWICE, rate=1e-3)
    with pytest.raises(OutputExistsError, match=r"holds an adaptation with other settings, which has not ended"):
        adapted(weights, pairs, halfway, config=other)
    picture = cv2.imread(str(pairs / "0_rgb.png"))
    assert picture is not None
    cv2.imwrite(str(pairs / "0_rgb.png"), picture // 2)
    with pytest.raises(OutputExistsError, match="with other pairs, which"):
        adapted(weights, pairs, halfway)
    assert (saved_beside(halfway) / JOURNAL).exists()
    made, notes = adapted(weights, pairs, halfway, config=other, overwrite=True)
    assert made is not None
    assert "going on" not in notes[0]


def test_more_minutes_are_no_other_adaptation(weights: Path, pairs: Path, halfway: Path) -> None:
    made, notes = adapted(weights, pairs, halfway, config=replace(TWICE, minutes=60))
    assert made is not None
    assert "going on where" in notes[0]


def test_a_folder_of_something_else_stays(weights: Path, pairs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine.adapting"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(
        OutputExistsError, match=r"mine\.adapting: is in the way: it holds no adaptation; remove it, or"
    ):
        adapted(weights, pairs, tmp_path / OUT)
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"of": 3}', '{"of": {}, "checks": [[]], "seconds": 0, "steps": 0}'])
def test_a_damaged_journal_is_named(text: str, weights: Path, pairs: Path, halfway: Path) -> None:
    (saved_beside(halfway) / JOURNAL).write_text(text)
    with pytest.raises(InputError, match=r"journal.json: cannot be read \(.*\); remove mine.adapting, or choose"):
        adapted(weights, pairs, halfway)


def test_a_damaged_checkpoint_is_named(weights: Path, pairs: Path, halfway: Path) -> None:
    (file,) = saved_beside(halfway).glob("*.safetensors")
    assert file.name == "trial-1-of-4.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="cannot be gone on with; remove it, and this training begins anew"):
        adapted(weights, pairs, halfway)
    file.unlink()
    assert adapted(weights, pairs, halfway)[0] is not None
