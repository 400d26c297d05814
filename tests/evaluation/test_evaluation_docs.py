"""docs/evaluation.md: its Python example runs, its metrics, protocols, layouts and options are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from nircolor.cli import main
from nircolor.datasets import LAYOUTS, Pair
from nircolor.evaluation.metrics import METRICS
from nircolor.evaluation.protocols import PROTOCOLS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")


def test_the_examples_run(
    pairs: list[Pair], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").rename(tmp_path / "pairs")
    monkeypatch.chdir(tmp_path)
    first, second = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(first, "docs/evaluation.md", "exec"), names)
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "pairs: 4 pictures, protocol srgb8"
    assert shown[1].split() == ["mean", "grey", "copy"]
    assert 3 < float(shown[-1]) < 60
    exec(compile(second, "docs/evaluation.md", "exec"), names)
    shown = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in shown if line.startswith(("grey copy ", "mine "))]
    assert [row[-2] for row in rows] == [pair.id for pair in pairs for _ in range(2)]
    assert any(line.startswith("Progress(stage='measuring'") for line in shown)
    assert {path.name for path in tmp_path.iterdir()} == {"pairs", "report.html", "numbers.csv"}


def test_every_metric_protocol_and_layout_is_described() -> None:
    for name in (*(metric.key for metric in METRICS), *PROTOCOLS, *LAYOUTS[1:]):
        assert re.search(rf"^\| `{name}`", PAGE, flags=re.MULTILINE), name


def test_every_option_in_it_exists(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--help"]) == 0
    text = capsys.readouterr().out
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE)) - {"--lpips"}
    assert options
    for option in options:
        assert option in text, option


def test_nothing_is_left_to_be_filled_in() -> None:
    assert not re.findall(r"@[A-Z]+@", PAGE)
