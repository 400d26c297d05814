"""Pairs to train on, and a preset small enough to train."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_network import SMALL
from tiny_run import write_pairs

from nircolor.model import PRESETS


@pytest.fixture
def tiny_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "tiny", SMALL)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four rendered pairs."""
    return write_pairs(tmp_path_factory.mktemp("pairs"), 0, 1, 2, 3)
