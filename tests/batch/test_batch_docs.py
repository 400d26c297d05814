"""The examples of docs/batch.md run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from batch_tools import picture, tree

PAGE = Path(__file__).resolve().parents[2] / "docs" / "batch.md"


def test_the_examples_run_as_they_stand_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a/x_nir.png", "y_nir.tif"):
        picture(tmp_path / "night" / name)
    (tmp_path / "night" / "zero.png").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    printed = []
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(compile(code, str(PAGE), "exec"), names)
        printed.append(capsys.readouterr().out.splitlines())
    first, _, events, plan, error = printed
    assert first[0].startswith("2 done, 0 unchanged, 1 failed; ")
    assert first[1] == "zero.png - is empty (0 bytes); get a fresh copy"
    assert (names["web"].done, names["again"].kept) == (2, 2)
    assert events == ["zero.png failed is empty (0 bytes); get a fresh copy"]
    assert plan[0].startswith("3 pictures, ")
    assert plan[1:] == ["a/x_nir.png -> a/x_nir_rgb.png", "y_nir.tif -> y_nir_rgb.tif", "zero.png -> zero_rgb.png"]
    assert error == [
        "day/a/x_nir_rgb.png | exists already (and 1 more) | add `policy=overwrite`, `policy=skip` or `policy=resume`, "
        "or choose another output folder"
    ]
    assert set(tree(tmp_path / "day")) == {"a/x_nir_rgb.png", "y_nir_rgb.tif"}
    assert set(tree(tmp_path / "web")) == {"a/x_nir_colour.jpg", "y_nir_colour.jpg"}


def test_every_option_that_the_pages_name_is_one() -> None:
    from nircolor.cli.app import app

    command = typer.main.get_command(app).commands["batch"]  # type: ignore[attr-defined]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    others = {"--num-gpus", "--head", "--address"}  # Ray's own
    for page in (PAGE, PAGE.with_name("scaling.md")):
        lines = [line for line in page.read_text().splitlines() if "benchmarks/" not in line]
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(lines)))
        assert named - known - others == set(), page.name
        assert named
