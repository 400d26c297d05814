"""nircolor/training/run_export.py: several runs in one file, as an ensemble or as the mean of their weights."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from export_tools import add_weights, calibrated, colours, exported, write_run
from small_network import SMALL

from nircolor import weights
from nircolor.errors import UsageError
from nircolor.model import Generator
from nircolor.training.calibration import Calibration
from nircolor.training.run_export import ExportConfig, export_run
from nircolor.weights_network import restored


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


def test_several_runs_become_an_ensemble_that_decides_by_the_mean(run: Path, out: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(run, other)
    add_weights(other, "best.safetensors", 30)
    meta = export_run([run, other], out, ExportConfig(license="CC0-1.0", calibration=Calibration(chroma=1.2)))
    assert [member["step"] for member in meta["members"]] == [20, 30]  # type: ignore[attr-defined]
    assert "recipe" not in meta
    network = restored(weights.load(out), Generator)
    nir = torch.rand(1, 1, 32, 40, generator=torch.Generator().manual_seed(0))
    alone = []
    for folder in (run, other):
        exported(folder, tmp_path / "one.safetensors", calibrated(chroma=1.2))
        alone.append(restored(weights.load(tmp_path / "one.safetensors"), Generator))
        (tmp_path / "one.safetensors").unlink()
    expected = sum(member.paint(nir, member.prior(nir), 1.5) for member in alone) / 2  # with gradients: not clipped
    prior = network.prior(nir)
    assert prior.shape[1] == 2 * alone[0].prior(nir).shape[1]
    torch.testing.assert_close(network.paint(nir, prior, 1.5), expected, atol=1e-5, rtol=1e-5)
    assert colours("mine").shape == (40, 56, 3)


def beginning(run: Path, name: str, step: int, start: str) -> None:
    add_weights(run, name, step, recipe={"preset": "tiny", "start_from": start})


def test_runs_that_began_alike_become_one_network_of_their_mean(run: Path, out: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(run, other)
    beginning(run, "best.safetensors", 20, "runs/first/weights.safetensors")
    beginning(other, "best.safetensors", 30, "runs/first/weights.safetensors")
    meta = export_run([run, other], out, ExportConfig(license="CC0-1.0"), average=True)
    assert [one["step"] for one in meta["average_of"]] == [20, 30]  # type: ignore[attr-defined]
    states = [weights.load(folder / "best.safetensors").state for folder in (run, other)]
    for name, value in weights.load(out).state.items():
        torch.testing.assert_close(value, (states[0][name] + states[1][name]) / 2)
    assert restored(weights.load(out), Generator).config == SMALL


@pytest.mark.parametrize("starts", [("", ""), ("a", "b")])
def test_the_mean_of_runs_that_began_otherwise_is_refused(
    run: Path, out: Path, tmp_path: Path, starts: tuple[str, str]
) -> None:
    other = tmp_path / "other"
    shutil.copytree(run, other)
    for folder, step, start in zip((run, other), (20, 30), starts, strict=True):
        beginning(folder, "best.safetensors", step, start)
    with pytest.raises(UsageError, match="did not start from the same weights"):
        export_run([run, other], out, average=True)
    assert not out.exists()


def test_an_ensemble_of_different_networks_is_refused(run: Path, out: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(run, other)
    add_weights(other, "best.safetensors", 30, replace(SMALL, prior_features=2))
    with pytest.raises(UsageError, match=r"of another network than .*: model.prior_features was 9, is 2 now"):
        export_run([run, other], out)
    assert not out.exists()
