"""Two runs do not write to one output; one that was killed does not keep others from it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import small_network
from video_tools import film, shots

import nircolor
from nircolor.claim import claimed
from nircolor.errors import OutputError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is locked on Windows")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> nircolor.EngineConfig:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    return nircolor.EngineConfig(str(small_network.save(path, small_network.network(small_network.PLAIN))))


@pytest.mark.parametrize(
    ("name", "options"),
    [("y.avi", {}), ("frames", {}), ("y.avi", {"segment": 1.0}), ("y.avi", {"resume": True})],
    ids=["file", "folder", "segments", "parts"],
)
def test_the_second_run_is_refused_while_the_first_is_at_work(
    tmp_path: Path, engine: nircolor.EngineConfig, name: str, options: dict[str, float]
) -> None:
    path = film(tmp_path / "x.avi", shots(2))
    with claimed(tmp_path / name), pytest.raises(OutputError, match=f"{name}: another nircolor is at work"):
        nircolor.colorize_video(path, tmp_path / name, engine=engine, **options)  # type: ignore[arg-type]
    assert nircolor.colorize_video(path, tmp_path / name, engine=engine, **options).frames == 2  # type: ignore[arg-type]
    assert not list(tmp_path.glob(".nircolor-*"))


def test_a_link_to_an_output_is_that_output(tmp_path: Path) -> None:
    (tmp_path / "link.avi").symlink_to(tmp_path / "y.avi")
    with claimed(tmp_path / "y.avi"), pytest.raises(OutputError), claimed(tmp_path / "link.avi"):
        pass


def test_a_run_that_was_killed_leaves_no_lock(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib, signal; from nircolor.claim import claimed\n"
        "with claimed(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "y.avi")], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.glob(".nircolor-*"))
    with claimed(tmp_path / "y.avi"):
        """Nobody is at work."""
    assert not list(tmp_path.glob(".nircolor-*"))


def test_what_is_no_path_or_lies_nowhere_is_not_locked(tmp_path: Path) -> None:
    nowhere, pipe = tmp_path / "none" / "y.avi", sys.stdout.buffer
    with claimed(pipe), claimed(pipe), claimed(nowhere), claimed(nowhere):
        assert not list(tmp_path.iterdir())
