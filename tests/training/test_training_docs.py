"""docs/training.md: its Python example runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tiny_run import write_pairs

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
RECIPE = """
preset = "tiny"
[[sources]]
folder = "."
[augment]
size = 24
[optim]
steps = 5000
batch = 2
precision = "fp32"
"""


@pytest.mark.usefixtures("tiny_preset")
def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.toml").write_text(RECIPE)
    write_pairs(Path("data"), 0, 1)
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    exec(compile(example, "docs/training.md", "exec"), {})
    out = capsys.readouterr().out
    assert out.startswith("parameters  G_A ")
    assert "time  " in out
    losses = [line.split() for line in out.splitlines() if line.startswith("training ")]
    assert [step for _, step, _ in losses] == ["20", "40"]
    *_, stopped, last = out.splitlines()
    assert stopped == "runs/mine: stopped and saved at step 40; go on with `resume=True`"
    assert last == "60 runs/mine/weights.safetensors runs/mine/run.html"
