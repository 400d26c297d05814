"""Help, version and mistakes in the command line: quick, complete, and without any heavy import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_tools import HEAVY

import nircolor

COMMANDS = (
    (),
    ("colorize",),
    ("batch",),
    ("video",),
    ("evaluate",),
    ("train",),
    ("demo",),
    ("doctor",),
    ("weights",),
    ("weights", "list"),
    ("weights", "fetch"),
    ("weights", "verify"),
    ("weights", "export"),
)


@pytest.fixture(scope="module")
def bare(poison: Callable[..., Path]) -> tuple[Path, ...]:
    """No heavy package can be imported."""
    return (poison(*HEAVY),)


@pytest.mark.parametrize("args", [(*args, "--help") for args in COMMANDS] + [(), ("weights",), ("colorize", "-h")])
def test_help_needs_no_heavy_package_and_fits_80_columns(
    args: tuple[str, ...], command: Any, bare: tuple[Path, ...], tmp_path: Path
) -> None:
    result = command(*args, cwd=tmp_path, first=bare)
    assert (result.code, result.err) == (0, "")
    lines = result.out.decode().splitlines()
    assert any(line.strip().startswith("Usage: nircolor") for line in lines)
    assert max(map(len, lines)) <= 80


def test_help_of_colorize_tells_every_option_the_examples_and_the_exit_codes(inside: Any) -> None:
    text = inside("colorize", "--help").out.decode()
    names = "output format depth overwrite weights device precision prior tile overlap batch stretch equalize band"
    for name in f"{names} page grey json quiet verbose help".split():
        assert f"--{name}" in text
    assert "hf://org/repo[@rev][/file]" in text  # brackets are markup to rich
    assert "$ nircolor colorize photo_nir.tif" in text
    assert all(f"{code}  " in text for code in (0, 1, 2, 3, 4, 5, 130))


def test_help_of_the_whole_names_every_command(inside: Any) -> None:
    text = inside("--help").out.decode()
    assert all(
        name in text for name in ("colorize", "batch", "video", "evaluate", "train", "weights", "demo", "doctor")
    )


def test_version(command: Any, bare: tuple[Path, ...], tmp_path: Path) -> None:
    result = command("--version", cwd=tmp_path, first=bare)
    assert (result.code, result.out.decode(), result.err) == (0, f"nircolor {nircolor.__version__}\n", "")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("colorise", "x.png"), "colorise"),
        (("colorize",), "INPUT"),
        (("colorize", "x.png", "--depht", "8"), "--depth"),
        (("colorize", "x.png", "--depth", "9"), "'8', '16', '32'"),
        (("colorize", "x.png", "--precision", "int8"), "--precision"),
        (("colorize", "x.png", "--prior", "local"), "--prior"),
        (("colorize", "x.png", "--tile", "many"), "--tile"),
        (("colorize", "x.png", "y.png"), "y.png"),
        (("weights", "push"), "push"),
        (("train", "lite", "--processes", "0"), "--processes"),
        (("evaluate",), "DATA"),
        (("evaluate", "a", "b", "--precision", "int8"), "--precision"),
    ],
)
def test_a_mistake_in_the_line_is_one_line_and_exit_code_2(args: tuple[str, ...], words: str, inside: Any) -> None:
    result = inside(*args)
    assert (result.code, result.out) == (2, b"")
    assert result.err.startswith("nircolor: error: ")
    assert result.err.count("\n") == 1
    assert words in result.err
    assert "--help" in result.err


def test_a_mistake_in_the_line_in_json(command: Any, bare: tuple[Path, ...], tmp_path: Path) -> None:
    result = command("colorize", "x.png", "--nonsense", "--json", cwd=tmp_path, first=bare)
    assert result.code == 2
    assert result.json == {"error": result.err.removeprefix("nircolor: error: ").strip(), "exit_code": 2}
