"""Servers for the tests: one that most of them share, others with options of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from serving_tools import Server, encoded

from nircolor.scenes import quantise, render


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("tmp")) as running:
        yield running


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers with options, which end with the test."""
    running: list[Server] = []

    def begin(*options: str | Path, env: dict[str, str] | None = None) -> Server:
        folder = tmp_path / f"tmp{len(running)}"
        folder.mkdir()
        running.append(Server(folder, *options, env=env))
        return running[-1]

    yield begin
    for one in running:
        one.__exit__(None, None, None)


@pytest.fixture(scope="session")
def nir() -> NDArray[np.uint8]:
    """(48, 64)."""
    return quantise(render(3, 48, 64).nir, 8)


@pytest.fixture(scope="session")
def png(nir: NDArray[np.uint8]) -> bytes:
    return encoded(".png", nir)
