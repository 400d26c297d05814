"""``nircolor.evaluate``: what the command does, for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from threading import Event as StopEvent

import numpy as np
import pytest
from pictures import save

import nircolor
from nircolor.cli import main
from nircolor.datasets import Pair
from nircolor.errors import OutputExistsError, StoppedError, UsageError, WeightsError
from nircolor.evaluation.methods import FromNir, View, nir_of
from nircolor.evaluation.metric import Image
from nircolor.evaluation.specs import Baseline, Predictions, Weights, as_specs
from nircolor.events import Event, Note, Progress, Warned
from nircolor.image import read_rgb


@pytest.fixture
def data(pairs: list[Pair]) -> Path:
    return pairs[0].rgb.parent


@pytest.fixture
def ours(pairs: list[Pair], tmp_path: Path) -> Path:
    """The truth, a little darker."""
    for pair in pairs:
        save(tmp_path / "ours" / f"{pair.id}_rgb.png", np.rint(read_rgb(pair.rgb).pixels * 240).astype(np.uint8))
    return tmp_path / "ours"


@dataclass(frozen=True)
class Dark(FromNir):
    """A method of somebody's own."""

    name: str = "dark"

    def about(self) -> str:
        return "the near-infrared picture, halved"

    def predict(self, view: View) -> Image:
        return np.repeat(nir_of(view)[..., None] / 2, 3, axis=2)


def test_results_are_those_that_the_command_prints(data: Path, ours: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(ours / "1_rgb.png", np.zeros((10, 12, 3), np.uint8))
    results = nircolor.evaluate(data, [Baseline("grey"), ours], metrics=["psnr", "angle", "seam"])
    assert main(["evaluate", "--baseline", "grey", str(ours), str(data), "--metrics", "psnr,angle,seam", "--json"]) == 1
    printed, values = json.loads(capsys.readouterr().out), json.loads(json.dumps(results.to_json()))
    for either in (printed, values):
        del either["settings"]["date"]
    assert printed == values
    assert "--tile and --overlap" in values["missing"]["seam"]


def test_results_print_well(data: Path, ours: Path) -> None:
    results = nircolor.evaluate(data, [ours, "grey"], metrics=["psnr", "colour-ratio"])
    head, names, psnr, ratio = str(results).splitlines()
    assert head == f"{data}: 4 pictures, protocol srgb8"
    assert names.split() == ["mean", str(ours), "grey", "copy"]
    assert psnr.split()[:2] == ["PSNR", "dB"]
    assert psnr.split()[2] == f"{results.mean(str(ours), 'psnr'):.2f}"
    assert ratio.endswith(" 0.00")
    assert len({len(line) for line in (names, psnr, ratio)}) == 1
    (ours / "0_rgb.png").unlink()
    assert "1 could not be measured" in str(nircolor.evaluate(data, ours, metrics=["psnr"]))


def test_texts_say_what_objects_say(ours: Path) -> None:
    texts = ("grey", str(ours), ours, "lite prior=tile tile=256 overlap=34", "lite resize=64")
    grey, text, path, tiled, resized = as_specs(texts)
    assert grey == Baseline("grey")
    assert text == Predictions(str(ours))
    assert path == Predictions(ours)
    assert tiled == Weights("lite", prior="tile", tile=256, overlap=34)
    assert resized == Weights("lite", resize=64)
    assert as_specs("lut") == (Baseline("lut"),)
    assert as_specs(Weights("lite")) == as_specs(["lite"])


def test_methods_of_ones_own_and_what_is_reported(data: Path) -> None:
    events: list[Event] = []
    results = nircolor.evaluate(data, [Dark(), "grey"], metrics=["psnr"], on_event=events.append)
    assert results.methods == ("dark", "grey copy")
    assert results.settings["dark"] == "the near-infrared picture, halved"
    assert [event.done for event in events if isinstance(event, Progress) and event.stage == "measuring"] == [
        1,
        2,
        3,
        4,
    ]
    assert [event.text for event in events if isinstance(event, Note)] == [f"{data}: 4 pairs, layout folder"]


def test_warnings_are_events_and_in_the_results(data: Path, ours: Path) -> None:
    save(ours / "alone_nir.png", np.zeros((48, 64), np.uint8))
    save(ours / "0_nir.png", np.zeros((48, 64), np.uint8))
    events: list[Event] = []
    results = nircolor.evaluate(data, "grey", metrics=["psnr"], train=[ours], on_event=events.append)
    told = tuple(event.text for event in events if isinstance(event, Warned))
    assert told == results.warnings
    assert any(text.startswith("`train`: ") and "alone_nir.png" in text for text in told)
    assert any(text.startswith("--train: ") for text in results.to_json()["warnings"])
    assert {row.seen for row in results.rows} == {True, False}


def test_mistakes_name_arguments_of_python(data: Path, ours: Path, tmp_path: Path) -> None:
    (tmp_path / "there.csv").touch()
    for methods, more, words in (
        ((), {}, "`methods`"),
        ((ours, ours), {}, "twice"),
        ("lut", {}, "`baseline=lut`: it is made from training pairs; name them with `train`"),
        (Baseline("gray"), {}, "`baseline=gray`: unknown"),
        ("lite resize=x", {}, "`weights='lite resize=x'`: resize=x"),
        ("lite tile=0", {}, "`tile=0`"),
        ("grey", {"metrics": ["ssmi"]}, "`metrics=ssmi`: unknown"),
        ("grey", {"protocol": "srgb"}, "`protocol=srgb`: unknown"),
        ("grey", {"leaks": "leaks.csv"}, "`leaks`: there is nothing to compare with"),
        ("grey", {"save": "saved"}, "`save`"),
        ("grey", {"csv": "a", "report": "a"}, "`report`, `csv` and `leaks`"),
        ("grey", {"stretch": "wide"}, "wide"),
    ):
        with pytest.raises(UsageError) as raised:
            nircolor.evaluate(data, methods, **more)  # type: ignore[arg-type]
        assert words in str(raised.value)
        assert "--" not in str(raised.value)
    with pytest.raises(OutputExistsError, match="`overwrite=True`"):
        nircolor.evaluate(data, "grey", csv=tmp_path / "there.csv")
    with pytest.raises(WeightsError, match="nosuch"):
        nircolor.evaluate(data, "nosuch")


def test_stop_ends_it_and_leaves_no_file(data: Path, tmp_path: Path) -> None:
    stop = StopEvent()

    def watch(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == "measuring":
            stop.set()

    outputs = {"report": tmp_path / "out.html", "csv": tmp_path / "out.csv"}
    with pytest.raises(StoppedError):
        nircolor.evaluate(data, "grey", metrics=["psnr"], stop=stop, on_event=watch, **outputs)  # type: ignore[arg-type]
    assert {path.name for path in tmp_path.iterdir()} == {"data"}
