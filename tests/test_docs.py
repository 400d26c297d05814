"""The pages of docs/: every link leads somewhere, the index has them all, rows are short, first steps work."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from nircolor.cli import main
from nircolor.scenes.__main__ import main as render

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
LINKED = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
LOG = "experiments.md"  # what was true on its day
DRAWN = "architecture.md"  # has a table of parts, which needs room
LONGEST = 140
CODE = ("nircolor", "tests", "benchmarks")
BUILT = {"nircolor/packaged/"}  # in the wheel only


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", text_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        name, _, anchor = link.partition("#")
        if "://" in name:
            continue
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_index_has_every_page() -> None:
    listed = re.findall(r"^- \[.*?\]\((\S+?)\)", text_of(ROOT / "docs" / "README.md"), flags=re.MULTILINE)
    assert sorted(name for name in listed if "/" not in name) == [p.name for p in PAGES if p.name != "README.md"]


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != DRAWN], ids=lambda page: page.name)
def test_rows_are_short(page: Path) -> None:
    lines = enumerate(text_of(page).splitlines(), 1)
    assert [number for number, line in lines if len(line) >= LONGEST] == []


@pytest.mark.parametrize("page", [page for page in LINKED if page.name != LOG], ids=lambda page: page.name)
def test_every_file_of_the_code_that_is_named_is_there(page: Path) -> None:
    """By its whole path, or by the end of it; ``gdal_edit.py`` and the like are GDAL's."""
    there = [f"/{path.relative_to(ROOT).as_posix()}" for part in CODE for path in (ROOT / part).rglob("*.py")]
    named = set(re.findall(r"(?<![\w/])(?!gdal_)(?:\w+/)*\w+\.py\b", text_of(page)))
    assert [name for name in sorted(named) if not any(path.endswith(f"/{name}") for path in there)] == []
    folders = set(re.findall(r"`((?:nircolor|tests|benchmarks)/(?:\w+/)*)`", text_of(page))) - BUILT
    assert [name for name in sorted(folders) if not (ROOT / name).is_dir()] == []


def test_getting_started_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every command of the page and its example, in their order, but for the installation."""
    monkeypatch.chdir(tmp_path)
    page = text_of(ROOT / "docs" / "getting-started.md").partition("## And then")[0]
    for line in re.findall(r"^    (?:nircolor|mkdir|python -m nircolor\.scenes) .*$", page, flags=re.MULTILINE):
        run(shlex.split(line, comments=True))
    (example,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    exec(compile(example, "docs/getting-started.md", "exec"), {})
    out = capfd.readouterr().out
    assert "meadow_nir.png -> meadow.tif: 1024 x 768, 8 bit" in out
    made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"meadow_nir_rgb.png", "day/frame_1_rgb.png", "day/frame_2_rgb.png", "day.mp4"} <= made


def run(words: list[str]) -> None:
    if words[0] == "mkdir":
        Path(words[1]).mkdir()
    elif words[0] == "python":
        render(words[3:])
    elif "photo_nir.tif" not in words:
        assert main(words[1:]) == 0
