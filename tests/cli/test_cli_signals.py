"""Ctrl-C and kill while ``nircolor colorize`` works: it says so, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_tools import Run, one_line, save
from struck import PROGRESS, strike


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_colorizing_leaves_nothing(number: int, code: int, tiny_weights: Path, tmp_path: Path) -> None:
    save(tmp_path / "big.png", np.random.default_rng(0).integers(0, 256, (400, 400), np.uint8))
    line = ("colorize", "big.png", "--tile", "64", "--overlap", "16", "--weights", tiny_weights)
    done = strike(PROGRESS, number, *line, cwd=tmp_path, calls=9)
    about, *told = done.stderr.splitlines()
    assert (done.returncode, about.startswith("device ")) == (code, True), done.stderr
    assert told == ["nircolor: error: interrupted"]
    assert [path.name for path in tmp_path.iterdir()] == ["big.png"]


def test_a_signal_while_writing_leaves_nothing(
    inside: Run, nir8: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def interrupted(handle: int) -> None:
        seen.extend(path.name for path in tmp_path.iterdir())
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(os, "fsync", interrupted)  # called when all is written, under the temporary name
    result = inside("colorize", nir8.name, "-q", "--json", "--weights", tiny_weights)
    assert any(name.endswith(".tmp") for name in seen)
    assert (result.code, result.err) == (130, "nircolor: error: interrupted\n")
    assert result.json == {"error": "interrupted", "exit_code": 130}
    assert list(tmp_path.iterdir()) == [nir8]


def test_a_signal_that_was_lost_on_its_way_is_not_forgotten(
    inside: Run, nir8: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from nircolor.image import open_nir

    def interrupted_in_a_callback(*args: Any, **options: Any) -> Any:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except BaseException as error:
            raise ImportError("as C code would put it") from error
        return open_nir(*args, **options)

    monkeypatch.setattr("nircolor.image.open_nir", interrupted_in_a_callback)
    before = signal.getsignal(signal.SIGTERM)  # Ray leaves one of its own in this process
    assert one_line(inside("colorize", nir8.name, "--weights", tiny_weights), 143).endswith("interrupted\n")
    assert signal.getsignal(signal.SIGTERM) == before
