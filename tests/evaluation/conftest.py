"""Rendered pairs on disk, as data sets have them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import save

from nircolor import scenes
from nircolor.datasets import Pair


@pytest.fixture(scope="session")
def views() -> list[scenes.Scene]:
    return [scenes.render(seed, 48, 64) for seed in range(4)]


@pytest.fixture
def pairs(tmp_path: Path, views: list[scenes.Scene]) -> list[Pair]:
    """Four pairs of 8 bits, 64 x 48, in tmp_path/data: 0_nir.png, 0_rgb.png, ..."""
    return [
        Pair(
            str(i),
            save(tmp_path / "data" / f"{i}_nir.png", scenes.quantise(view.nir, 8)),
            save(tmp_path / "data" / f"{i}_rgb.png", scenes.quantise(view.rgb, 8)),
            f"scene {i}",
        )
        for i, view in enumerate(views)
    ]
