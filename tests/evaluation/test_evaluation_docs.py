"""docs/evaluation.md: its Python example runs, its metrics, protocols, layouts and options are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nircolor.cli import main
from nircolor.datasets import LAYOUTS, Pair
from nircolor.evaluation.metrics import METRICS
from nircolor.evaluation.protocols import PROTOCOLS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")


def test_the_example_runs(
    pairs: list[Pair], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").rename(tmp_path / "pairs")
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    exec(compile(example, "docs/evaluation.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [pair.id for pair in pairs]
    assert all(3 < float(line.split()[1]) < 60 for line in lines)


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
