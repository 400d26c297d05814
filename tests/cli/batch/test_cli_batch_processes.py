"""``nircolor batch`` among others: signals, rights, terminals, a second one, kill -9."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from cli_batch_tools import ENGINE, manifest, outputs
from cli_tools import ROOT, Run, environment, on_terminal, save
from rights import need_rights_that_count, obey_rights
from struck import ROWS, strike

from nircolor.batch.entry import Row
from nircolor.batch.manifest import NAME, Manifest


def start(tiny_weights: Path, cwd: Path, *args: str, **options: object) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "nircolor", "batch", "in", "out", "--weights", str(tiny_weights), *args]
    return subprocess.Popen(line, cwd=cwd, stderr=subprocess.PIPE, text=True, env=environment(), **options)  # type: ignore[call-overload,no-any-return]


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 600
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_ctrl_c_finishes_what_is_in_flight_and_resume_goes_on(
    batch: Run, folder: Path, tiny_weights: Path, tmp_path: Path, scene: np.ndarray
) -> None:
    for number in range(40):
        save(folder / f"m{number}.png", np.rint(scene * 255).astype(np.uint8))
    line = ("batch", "in", "out", "--weights", tiny_weights, *ENGINE)
    ended = strike(ROWS, signal.SIGINT, *line, cwd=tmp_path, calls=3)
    assert ended.returncode == 130, ended.stderr
    assert ended.stderr.endswith("nircolor: error: interrupted\n")
    done = {row["output"] for row in manifest(tmp_path / "out") if row["status"] == "done"}
    assert done == set(outputs(tmp_path / "out"))
    rest = batch("--resume", "--json").json
    assert (rest["done"] + len(done), rest["kept"]) == (45, len(done))


@pytest.mark.parametrize("what", ["folder", "manifest"])
def test_an_output_folder_that_vanishes_is_told(
    what: str, batch: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Manifest.add

    def add_and_take_away(log: Manifest, rows: Iterable[Row]) -> None:
        """The first picture that is done is the last one that finds the place it knows."""
        rows = list(rows)
        add(log, rows)
        if any(row.status == "done" for row in rows) and (tmp_path / "out" / NAME).exists():
            (tmp_path / "out").rename(tmp_path / "moved") if what == "folder" else (tmp_path / "out" / NAME).unlink()

    monkeypatch.setattr(Manifest, "add", add_and_take_away)
    result = batch()
    told = result.err.splitlines()
    assert result.code == 1, told
    assert told[-1].startswith(f"nircolor: error: out/{NAME}: has vanished while the batch was at work")
    assert told[-2].startswith("before the error: ")


def test_lines_that_are_no_rows_are_named_and_nothing_outside_is_touched(
    batch: Run, folder: Path, tmp_path: Path
) -> None:
    assert batch().code == 0
    before, leftover = outputs(tmp_path / "out"), tmp_path / ".nircolor-0123456789abcdef.tmp"
    leftover.write_text("of somebody else")
    with (tmp_path / "out" / NAME).open("a") as stream:
        stream.write('{"input": "a_nir.png", "output": "../x.png", "status": "begun"}\n{"status": 5}\n')
    result = batch("--resume", "--json")
    assert (result.code, result.json["kept"], len(result.json["warnings"])) == (0, 5, 2)
    assert "'../x.png' is no path inside the output folder; passed over" in result.json["warnings"][0]
    assert (outputs(tmp_path / "out"), leftover.exists()) == (before, True)


def test_watch_takes_new_files_once_settled_until_ctrl_c(
    folder: Path, tiny_weights: Path, tmp_path: Path, scene: np.ndarray
) -> None:
    with start(tiny_weights, tmp_path, "--watch") as process:
        wait_for(tmp_path / "out" / "a_nir_rgb.png")
        with start(tiny_weights, tmp_path, "--overwrite") as second:  # two at once
            assert "another nircolor batch is at work on this folder" in second.stderr.read()  # type: ignore[union-attr]
        assert second.returncode == 1
        save(tmp_path / "late.png", np.rint(scene * 255).astype(np.uint8)).rename(folder / "late.png")  # at once
        wait_for(tmp_path / "out" / "late_rgb.png")
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()  # type: ignore[union-attr]
    assert process.returncode == 0, told  # nothing was left undone
    assert len(outputs(tmp_path / "out")) == 6


def test_folders_and_files_without_rights(command: Run, folder: Path, tiny_weights: Path, tmp_path: Path) -> None:
    need_rights_that_count()
    shut = (folder / "sub" / "deep", folder / "a_nir.png")
    for path in shut:
        path.chmod(0)
    line = ("--weights", tiny_weights)
    result = command("batch", "in", "out", "--json", *line, cwd=tmp_path, preexec_fn=obey_rights)
    assert (result.code, result.json["done"]) == (1, 3), result.err
    assert "cannot be listed (Permission denied)" in result.err
    assert "may not be read (permission denied)" in result.err
    refused = command("batch", shut[0], "out2", *line, cwd=tmp_path, preexec_fn=obey_rights)
    assert (refused.code, "cannot be listed" in refused.err) == (3, True), refused.err
    (tmp_path / "out").chmod(0o555)
    refused = command("batch", "in/sub", "out/new", *line, cwd=tmp_path, preexec_fn=obey_rights)
    assert (refused.code, "cannot be written to" in refused.err) == (1, True), refused.err
    for path in (*shut, tmp_path / "out"):
        path.chmod(0o755)


def test_on_a_terminal_a_bar_shows_files_speed_and_failures(folder: Path, tiny_weights: Path, tmp_path: Path) -> None:
    (folder / "zero.png").write_bytes(b"")
    line = ("batch", "in", "out", "--weights", tiny_weights)
    code, shown = on_terminal(*line, cwd=tmp_path, columns=120)
    assert code == 1
    assert re.search(rb"6/6.* MP/s.*1 failed", shown), shown


def test_killed_at_random_moments_no_output_is_partial_and_a_last_run_finishes(tiny_weights: Path) -> None:
    script = ROOT / "benchmarks" / "batch_kills.py"
    kills = os.environ.get("NIRCOLOR_KILLS", "1")
    line = [sys.executable, str(script), "--kills", kills, "--pictures", "12", "--weights", str(tiny_weights)]
    done = subprocess.run(line, capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 0, done.stderr
    assert f"{kills} kills" in done.stdout
