"""Compiled kernels are found again: a second process compiles nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import torch
from nircolor.scan import cross_scan
u = torch.rand(1, 3, 4, 8, requires_grad=True)
steps, rows = torch.rand(1, 4, 3, 4, 8), torch.rand(1, 3, 4, 4, 2)
cross_scan(u, steps, torch.zeros(4, 8), -torch.ones(4, 8, 2), rows, rows, torch.ones(4, 8)).sum().backward()
"""


def compiled(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*.nbc")}


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    environment = {"NUMBA_CACHE_DIR": str(tmp_path), "PATH": ""}
    for _ in range(2):
        before = compiled(tmp_path)
        subprocess.run([sys.executable, "-c", SCRIPT], env=environment, check=True, timeout=600)
    assert before
    assert compiled(tmp_path) == before
