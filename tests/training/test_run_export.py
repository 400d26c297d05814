"""nircolor/training/run_export.py: a run folder becomes one file that keeps the weights and says whence they are."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from export_tools import DATA, add_weights, calibrated, colours, exported, write_run
from small_network import SMALL

from nircolor import weights
from nircolor.errors import InputError, NircolorError, OutputExistsError, UsageError, WeightsError
from nircolor.events import Event, Warned
from nircolor.model import PRESETS, Generator, ModelConfig
from nircolor.training.calibration import Calibration
from nircolor.training.run_export import ExportConfig, export_run
from nircolor.training.run_folder import scores_at


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of 40 steps that was best at 20."""
    return write_run(tmp_path / "run")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "own" / "nircolor-mine.safetensors"


@pytest.fixture(autouse=True)
def own_folder(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out.parent.mkdir()
    monkeypatch.setenv(weights.OWN_FOLDER, str(out.parent))


@pytest.mark.parametrize(("best", "source", "step"), [(None, "best", 20), (True, "best", 20), (False, "weights", 40)])
def test_the_file_is_the_run_bit_for_bit(run: Path, out: Path, best: bool | None, source: str, step: int) -> None:
    config = ExportConfig(license="CC0-1.0", description="two\nlines")
    meta = exported(run, out, config, best=best)
    before, after = weights.load(run / f"{source}.safetensors"), weights.load(out)
    assert after.meta == meta == weights.verify("mine")
    assert before.state.keys() == after.state.keys()
    assert all(torch.equal(before.state[name], after.state[name]) for name in before.state)
    expected = colours(run / f"{source}.safetensors")
    assert np.array_equal(colours(out), expected)
    assert np.array_equal(colours("mine"), expected)  # by name, from the user's own folder
    scores = {20: (12.5, 5.5, 15.0), 40: (13.0, 5.0, 14.0)}[step]
    assert meta == {
        "config": json.loads(json.dumps(SMALL.to_dict())),
        "recipe": {"preset": "tiny"},
        "step": step,
        "data": DATA,
        "metrics": {
            "protocol": "srgb8",
            "scores": {"naip/val": {"psnr": scores[0], "angle": scores[1]}, "vcip": {"psnr": scores[2]}},
        },
        "license": "CC0-1.0",
        "description": "two\nlines",
    }


def test_the_last_step_is_taken_where_nothing_was_validated(run: Path, out: Path) -> None:
    (run / "best.safetensors").unlink()
    assert exported(run, out)["step"] == 40


def test_what_the_weights_say_themselves_comes_first(run: Path, out: Path) -> None:
    """The folder may describe a later stage of a run that was resumed on other data."""
    add_weights(run, "best.safetensors", 20, data={"sources": ["first"]}, metrics={"vcip/psnr": 16.0})
    meta = exported(run, out)
    assert meta["data"] == {"sources": ["first"]}
    assert meta["metrics"]["scores"] == {"vcip": {"psnr": 16.0}}


def test_calibration_is_folded_in_exactly_and_told(run: Path, out: Path) -> None:
    network, noise = Generator(SMALL).eval(), torch.rand(1, 1, 32, 40, generator=torch.Generator().manual_seed(0))
    nir = 0.2 + 0.6 * noise  # away from the ends of the range, which are neutral whatever the calibration
    calibration = Calibration(brightness=0.9, chroma=1.3, prior_size=99, paint_size=0)
    meta = exported(run, out, ExportConfig(calibration=calibration))
    pictures = []
    with torch.no_grad():
        for path in (run / "best.safetensors", out):
            network.load_state_dict(weights.load(path).state)
            pictures.append(network(nir)[0])
    before, after = pictures
    grey = sum(weight * before[:, i : i + 1] for i, weight in enumerate((0.299, 0.587, 0.114)))
    torch.testing.assert_close(after, 0.9 * (grey + 1.3 * (before - grey)), atol=1e-5, rtol=1e-5)
    assert meta["calibration"] == {"brightness": 0.9, "chroma": 1.3}
    assert meta["metrics"]["measured_before"] == ["brightness 0.9", "chroma 1.3", "prior_size 99", "paint_size 0"]
    assert ModelConfig.from_dict(meta["config"]) == replace(SMALL, prior_size=99, paint_size=0)


@pytest.mark.parametrize("dtype", ["fp16", "bf16"])
def test_half_the_bytes(run: Path, out: Path, dtype: Any) -> None:
    meta = exported(run, out, ExportConfig(dtype=dtype))
    before, after = weights.load(run / "best.safetensors").state, weights.load(out).state
    kind = {"fp16": torch.float16, "bf16": torch.bfloat16}[dtype]
    assert all(torch.equal(after[name], before[name].to(kind)) for name in before)
    assert meta["metrics"]["measured_before"] == [f"storage as {dtype}"]
    difference = colours(out).astype(int) - colours(run / "best.safetensors")
    assert np.abs(difference).max() <= 8


def test_a_number_too_large_for_half_precision(run: Path, out: Path) -> None:
    network = add_weights(run, "best.safetensors", 20)
    network.rgb_branch.head.bias.data[0] = 1e5
    kept = weights.load(run / "best.safetensors").meta
    weights.save(run / "best.safetensors", network.state_dict(), kept)
    with pytest.raises(UsageError, match=r"`dtype=fp16`: rgb_branch\.head\.bias .*bf16"):
        exported(run, out, ExportConfig(dtype="fp16"))
    assert exported(run, out, ExportConfig(dtype="bf16"))["step"] == 20


def test_nothing_is_claimed_that_is_not_known(run: Path, out: Path) -> None:
    events: list[Event] = []
    (run / "data.json").unlink()
    (run / "log.jsonl").unlink()
    meta = export_run(run, out, ExportConfig(license="  "), on_event=events.append)
    assert meta.keys() == {"config", "recipe", "step"}
    data, scores, license = (event.text for event in events if isinstance(event, Warned))
    assert "no data.json" in data
    assert "no scores of step 20" in scores
    assert license == "no `license`: weights without a licence cannot be passed on"


def test_scores_of_a_log_that_was_cut_and_gone_on_with(tmp_path: Path) -> None:
    records = [{"step": 4, "a/psnr": 1.0}, {"step": 4, "a/psnr": 2.0, "a/angle": math.inf, "images/s": 9.0}]
    lines = ['{"step": 4, "a/ps', *map(json.dumps, records), '{"step": 8, "a/psnr": 3.0}', "[4]", "\udcff", '{"st']
    (tmp_path / "log.jsonl").write_text("\n".join(lines), errors="surrogateescape")
    assert scores_at(tmp_path, 4) == {"a": {"psnr": 2.0}}
    assert scores_at(tmp_path, 6) == {}


SIGMOID = replace(SMALL, head="sigmoid")
REFUSED: dict[str, tuple[type[NircolorError], str, Callable[[Path], object], ExportConfig, bool | None]] = {
    "no folder": (InputError, "is no folder", lambda run: run.rename(run.with_name("x")), ExportConfig(), None),
    "no run": (InputError, "holds no run", lambda run: (run / "recipe.json").unlink(), ExportConfig(), None),
    "no weights yet": (
        WeightsError,
        "no weights",
        lambda run: (run / "weights.safetensors").unlink(),
        ExportConfig(),
        False,
    ),
    "no best": (
        WeightsError,
        "no best.*`best=False`",
        lambda run: (run / "best.safetensors").unlink(),
        ExportConfig(),
        True,
    ),
    "brightness": (
        UsageError,
        "`brightness`: .*affine head .*sigmoid",
        lambda run: add_weights(run, "best.safetensors", 20, SIGMOID),
        calibrated(brightness=0.9),
        None,
    ),
    "paint size": (
        UsageError,
        "`paint_size`: .*affine head .*sigmoid",
        lambda run: add_weights(run, "best.safetensors", 20, SIGMOID),
        calibrated(paint_size=64),
        None,
    ),
    "data": (
        InputError,
        "data.json: cannot be read",
        lambda run: (run / "data.json").write_text("{"),
        ExportConfig(),
        None,
    ),
    "deep data": (
        InputError,
        "data.json: cannot be read .*deeper than",
        lambda run: (run / "data.json").write_text("[" * 100_000),
        ExportConfig(),
        None,
    ),
    "recipe": (
        WeightsError,
        "no recipe",
        lambda run: add_weights(run, "best.safetensors", 20, recipe=None),
        ExportConfig(),
        None,
    ),
    "network": (
        WeightsError,
        "not weights of a network",
        lambda run: add_weights(run, "best.safetensors", 20, config=PRESETS["lite"].to_dict()),
        ExportConfig(),
        None,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_one_line(run: Path, out: Path, case: str) -> None:
    kind, words, spoil, config, best = REFUSED[case]
    spoil(run)
    with pytest.raises(kind, match=words) as caught:
        export_run(run, out, config, best=best)
    assert "\n" not in str(caught.value)
    assert not list(out.parent.iterdir())


def test_another_head_takes_the_size_of_its_prior(run: Path, out: Path) -> None:
    add_weights(run, "best.safetensors", 20, SIGMOID)
    assert exported(run, out, calibrated(prior_size=99))["config"]["prior_size"] == 99


def test_files_that_are_there_stay(run: Path, out: Path) -> None:
    out.write_text("precious")
    with pytest.raises(OutputExistsError, match="`overwrite=True`"):
        exported(run, out)
    assert out.read_text() == "precious"
    assert exported(run, out, overwrite=True)["step"] == 20
    for name in ("best", "weights", "checkpoint"):
        with pytest.raises(UsageError, match="of the run itself"):
            exported(run, run / f"{name}.safetensors", overwrite=True)
    with pytest.raises(UsageError, match=r"end the name in \.safetensors"):
        exported(run, out.with_suffix(".pth"))


def begun(run: Path, start: str) -> None:
    add_weights(run, "weights.safetensors", 40, recipe={"preset": "tiny", "start_from": start})


def test_a_run_is_drawn_back_towards_where_it_started(run: Path, out: Path) -> None:
    begun(run, start := str(run / "best.safetensors"))
    meta = exported(run, out, ExportConfig(start_share=0.25), best=False)
    first, last, mean = (weights.load(path).state for path in (start, run / "weights.safetensors", out))
    assert all(torch.allclose(mean[name], 0.25 * first[name] + 0.75 * last[name], atol=1e-6) for name in mean)
    assert (meta["start_share"], meta["metrics"]["measured_before"]) == (0.25, ["start_share 0.25"])


@pytest.mark.parametrize(
    ("start", "share", "words"),
    [
        ("", 0.5, "weights.safetensors started from nothing; leave it out"),
        ("lite", 0.5, "weights.safetensors started from another network; leave it out"),
        ("lite", 1.0, "is no share; give at least 0 and less than 1"),
        ("lite", -0.1, "is no share; give at least 0 and less than 1"),
    ],
)
def test_a_share_of_no_beginning_is_refused(run: Path, out: Path, start: str, share: float, words: str) -> None:
    begun(run, start)
    with pytest.raises(UsageError, match=words) as caught:
        exported(run, out, ExportConfig(start_share=share), best=False)
    assert (caught.value.option, caught.value.value) == ("start_share", share)
    assert not out.exists()
