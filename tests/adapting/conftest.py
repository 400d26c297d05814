"""What is adapted, and to what."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_adapting import QUICKEST, write_pairs
from small_network import network, save


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = network(QUICKEST)
    return save(tmp_path_factory.mktemp("weights") / "small.safetensors", made, description="small", metrics={"old": 1})


@pytest.fixture(scope="session")
def rendered_pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("rendered") / "pairs")


@pytest.fixture
def pairs(rendered_pairs: Path, tmp_path: Path) -> Path:
    """A copy, to be changed at will."""
    return Path(shutil.copytree(rendered_pairs, tmp_path / "pairs"))
