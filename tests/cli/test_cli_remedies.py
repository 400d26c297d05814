"""Every remedy that an error offers followed word for word works; no error speaks of an option that is not there."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
import typer
from cli_tools import ROOT, Run, save
from remedy_cases import BGR, CASES, NIR, Case, files

from nircolor.cli.app import app
from nircolor.wording import OPTIONS, RENAMED, command_line


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.wrong}: {case.words}")
def test_a_remedy_followed_word_for_word_works(inside: Run, tmp_path: Path, tiny_weights: Path, case: Case) -> None:
    files(tmp_path)

    def do(line: str) -> tuple[int, str]:
        result = inside(*shlex.split(line), "--weights", tiny_weights, "--device", "cpu")
        return result.code, result.err

    if case.before:
        assert do(case.before)[0] == 0
    code, text = do(case.wrong)
    assert code in (1, 2, 3), text
    assert case.words in text
    for line in case.right:
        assert do(line)[0] == 0, line


def test_an_evaluation_offers_no_options_that_it_lacks(inside: Run, tmp_path: Path) -> None:
    (tmp_path / "pairs").mkdir()
    for scene in ("a", "b"):
        save(tmp_path / "pairs" / f"{scene}_rgb.png", BGR)
        save(tmp_path / "pairs" / f"{scene}_nir.png", BGR if scene == "b" else NIR)
    line = ("evaluate", "--baseline", "grey", "pairs", "--metrics", "psnr", "--split", "all")
    error = inside(*line).err
    assert "b_nir.png: is a colour picture" in error
    assert "; save what is near-infrared in it as a grey picture" in error
    assert not re.search("--grey|--band", error)
    save(tmp_path / "pairs" / "b_nir.png", NIR)
    assert inside(*line).code == 0


def test_the_rate_of_pictures_without_one_is_told_unless_it_is_given(
    inside: Run, tmp_path: Path, tiny_weights: Path
) -> None:
    files(tmp_path)
    line = ("video", "raw.mjpeg", "--weights", tiny_weights, "--overwrite", "--json")
    told = ["raw.mjpeg: its pictures have no frame rate: 25 a second are taken; --fps changes that"]
    for options, fps, warnings in (((), 25, told), (("--fps", "10"), 10, []), (("-o", "folder"), None, [])):
        values = inside(*line, *options).json
        assert (values["frames"], values["fps"], values["warnings"]) == (2, fps, warnings)


def test_floats_of_another_unit_are_told_a_range_that_all_commands_have(
    inside: Run, tmp_path: Path, tiny_weights: Path
) -> None:
    (tmp_path / "in").mkdir()
    tifffile.imwrite(tmp_path / "in" / "f1.tif", NIR.astype(np.float32))
    for line in (("video", "in"), ("colorize", "in/f1.tif")):
        result = inside(*line, "--weights", tiny_weights)
        assert (result.code, "--stretch" in result.err) == (0, False)
        (advice,) = re.findall(r"and were clipped; (--range \S+) takes in the whole of this picture", result.err)
        result = inside(*line, *advice.split(), "--overwrite", "--weights", tiny_weights)
        assert (result.code, "clipped" in result.err) == (0, False)


REACHED = {
    "image/**/*.py": ("colorize", "batch", "video"),
    "picture.py": ("colorize", "batch", "video"),
    "files.py": ("colorize", "batch", "video", "evaluate"),
    "tiles.py": ("colorize", "batch", "video"),
    "engine.py": ("colorize", "batch", "video", "evaluate"),
    "colorizer.py": ("colorize", "batch", "video"),
    "device.py": ("colorize", "batch", "video", "evaluate", "train"),
    "weights*.py": ("colorize", "batch", "video", "evaluate"),
    "hub.py": ("colorize", "batch", "video", "evaluate"),
    "video/**/*.py": ("video",),
    "batch/**/*.py": ("batch",),
    "serving/config.py": ("serve",),
    "serving/serve.py": ("serve",),
    "colorize.py": ("colorize",),
    "cli/colorize.py": ("colorize",),
    "cli/video*.py": ("video",),
    "cli/batch*.py": ("batch",),
}
"""Which commands print what a part of the package has to say."""

ELSEWHERE = {
    "video": {"--cog", "--damaged", "--depth", "--format", "--stretch"},  # its frames are of its own kind
    "colorize": {"--colour-inputs"},  # offered where many pictures are read
    "train": {"--precision"},  # of recipes, which has its own check
}


def commands(group: typer.main.TyperGroup) -> Iterator[tuple[str, set[str]]]:
    """Each command, those of groups too, and its options."""
    for name, command in group.commands.items():
        yield name, {option for param in command.params for option in (*param.opts, *param.secondary_opts)}
        if isinstance(command, typer.main.TyperGroup):
            yield from commands(command)


def options() -> dict[str, set[str]]:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.main.TyperGroup)
    return {name: found | ELSEWHERE.get(name, set()) for name, found in commands(group)}


def texts(path: Path) -> Iterator[str]:
    """The strings of a module but for docstrings, with 0 in place of values, and the options that its errors name."""
    tree = ast.parse(path.read_text("utf-8"))
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            bare |= {id(part) for part in node.values}
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "0" for part in node.values)
        elif isinstance(node, ast.keyword) and node.arg == "option" and isinstance(node.value, ast.Constant):
            yield f"`{node.value.value}`"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.value


@pytest.mark.parametrize("part", REACHED)
def test_messages_name_options_that_their_commands_have(part: str) -> None:
    known, paths = options(), sorted((ROOT / "nircolor").glob(part))
    assert paths
    for path in paths:
        for text in texts(path):
            printed = command_line(text)
            assert not re.search(r"`[a-z_]+(=[^`]*)?`", printed), f"{path.name}: {text!r}: the command line has no such"
            for option in re.findall(r"--[a-z][a-z-]+", printed):
                missing = [command for command in REACHED[part] if option not in known[command]]
                assert not missing, f"{path.name}: {text!r}: {option} is no option of {missing}"


def test_the_words_of_the_command_line_are_options_that_it_has() -> None:
    every = set.union(*options().values())
    for name in OPTIONS:
        assert command_line(f"`{name}`") in every, name
    for mark, words in RENAMED.items():
        assert command_line(f"`{mark}`") == words
        assert set(re.findall(r"(?<!\S)-[a-z-]+", words)) <= every | {"-"}, words


def test_only_the_command_line_knows_its_options() -> None:
    """But for the room that translates, the one that shows how to, and a command of its own."""
    known = set.union(*options().values()) - {"--help", "--version"}
    for part in ("image", "colorize.py", "colorizer.py", "device.py", "engine.py", "files.py", "hub.py", "picture.py"):
        place = ROOT / "nircolor" / part
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            for text in texts(path):
                assert not known & set(re.findall(r"--[a-z][a-z-]+", text)), f"{path.name}: {text!r}"
