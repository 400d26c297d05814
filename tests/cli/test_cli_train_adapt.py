"""``nircolor train adapt``: the command from pairs to a picture, and what it refuses."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from cli_tools import Run, one_line
from small_adapting import QUICKEST, write_pairs
from small_network import network, save
from struck import PROGRESS, strike

QUICK = [f"--set={change}" for change in ("steps=12", "checks=1", "rate=3e-3", "size=24", "batch=4", "rendered=2")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five rendered pairs in ``pairs``, and ``small.safetensors``, without an encoder and scans."""
    folder = tmp_path_factory.mktemp("home")
    write_pairs(folder / "pairs")
    save(folder / "small.safetensors", network(QUICKEST))
    return folder


def test_from_pairs_to_a_picture(command: Run, inside: Run, home: Path) -> None:
    line = ("train", "adapt", "--data", "pairs", "--weights", "small.safetensors", "--device", "cpu", *QUICK)
    done = command(*line, cwd=home)
    assert done.code == 0, done.err
    first, before, after, rendered, written = done.out.decode().splitlines()
    assert first == "5 pairs of 5 scenes; judged on 5 scenes that were left out"
    assert before.startswith("before  PSNR ")
    assert after.startswith("after   PSNR ")
    assert rendered.startswith("rendered scenes: PSNR ")
    assert written.startswith("written: mine.safetensors (")
    assert "trial 4 of 4, 12 steps, 100% of the way: left-out scenes +" in done.err
    mine = home / "mine.safetensors"
    again = inside("train", "adapt", "--data", home / "pairs", "-o", mine, "--json")
    assert (again.code, again.json["exit_code"]) == (2, 2)
    picture = inside("colorize", home / "pairs" / "0_nir.png", "-o", "day.png", "--weights", mine)
    assert picture.code == 0, picture.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("adapt",), "--data DIR is missing: the folder of your pairs"),
        (("adapt", "--data", "pairs", "--run", "r"), "--run: of no use with adapt: leave it out"),
        (("adapt", "--data", "pairs", "--processes", "2"), "--processes: of no use with adapt: leave it out"),
        (("adapt", "--data", "pairs", "--minutes", "0"), "--minutes 0.0: must be above 0"),
        (("adapt", "--data", "pairs", "--set", "stepz=3"), "--set: stepz = 3: unknown key; did you mean steps?"),
        (("adapt", "--data", "pairs", "-o", "mine.pt"), "mine.pt: weights are saved as safetensors only"),
        (("lite", "--data", "pairs", "-o", "x.safetensors"), "--output: for nircolor train adapt only: leave it out"),
        (("--resume", "r", "--minutes", "3"), "--minutes: for nircolor train adapt only: leave it out"),
    ],
)
def test_what_it_refuses(options: tuple[str, ...], told: str, inside: Run) -> None:
    assert told in one_line(inside("train", *options), 2)


def test_ctrl_c_keeps_what_is_known(home: Path, tmp_path: Path) -> None:
    """At the third step of the first trial: five pairs are read, a rendered picture and two left-out ones judged, and
    once more for each way of fitting the last layer."""
    pairs, weights = home / "pairs", home / "small.safetensors"
    line = ("train", "adapt", "--data", pairs, "--weights", weights, "--device", "cpu", *QUICK)
    struck = strike(PROGRESS, signal.SIGINT, *line, cwd=tmp_path, calls=5 + 3 + 5 * 3 + 3)
    assert struck.returncode == 130, struck.stderr
    assert "what is known is kept in mine.adapting: the same again goes on from there\n" in struck.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.adapting"]
    done = strike(PROGRESS, signal.SIGINT, *line, cwd=tmp_path, calls=1000)
    assert done.returncode == 0, done.stderr
    assert "going on where mine.adapting has stopped" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.safetensors"]


def test_weights_that_are_right_already(inside: Run, home: Path, tmp_path: Path) -> None:
    """Exit code 1: nothing is written."""
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    weights = ("--weights", home / "small.safetensors", "--device", "cpu")
    for seed in range(5):
        nir = pairs / f"{seed}_nir.png"
        nir.write_bytes((home / "pairs" / nir.name).read_bytes())
        assert inside("colorize", nir, "-o", pairs / f"{seed}_rgb.png", *weights, "-q").code == 0
    result = inside("train", "adapt", "--data", pairs, *weights, *QUICK, "--set", "steps=1")
    assert result.code == 1
    assert result.out.decode().endswith(f"{home / 'small.safetensors'} stay as they are, nothing is written\n")
    assert not (tmp_path / "mine.safetensors").exists()
