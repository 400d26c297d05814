"""The example of docs/batch.md runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from batch_tools import picture, tree

PAGE = Path(__file__).resolve().parents[2] / "docs" / "batch.md"


def test_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "night" / "a" / "x_nir.png")
    (tmp_path / "night" / "zero.png").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    exec(compile(code, str(PAGE), "exec"), {})
    assert capsys.readouterr().out.splitlines()[0].strip() == "a/x_nir.png done"
    assert list(tree(tmp_path / "day")) == ["a/x_nir_rgb.png"]


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
