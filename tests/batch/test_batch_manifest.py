"""The manifest: whole lines whatever happens, one batch at a time, and what a later one makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nircolor.batch.manifest import NAME, Manifest, history, rows, sweep
from nircolor.batch.row import Row
from nircolor.errors import OutputError

DONE = Row("a\n\udcff.png", "a_rgb.png", "done", 7, (7, 1, 2, 3), "ab", {"tile": 576}, "cd", 9, 4, 3, 0.5, "now")


def test_a_row_survives_the_file_whatever_its_name(tmp_path: Path) -> None:
    with Manifest(tmp_path / "out") as manifest:
        manifest.add([DONE])
    assert list(rows(tmp_path / "out")) == [DONE]
    (line,) = (tmp_path / "out" / NAME).read_text("ascii").splitlines()
    expected = {"input", "bytes", "sha256", "options", "weights", "output", "seconds", "status"}
    assert expected <= set(json.loads(line))


def test_a_torn_line_is_passed_over_and_spoils_no_other(tmp_path: Path) -> None:
    whole = DONE.to_json()
    for cut in (1, len(whole) // 2, len(whole) - 1, len(whole)):
        (tmp_path / NAME).write_text(whole + "\n" + whole[:cut])
        with Manifest(tmp_path) as manifest:
            manifest.add([DONE])
        assert list(rows(tmp_path)) == [DONE] * (3 if cut == len(whole) else 2)


def test_history_tells_finished_outputs_from_begun_ones(tmp_path: Path) -> None:
    def row(output: str, status: str) -> Row:
        return Row("x", output, status, sha256="ab" if status == "done" else None)  # type: ignore[arg-type]

    with Manifest(tmp_path) as manifest:
        manifest.add([row("whole", "done"), row("again", "done"), row("bad", "begun"), row("bad", "failed")])
        manifest.add([row("again", "begun"), row("new", "begun"), row("never", "failed")])
    past = history(tmp_path)
    assert {name: (what.finished, what.sha256) for name, what in past.items()} == {
        "whole": (True, "ab"), "again": (False, None), "bad": (True, None), "new": (False, None),
    }  # fmt: skip


def test_sweep_removes_temporary_files_beside_unfinished_outputs_only(tmp_path: Path) -> None:
    for folder in ("killed", "sound"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / ".nircolor-0123.tmp").write_text("half")
    with Manifest(tmp_path) as manifest:
        manifest.add([Row("x", "killed/x.png", "begun"), Row("y", "sound/y.png", "begun")])
        manifest.add([Row("y", "sound/y.png", "done")])
    sweep(tmp_path, history(tmp_path))
    assert [path.parent.name for path in tmp_path.rglob("*.tmp")] == ["sound"]


def test_two_batches_on_one_folder_and_a_dead_one(tmp_path: Path) -> None:
    code = "import sys, pathlib, nircolor.batch.manifest as m; held = m.Manifest(pathlib.Path(sys.argv[1])).__enter__()"
    holder = [sys.executable, "-c", f"{code}; print('locked', flush=True); sys.stdin.read()", str(tmp_path)]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"locked\n"
        with pytest.raises(OutputError, match="another nircolor batch is at work"), Manifest(tmp_path):
            pass
        process.kill()
    with Manifest(tmp_path):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space left on device"), Manifest(tmp_path) as manifest:
        manifest.add([DONE])


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written to"), Manifest(tmp_path / "file" / "out"):
        pass
