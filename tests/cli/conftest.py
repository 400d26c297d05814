"""The real command in a process of its own, and the same command inside the test where many runs would load torch."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_tools import Result, Run, environment, save
from forked import Forks
from numpy.typing import NDArray

from nircolor.cli import main


@pytest.fixture(scope="session")
def poison(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a folder of modules that cannot be imported: whoever tries fails loudly."""

    def make(*names: str) -> Path:
        folder = tmp_path_factory.mktemp("poison")
        for name in names:
            (folder / f"{name}.py").write_text(f"raise SystemError('{name} was imported')\n")
        return folder

    return make


@pytest.fixture(scope="session")
def command() -> Run:
    """``nircolor`` with some arguments in a process of its own."""

    def run(*args: str | Path, cwd: Path, stdin: bytes = b"", first: tuple[Path, ...] = (), **options: Any) -> Result:
        line = [sys.executable, "-m", "nircolor", *map(os.fspath, args)]
        options = {"env": environment(*first), "timeout": 600, **options}
        done = subprocess.run(line, cwd=cwd, input=stdin, capture_output=True, check=False, **options)
        return Result(done.returncode, done.stdout, done.stderr.decode())

    return run


@pytest.fixture(scope="session")
def forked() -> Iterator[Run]:
    """The same, sooner: torch is loaded already. See ``forked.py`` for what may be asked of it."""
    forks = Forks()
    yield forks.run
    forks.close()


@pytest.fixture
def inside(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """``nircolor`` with some arguments in this process, in ``tmp_path``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*args: str | Path) -> Result:
        capsysbinary.readouterr()
        code = main([os.fspath(arg) for arg in args])
        out, err = capsysbinary.readouterr()
        return Result(code, out, err.decode())

    return run


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The architecture of the packaged weights, narrow and with random values."""
    import small_network

    return small_network.save(
        tmp_path_factory.mktemp("weights") / "tiny.safetensors", small_network.network(small_network.PLAIN)
    )


@pytest.fixture(scope="session")
def scene() -> NDArray[np.float32]:
    """A near-infrared scene, (60, 80) in [0, 1]."""
    from nircolor.scenes import render

    return render(3, 60, 80).nir


@pytest.fixture
def nir8(tmp_path: Path, scene: NDArray[np.float32]) -> Path:
    return save(tmp_path / "photo_nir.png", np.rint(scene * 255).astype(np.uint8))


@pytest.fixture
def nir16(tmp_path: Path, scene: NDArray[np.float32]) -> Path:
    return save(tmp_path / "photo16_nir.tif", np.rint(scene * 65535).astype(np.uint16))
