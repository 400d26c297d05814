"""What files are called must spoil no output: one table of hostile names goes through every command."""

from __future__ import annotations

import csv
import io
import json
import os
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from cli_tools import Result, Run, save

from nircolor.scenes import quantise, render

NAMES = {
    "not UTF-8": b"caf\xe9",
    "no text at all": b"\xff\xfe\x80",
    "line break": b"new\nline\r\x0b",
    "terminal": b"esc\x1b[2J\x1b]0;x\x07\x08\x7f",
    "reversed": "rtl\u202egpj.x\u2066".encode(),
    "line separators": "nel\x85ls\u2028ps\u2029zw\u200b".encode(),
    "formula": b"=cmd|' !A1",
    "another formula": b"@SUM(1+1)",
    "minus": b"-overwrite",
    "plus": b"+1+1",
    "HTML": b"<img onx=1 src=x>&lt;\"'>",
    "CSV": b'a,b;c\td"e"',
    "markup": b"[bold]x[bold] %s {} {0} $x",
    "combining": "e\u0301\u0327".encode(),
    "long": b"x" * 200,
}
LEADS = ("=", "+", "-", "@")
TRAIN = """
preset = "lite"
save_every = 2
validate_every = 2
[model]
rgb = { widths = [8, 8], blocks = [0, 1] }
prior = { widths = [8, 8, 8, 8], blocks = [0, 0, 0, 1] }
[[sources]]
folder = "data"
[[validation]]
folder = "=v<b>,\\u202e"
[augment]
size = 16
[optim]
steps = 2
batch = 2
precision = "fp32"
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``data/`` and another: pairs of these names; ``nir/``: near-infrared pictures alone."""
    place = tmp_path_factory.mktemp("names")
    pairs = (place / "data", place / "=v<b>,\u202e")
    for folder in (*pairs, place / "nir"):
        folder.mkdir()
    scenes = [render(seed, 24, 32 * len(NAMES)) for seed in range(2)]  # side by side: it takes as long as one
    for number, raw in enumerate(NAMES.values()):
        name, part = os.fsdecode(raw), np.s_[:, 32 * number : 32 * (number + 1)]
        for scene, folder in zip(scenes, pairs, strict=True):
            put(folder / f"{name}_nir.png", quantise(scene.nir[part], 8))
            put(folder / f"{name}_rgb.png", quantise(scene.rgb[part], 8)[..., ::-1])
        put(place / "nir" / f"{name}.png", quantise(scenes[0].nir[part], 8))
    return place


def put(path: Path, pixels: np.ndarray) -> None:
    path.write_bytes(save(path.parent / "encoded.png", pixels).read_bytes())
    (path.parent / "encoded.png").unlink()


def check_text(data: bytes | str) -> str:
    """UTF-8, and nothing in it but what can be seen, spaces and line feeds."""
    text = data.decode("utf-8") if isinstance(data, bytes) else data
    odd = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c != "\n"}
    assert not odd, sorted(map(ascii, odd))
    return text


def check_result(result: Result, code: int = 0) -> Result:
    assert result.code == code, result.err
    check_text(result.out)
    check_text(result.err)
    return result


def check_csv(path: Path, *, rows: int) -> list[list[str]]:
    text = check_text(path.read_bytes())
    assert text.count("\n") == rows + 1, "a line for each row"
    table = list(csv.reader(io.StringIO(text), strict=True))
    assert {len(row) for row in table} == {len(table[0])}
    for cell in (cell for row in table for cell in row):
        assert not cell.startswith(LEADS) or cell.lstrip("+-").replace(".", "").replace("e-", "").isdecimal(), cell
    return table


def check_html(path: Path) -> None:
    class Page(HTMLParser):
        odd: list[str] = []  # noqa: RUF012 - one page is read

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.odd += [name for name, _ in attrs if name.startswith("on")]

    page = Page()
    page.feed(check_text(path.read_bytes()))
    assert not page.odd


def test_batch(forked: Run, root: Path, tiny_weights: Path, tmp_path: Path) -> None:
    line = ("batch", root / "nir", tmp_path / "out", "--weights", tiny_weights, "--contact-sheet", tmp_path / "s.html")
    result = check_result(forked(*line, "-v", "--json", cwd=tmp_path))
    assert result.json["done"] == len(NAMES)
    made = {os.fsencode(path.name) for path in (tmp_path / "out").glob("*.png")}
    assert made == {name + b"_rgb.png" for name in NAMES.values()}
    lines = (tmp_path / "out" / "nircolor-batch.jsonl").read_text("ascii").splitlines()
    assert {os.fsencode(json.loads(line)["output"]) for line in lines} == made
    check_html(tmp_path / "s.html")
    assert check_result(forked(*line, "--resume", "--json", cwd=tmp_path)).json["kept"] == len(NAMES)
    for path in (tmp_path / "out").glob("*.png"):
        path.write_bytes(b"")
    check_result(forked("batch", tmp_path / "out", tmp_path / "bad", "--weights", tiny_weights, cwd=tmp_path), 1)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_dry_run(command: Run, root: Path, tiny_weights: Path, tmp_path: Path, encoding: str) -> None:
    from cli_tools import environment

    line = ("batch", root / "nir", tmp_path / "out", "--weights", tiny_weights, "--dry-run")
    result = command(*line, cwd=tmp_path, env={**environment(), "PYTHONIOENCODING": encoding})
    assert result.code == 0, result.err
    assert len(check_text(result.out.decode(encoding)).splitlines()) == len(NAMES)


def test_colorize(inside: Run, root: Path, tiny_weights: Path, tmp_path: Path) -> None:
    for number, raw in enumerate(NAMES.values()):
        source, target = root / "nir" / f"{os.fsdecode(raw)}.png", tmp_path / f"{os.fsdecode(raw)}.tif"
        result = check_result(inside("colorize", source, "-o", target, "-v", "--json", "--weights", tiny_weights))
        assert (result.json["input"], result.json["output"]) == (str(source), str(target))
        check_result(inside("colorize", source, "-o", target, "--weights", tiny_weights), 2)  # it is there
        check_result(inside("colorize", tmp_path / f"{number}{os.fsdecode(raw)}", "--weights", tiny_weights), 3)


def test_video(inside: Run, root: Path, tiny_weights: Path, tmp_path: Path) -> None:
    for number, raw in enumerate(NAMES.values()):
        folder = tmp_path / os.fsdecode(raw)
        folder.mkdir()
        put(folder / f"{os.fsdecode(raw[:50])}1.png", quantise(render(number, 24, 32).nir, 8))
        line = ("video", folder, "--weights", tiny_weights, "-o")
        assert check_result(inside(*line, tmp_path / f"{number}", "--json")).json["frames"] == 1
        check_result(inside(*line, folder), 2)


def test_evaluate(forked: Run, root: Path, tiny_weights: Path, tmp_path: Path) -> None:
    predictions = tmp_path / os.fsdecode(b"=pred\xff\n")
    predictions.mkdir()
    for path in (root / "data").glob("*_rgb.png"):
        (predictions / path.name).write_bytes(path.read_bytes())
    files = ("--csv", tmp_path / "o.csv", "--report", tmp_path / "o.html", "--leaks", tmp_path / "leaks.csv")
    line = ("evaluate", predictions, root / "data", "--weights", tiny_weights, "--train", root / "data")
    result = check_result(forked(*line, *files, "--save", tmp_path / "saved", "--json", cwd=tmp_path))
    assert len(result.json["rows"]) == 2 * len(NAMES)
    assert len(check_csv(tmp_path / "o.csv", rows=2 * len(NAMES))) == 2 * len(NAMES) + 1
    check_csv(tmp_path / "leaks.csv", rows=len((tmp_path / "leaks.csv").read_bytes().splitlines()) - 1)
    check_html(tmp_path / "o.html")
    assert len(list((tmp_path / "saved").iterdir())) == len(NAMES)
    assert b"Worst of" in check_result(forked(*line[:3], "--metrics", "psnr", cwd=tmp_path)).out
    for path in predictions.glob("*x*"):
        path.write_bytes(b"no picture")
    check_result(forked(*line[:3], "--metrics", "psnr", "--csv", tmp_path / "p.csv", cwd=tmp_path), 1)
    check_csv(tmp_path / "p.csv", rows=len((tmp_path / "p.csv").read_bytes().splitlines()) - 1)


def test_train(forked: Run, root: Path, tmp_path: Path) -> None:
    run = tmp_path / os.fsdecode(b"run\xff\n<b>")
    (tmp_path / "small.toml").write_text(TRAIN)
    result = check_result(forked("train", "small.toml", "--data", root, "--run", run, "--json", cwd=tmp_path))
    assert result.json["step"] == 2
    for name in ("losses.csv", "scores.csv"):
        check_csv(run / name, rows=len((run / name).read_bytes().splitlines()) - 1)
    for name in ("log.jsonl", "recipe.json", "data.json"):
        (run / name).read_bytes().decode("ascii")
    check_html(run / "run.html")
    check_result(forked("train", "--resume", run, "--set", "optim.steps=3", cwd=tmp_path))
    odd = os.fsdecode(b"=\xff")
    told = check_result(
        forked("train", "small.toml", "--data", ".", "--run", "r", "--set", f"name={odd}", cwd=tmp_path), 2
    )
    assert "half a character" in told.err


def test_weights(inside: Run, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("NIRCOLOR_WEIGHTS", str(own))
    for raw in NAMES.values():
        path = own / f"{os.fsdecode(raw)}.safetensors"
        path.write_bytes(tiny_weights.read_bytes())
        check_result(inside("weights", "verify", path))
        assert check_result(inside("weights", "verify", path, "--json")).json["path"] == str(path)
    shown = check_result(inside("weights", "list")).out.decode().splitlines()
    assert sum("own" in line for line in shown) == len(NAMES)
    assert len(check_result(inside("weights", "list", "--json")).json["weights"]) >= len(NAMES)
