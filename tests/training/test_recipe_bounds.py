"""Recipes that ask too much of whoever reads them: refused in one line, in bounded time and memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nircolor.errors import InputError, UsageError
from nircolor.training.recipe_file import load_recipe


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def refused_change(change: str) -> str:
    with pytest.raises(UsageError) as caught:
        load_recipe("lite", [change])
    assert "\n" not in str(caught.value)
    return str(caught.value)


NESTED = {
    "arrays": f"seed = {'[' * 20_000}",
    "tables": f"seed = {'{a = ' * 20_000}",
    "closed tables": f"seed = {'{a = ' * 100}1{'}' * 100}",
    "keys": f"{'a.' * 100}a = 1",
    "many keys": f"{'a.' * 50_000}a = 1",
    "headers": f"[{'a.' * 100}a]",
}


@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED)
def test_what_is_nested_deeper_than_anybody_writes_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        InputError, match=r"deep\.toml: not a recipe that can be read \(it .*(deeper than|dots)"
    ) as told:
        load_recipe(write(tmp_path / "deep.toml", text))
    assert len(str(told.value)) < 300 + len(str(tmp_path))
    key, _, value = text.partition(" = ")
    if value:
        assert len(refused_change(f"{key}={value}")) < 200


def test_json_is_held_to_the_same(tmp_path: Path) -> None:
    for text in ('{"a":' * 20_000, '{"a":' * 50 + "1" + "}" * 50, "[" * 100_000, '{"preset": "\\ud800"}', "[]", "{"):
        with pytest.raises(InputError, match=r"run\.json: not a recipe that can be read"):
            load_recipe(write(tmp_path / "run.json", text))


@pytest.mark.parametrize(
    "value", ["0x" + "f" * 5000, "9" * 5000, '"a\\u0000b"', '"' + "x" * 3000 + '"', "1e400", "nan"]
)
def test_numbers_and_texts_that_nobody_could_write_down_again(tmp_path: Path, value: str) -> None:
    recipe = write(tmp_path / "odd.toml", f'preset = "lite"\nseed = {value}\n')
    with pytest.raises((InputError, UsageError)) as told:
        load_recipe(recipe)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 300 + len(str(tmp_path))
    refused_change(f"seed={value}")
    with pytest.raises((InputError, UsageError)):
        load_recipe(write(tmp_path / "base.toml", f"base = {value}\n"))


def test_half_a_character_on_the_command_line() -> None:
    assert "half a character" in refused_change("start_from=\udcff.safetensors")


@pytest.mark.parametrize("name", ["odd.toml", "odd.json"])
@pytest.mark.parametrize(
    "make",
    [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero"), lambda path: path.write_bytes(b"#" * (1 << 20))],
    ids=["pipe", "folder", "device", "large"],
)
def test_only_a_small_regular_file_is_read(tmp_path: Path, name: str, make: Callable[[Path], object]) -> None:
    make(tmp_path / name)
    with pytest.raises(
        InputError, match=r"not a recipe that can be read \(it is (a folder|no regular file|larger than)"
    ):
        load_recipe(tmp_path / name)
    if name == "odd.toml":
        with pytest.raises(InputError, match="odd"):
            load_recipe(write(tmp_path / "b.toml", 'base = "odd.toml"'))
