"""The example of docs/batch.md runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
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
