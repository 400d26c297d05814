"""docs/python.md is one program: its examples run in their order, and its tables name what is there."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from cli_tools import save
from numpy.typing import NDArray

import nircolor
from nircolor import events, scenes
from nircolor.errors import NircolorError

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
HEIGHT, WIDTH = 64, 96


def scene(seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Near-infrared (H, W) and BGR (H, W, 3), uint8."""
    made = scenes.render(seed, HEIGHT, WIDTH)
    return scenes.quantise(made.nir, 8), scenes.quantise(made.rgb, 8)[..., ::-1]


def film(path: Path) -> None:
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10, (WIDTH, HEIGHT))
    if not writer.isOpened():
        pytest.skip("this OpenCV cannot write MJPG")
    for seed in (1, 2):
        writer.write(np.dstack([scene(seed)[0]] * 3))
    writer.release()


def files_of_the_page() -> None:
    """Everything that the examples read."""
    save(Path("photo_nir.png"), scene(1)[0])
    for folder in ("night", "pairs"):
        Path(folder).mkdir()
    for seed in (1, 2, 3):
        nir, bgr = scene(seed)
        save(Path(f"night/frame_{seed}.png"), nir)
        save(Path(f"pairs/{seed}_nir.png"), nir)
        save(Path(f"pairs/{seed}_rgb.png"), bgr)
    film(Path("night.avi"))
    (recipe,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    Path("mine.toml").write_text(recipe)


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    files_of_the_page()
    names: dict[str, object] = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/python.md", "exec"), names)
    out = capfd.readouterr().out
    assert re.search(rf"^photo_nir.png -> photo_nir_rgb.png: {WIDTH} x {HEIGHT}, 8 bit, ", out, flags=re.MULTILINE)
    assert "3 done, 0 unchanged, 0 failed" in out
    assert re.search(r"^2 frames$", out, flags=re.MULTILINE)
    assert len(re.findall(r"^(?:grey|lite)\D* [123] \d+\.\d+", out, flags=re.MULTILINE)) == 6
    assert "runs/mine: step 2" in out
    assert "stopped" in out
    assert "again.png: exists already; choose another name or add `overwrite=True`" in out
    made = {str(path) for path in Path().rglob("*") if path.is_file()}
    assert {"photo.tif", "day/frame_3_rgb.png", "day.avi", "clip.avi", "mine.png", "runs/mine/run.html"} <= made
    assert not Path("never.png").exists()


def table(first: str) -> list[list[str]]:
    """The cells of the table whose first heading is ``first``."""
    rows = PAGE.partition(f"| {first} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip("|"))] for row in rows]


def test_the_functions_are_there_and_have_these_arguments() -> None:
    for _, call, returns in table("command"):
        name, arguments = call.strip("`").split("(", 1)
        function = getattr(nircolor, name)
        parameters = inspect.signature(function).parameters
        wanted = [word.partition("=")[0] for word in arguments.rstrip(")").split(", ") if word != "..."]
        assert [each for each in wanted if each not in parameters] == []
        assert {"stop", "on_event"} <= set(parameters)
        assert str(inspect.signature(function).return_annotation).rpartition(".")[2] == returns.strip("`")


def test_the_objects_have_these_fields() -> None:
    for name, fields in table("object"):
        there = {field.name for field in dataclasses.fields(getattr(nircolor, name.strip("`")))}
        named = re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", fields))
        assert named
        assert set(named) == there


def test_the_errors_are_those_of_the_tree() -> None:
    named = {name for row in table("class") for cell in row for name in re.findall(r"`(\w+Error)`", cell)}
    assert named | {"NircolorError"} == {name for name in nircolor.__all__ if name.endswith("Error")}
    assert all(issubclass(getattr(nircolor, name), NircolorError) for name in named)


def test_the_events_are_there() -> None:
    named = {name for row in table("event") for cell in row for name in re.findall(r"`([A-Z]\w+)`", cell)}
    assert "Progress" in named
    assert all(issubclass(getattr(events, name), events.Event) for name in named)
