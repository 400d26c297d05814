"""``nircolor batch`` with several workers: the same bytes, clean standard output, Ctrl-C, and what is refused."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import struck
from cli_tools import Run, environment, save

from nircolor.batch.disk import Disk
from nircolor.batch.job import Job
from nircolor.batch.manifest import NAME, rows
from nircolor.batch.walk import Naming, Selection
from nircolor.engine import EngineConfig
from nircolor.picture import Reading, Writing

ENGINE = ("--device", "cpu", "--precision", "fp32")


@pytest.fixture
def folder(tmp_path: Path, scene: np.ndarray) -> Path:
    for number in range(40):
        path = tmp_path / "in" / f"part{number % 2}" / f"x{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, np.rint(np.roll(scene, number, 1) * 255).astype(np.uint8))
    return tmp_path / "in"


def outputs(target: Path) -> dict[str, bytes]:
    files = (path for path in target.rglob("*") if path.is_file() and path.name != NAME)
    return {str(path.relative_to(target)): path.read_bytes() for path in files}


def test_two_workers_write_what_one_writes(
    command: Run, inside: Run, folder: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    (folder / "zero.png").write_bytes(b"")
    line = ("--weights", tiny_weights, *ENGINE, "--json")
    told = command("batch", "in", "two", "--workers", "2", "--contact-sheet", "two.html", *line, cwd=tmp_path)
    assert (told.code, told.json["done"], told.json["failed"]) == (1, 40, 1), told.err
    assert "device cpu, kernel numba" in told.err
    assert "2 workers" in told.err
    assert inside("batch", "in", "one", "--contact-sheet", "one.html", *line).code == 1
    sheets = [(tmp_path / f"{name}.html").read_text() for name in ("one", "two")]
    assert [page.count('<article class="strip">') for page in sheets] == [40, 40]
    names = [re.findall(r"<h3>(.*?)</h3>", page) for page in sheets]
    assert names[0] == names[1]
    assert sheets[1].count("zero.png") == 1, "among the failures"
    assert outputs(tmp_path / "two") == outputs(tmp_path / "one")
    assert sum(row.status == "done" for row in rows(Disk(tmp_path / "two"))) == 40
    assert inside("batch", "in", "two", *line, "--resume").json["kept"] == 40  # by one what two have done


def test_ctrl_c_reaches_all_processes_and_only_one_answers(folder: Path, tiny_weights: Path, tmp_path: Path) -> None:
    args = ("batch", "in", "out", "--workers", "2", "--weights", tiny_weights, *ENGINE)
    start = {"stderr": subprocess.PIPE, "text": True, "env": environment(), "start_new_session": True}
    command = struck.line(struck.ROWS, signal.SIGINT, *args, calls=2, group=True)  # as a terminal does: to all of them
    with subprocess.Popen(command, cwd=tmp_path, **start) as process:  # type: ignore[call-overload]
        told = process.stderr.read()
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert told.endswith("nircolor: error: interrupted\n")
    done = sorted(row.output for row in rows(Disk(tmp_path / "out")) if row.status == "done")
    assert 1 <= len(done) < 40
    assert done == sorted(outputs(tmp_path / "out"))
    deadline = time.monotonic() + 600
    while alive := members(process.pid):
        assert time.monotonic() < deadline, alive
        time.sleep(0.05)


def members(group: int) -> list[str]:
    """What /proc says of the living processes of a group."""
    lines = (_read(path) for path in Path("/proc").glob("[0-9]*/stat"))
    fields = ((line, line.rpartition(")")[2].split()) for line in lines if line)
    return [line for line, (state, _, number, *_) in fields if int(number) == group and state not in "ZX"]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # gone meanwhile
        return ""


def test_refused_before_any_work(inside: Run, command: Run, folder: Path, tmp_path: Path) -> None:
    cases = (
        (("--device", "cpu,gpu"), 2, "--device gpu: unknown"),
        (("--device", "cuda:0,1", "--ray", "auto"), 2, "give --device auto, not cuda:0,1"),
        (("--workers", "0"), 2, "--workers"),
    )
    for options, code, words in cases:
        result = inside("batch", "in", "out", *options)
        assert (result.code, words in result.err) == (code, True), result.err
    without = tmp_path / "without"
    without.mkdir()
    for name in ("ray", "fsspec"):
        (without / f"{name}.py").write_text(f"raise ImportError('No module named {name}')\n")
    result = command("batch", "in", "out", "--ray", "auto", cwd=tmp_path, first=(without,))
    assert (result.code, "pip install 'nircolor[ray]'" in result.err) == (2, True), result.err
    result = command("batch", "s3://bucket/in", "out", cwd=tmp_path, first=(without,))
    assert (result.code, "pip install 'nircolor[remote]'" in result.err) == (2, True), result.err
    assert not outputs(tmp_path / "out")


def test_devices_are_counted_out(tmp_path: Path) -> None:
    def devices(text: str) -> tuple[str, ...]:
        parts = (EngineConfig(device=text), Reading(), Writing(), Selection(), Naming())
        return Job(Disk(tmp_path), Disk(tmp_path / "out"), *parts, policy="refuse").devices

    assert devices("cuda:0,1,3") == ("cuda:0", "cuda:1", "cuda:3")
    assert devices("cuda:0,cuda:1") == ("cuda:0", "cuda:1")
    assert devices("cpu") == ("cpu",)
