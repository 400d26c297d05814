"""Pairs to train on, and a preset small enough to train."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from small_network import SMALL
from tiny_run import write_pairs

from nircolor.model import PRESETS
from nircolor.model.critic import Critic
from nircolor.training import adversary


@pytest.fixture
def tiny_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "tiny", SMALL)
    monkeypatch.setattr(adversary, "Critic", partial(Critic, width=8))  # of the full width, each checkpoint has 30 MB


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four rendered pairs."""
    return write_pairs(tmp_path_factory.mktemp("pairs"), 0, 1, 2, 3)
