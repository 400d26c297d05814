"""The example of docs/video.md runs as it stands, and its defaults are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from video_tools import film, play, shots

from nircolor.video.container import CODECS
from nircolor.video.damping import Damping

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "video.md").read_text()


def test_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    film(tmp_path / "night.avi", shots(2))
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "docs/video.md", "exec"), {})
    assert capsys.readouterr().out == "2 frames 0 cuts\n"
    assert len(play(tmp_path / "day.avi")) == 2


def test_codecs_and_defaults() -> None:
    rows = dict(re.findall(r"^\| (`\..*?) \| `(\w{4})` \|", PAGE, re.MULTILINE))
    assert {suffix: codec for names, codec in rows.items() for suffix in re.findall(r"\.\w+", names)} == CODECS
    how = Damping()
    assert f"without the option it is {how.strength:g}." in PAGE
    assert f"{how.window} x {how.window} pixels, to a third at {how.motion:g}" in PAGE
    assert f"difference of {how.grid} x {how.grid} patches is above {how.cut:g}" in PAGE
