"""The examples of docs/video.md run as they stand, and its defaults are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from video_tools import film, play, shots

from nircolor.video.colours.damping import Damping
from nircolor.video.write.codecs import CODECS, DEFAULTS, FORMATS
from nircolor.video.write.times import LATEST

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "video.md").read_text()


def test_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    frames = shots(2)
    film(tmp_path / "night.avi", frames)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"camera": frames}
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(code, "docs/video.md", "exec"), names)
    assert capsys.readouterr().out == "2 frames, 0 scene changes\nframes\n"
    assert len(play(tmp_path / "day.avi")) == 2
    assert sorted(path.name for path in (tmp_path / "frames").iterdir()) == ["frame_000001.png", "frame_000002.png"]
    assert (names["rgb"].shape, names["rgb"].dtype) == ((*frames[0].shape, 3), frames[0].dtype)


def test_codecs_and_defaults() -> None:
    rows = dict(re.findall(r"^\| (`\..*?) \| `(\w+)` \|", PAGE, re.MULTILINE))
    told = {suffix: codec for names, codec in rows.items() for suffix in re.findall(r"\.\w+", names)}
    assert told == {suffix: DEFAULTS[suffix] for suffix in FORMATS}
    rows = re.findall(r"^\| `(\w+)` \| (`\..*?) \| ([\d, ]+) \|", PAGE, re.MULTILINE)
    assert [name for name, _, _ in rows] == list(CODECS)
    for name, names, bits in rows:
        assert set(re.findall(r"\.\w+", names)) == set(CODECS[name].suffixes) & set(FORMATS)
        assert [int(depth) for depth in bits.split(",")] == list(CODECS[name].formats)
    assert f"more than\n  {LATEST} seconds" in PAGE
    how = Damping()
    assert f"without the option it is {how.strength:g}." in PAGE
    assert f"{how.window} x {how.window}, less what noise makes, to a third at {how.motion:g}" in PAGE
    assert f"difference of {how.grid} x {how.grid} patches is above {how.cut:g}" in PAGE
