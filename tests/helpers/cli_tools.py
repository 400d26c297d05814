"""How the tests of the command line run it, and how they make files for it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "torch",
    "numpy",
    "cv2",
    "numba",
    "huggingface_hub",
    "PIL",
    "tifffile",
    "imagecodecs",
    "skimage",
    "safetensors",
)


@dataclass(frozen=True)
class Result:
    code: int
    out: bytes
    err: str

    @property
    def json(self) -> dict[str, Any]:
        values = json.loads(self.out)
        assert isinstance(values, dict)
        return values


Run = Callable[..., Result]


def environment(*first: Path) -> dict[str, str]:
    """Ours, with this working copy importable, after the folders ``first``; one thread, no colours, wide lines."""
    path = os.pathsep.join(map(str, (*first, ROOT)))
    quiet = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "PYTHONWARNINGS")}
    return {**quiet, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", "COLUMNS": "80"}


def save(path: Path, pixels: NDArray[Any]) -> Path:
    encoded, data = cv2.imencode(path.suffix, pixels)
    assert encoded
    path.write_bytes(data.tobytes())
    return path


def one_line(result: Any, code: int) -> str:
    """The error line of a result, after the checks that hold for all of them."""
    assert (result.code, result.out) == (code, b""), result.err
    assert result.err.count("\n") == 1
    assert result.err.startswith("nircolor: error: ")
    return str(result.err)


@contextmanager
def unread() -> Iterator[int]:
    """The writing end of a pipe whose reader has gone away already."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        yield writer
    finally:
        os.close(writer)


def on_terminal(*args: str | Path, cwd: Path, columns: int = 80) -> tuple[int, bytes]:
    """Run ``nircolor`` on a terminal of its own: exit code, and everything that the terminal got."""
    terminal, inner = pty.openpty()
    line = [sys.executable, "-m", "nircolor", *map(str, args)]
    env = {**environment(), "TERM": "xterm", "COLUMNS": str(columns)}
    with subprocess.Popen(line, cwd=cwd, stdout=inner, stderr=inner, stdin=subprocess.DEVNULL, env=env) as process:
        os.close(inner)
        shown = b""
        while part := _read(terminal):
            shown += part
    os.close(terminal)
    return process.returncode, shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""
