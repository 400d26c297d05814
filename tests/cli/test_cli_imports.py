"""What each command imports: no more than the table *Start-up* of docs/architecture.md allows it."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from cli_tools import ROOT, environment, save

CODE = """
import sys
from nircolor.cli import main
code = main(sys.argv[1:])
print(code, *sorted(set(sys.modules) & set({heavy!r})), file=sys.stderr)
"""

LINES = {
    "nircolor --version": "--version",
    "nircolor --help": "--help",
    "nircolor colorize --help": "colorize --help",
    "nircolor serve --help": "serve --help",
    "nircolor weights list": "weights list",
    "nircolor batch --dry-run": "batch in out --dry-run",
    "nircolor colorize": "colorize in/x1.png -o x_rgb.png",
    "nircolor colorize, reference": "colorize in/x1.png -o led.png --reference day.png",
    "nircolor colorize, TIFF": "colorize in/x1.tif -o x_rgb.tif",
    "nircolor batch": "batch in out",
    "nircolor video": "video frames -o film.mp4 --fps 5",
    "nircolor doctor": "doctor",
}


@cache
def table() -> dict[str, frozenset[str]]:
    """Heavy modules by command, as the document has them; the first row names all that count."""
    text = (ROOT / "docs" / "architecture.md").read_text().partition("\n## Start-up\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `?([^|`]+)`? \| ([^|]*) \|", text, re.MULTILINE)
    return {name.strip(): frozenset(re.findall(r"`([\w.]+)`", modules)) for name, modules in rows}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_weights: Path) -> Path:
    folder = tmp_path_factory.mktemp("place")
    (folder / "in").mkdir()
    (folder / "frames").mkdir()
    for number in (1, 2):
        pixels = np.random.default_rng(number).integers(0, 256, (24, 32), np.uint8)
        save(folder / "in" / f"x{number}.png", pixels)
        save(folder / "frames" / f"x{number}.png", pixels)
    save(folder / "in" / "x1.tif", pixels)
    save(folder / "day.png", np.random.default_rng(3).integers(0, 256, (64, 80, 3), np.uint8))
    return folder


def test_the_table_has_a_row_for_each_line() -> None:
    assert set(LINES) == set(table()) - {"command", "all that count"}


@pytest.mark.parametrize("name", LINES)
def test_a_command_imports_what_it_may(name: str, place: Path) -> None:
    heavy = sorted(table()["all that count"])
    line = [sys.executable, "-c", CODE.format(heavy=heavy), *LINES[name].split()]
    done = subprocess.run(line, cwd=place, env=environment(), capture_output=True, text=True, timeout=600, check=True)
    code, *found = done.stderr.splitlines()[-1].split()
    assert code == "0", done.stderr
    assert sorted(found) == sorted(table()[name])
