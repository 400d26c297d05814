"""How much memory is free, as the files of a system say it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nircolor.memory import available_memory


@pytest.fixture
def system(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path

    return write


def test_free_memory_is_that_of_the_machine_or_of_a_smaller_container(system: Callable[[str, str], Path]) -> None:
    place = system("meminfo", "MemTotal:       9000 kB\nMemAvailable:   5000 kB\nHugePages_Total:       0\n")
    assert available_memory(place, place) == 5000 * 1024
    system("memory.current", "1000000\n")
    system("memory.stat", "anon 600000\ninactive_file 400000\n")
    system("memory.max", "max\n")
    assert available_memory(place, place) == 5000 * 1024
    system("memory.max", "3000000\n")
    assert available_memory(place, place) == 2_400_000
    system("memory.max", "500000\n")
    assert available_memory(place, place) == 0


def test_free_memory_of_this_machine() -> None:
    assert 1 << 20 < available_memory() < 1 << 50
    assert 1 << 20 < available_memory(Path("nowhere"), Path("nowhere")) < 1 << 50
