"""Pictures to colorize, and weights that colour them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli_batch_tools import ENGINE
from cli_tools import Result, Run, save


@pytest.fixture
def folder(tmp_path: Path, scene: np.ndarray) -> Path:
    """Five pictures of three formats in three folders."""
    source = tmp_path / "in"
    for number, name in enumerate(("a_nir.png", "b_nir.tif", "sub/c_nir.jpg", "sub/deep/d_nir.png", "e_nir.png")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.roll(scene, 7 * number, 1) * (65535 if name.endswith(".tif") else 255)
        save(source / name, np.rint(pixels).astype(np.uint16 if name.endswith(".tif") else np.uint8))
    return source


@pytest.fixture
def batch(inside: Run, folder: Path, tiny_weights: Path) -> Run:
    """``nircolor batch in out`` with the tiny weights."""

    def run(*args: str | Path) -> Result:
        return inside("batch", "in", "out", "--weights", tiny_weights, *ENGINE, *args)

    return run
