"""The page as a file: what is in it, what must never be in it, and what it costs to write."""

from __future__ import annotations

import html
import re
import tracemalloc
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from report_example import CHOSEN, METHODS, collect, fill, report

from nircolor.errors import OutputError, OutputExistsError
from nircolor.evaluation.report import StripStore, write_report
from nircolor.evaluation.summary import SummaryRow, badness

HOSTILE = (
    "</script><script>alert(1)</script>.png",
    '"><img src=x onerror=alert(2)>',
    "a/b/../ü 'quoted' & 漢字.png",
    "two\nlines\t\x00\x1b[31m",
    "\u202egnp.reversed",
    "half \udcff",
)


class Tags(HTMLParser):
    """All start tags with their attributes, and the text outside of style and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def read(path: Path) -> Tags:
    return Tags(path.read_text("utf-8"))


def strips(page: Tags) -> list[str | None]:
    return [article["data-id"] for article in page.all("article")]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Tags:
    path = tmp_path_factory.mktemp("report") / "out.html"
    report(path, ["a", "b", "c"])
    return read(path)


def test_it_says_what_was_measured_and_how(page: Tags) -> None:
    for words in (
        "rendered",
        "split val",
        "3 pictures",
        "srgb8",
        "What a user gets: prediction and truth as saved 8-bit sRGB files",
        "1 of 3 pictures show a scene",
        "Measured with nircolor 1.2.3, 2026-01-31 12:00 UTC",
        "1 file or pair not used",
        "broken.png",
        "cannot be decoded; replace it",
        "no weights; install nircolor[lpips]",
        "against 9 training pairs",
        "unseen scenes",
        "CIEDE2000",
    ):
        assert words in page.text, words


def test_nothing_is_fetched(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    report(path, ["a", "b"])
    text = path.read_text("utf-8")
    assert not re.search(r"https?:|//[a-z0-9.-]+/|@import|url\((?!#)", text)
    page = Tags(text)
    for tag, attributes in page.tags:
        for name in ("src", "href", "srcset", "action", "data"):
            value = attributes.get(name) or ""
            assert value.startswith(("data:image/jpeg;base64,", "#")) or not value, (tag, name, value[:40])
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy


def test_strips_come_worst_first(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    results = report(path, ["a", "b", "c", "d"])
    rows = [row for row in results.rows if row.method == METHODS[0]]
    worst = sorted(rows, key=lambda row: badness(CHOSEN[0], row), reverse=True)
    assert strips(read(path)) == [row.id for row in worst]


def test_each_strip_has_every_picture_and_each_an_alternative_text(page: Tags) -> None:
    roles = [button["data-role"] for button in page.all("button") if "data-role" in button]
    assert roles == ["nir", "truth", "p0", "e0", "p1", "e1"] * 3
    texts = [image["alt"] for image in page.all("img") if "width" in image]
    assert len(set(texts)) == 18
    assert "error map of a by grey copy" in texts


def test_most_is_honoured_and_said(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    with StripStore() as store:
        results = collect(fill(store, ["a", "b", "c", "d"]))
        write_report(path, results, store, most=2)
        write_report(tmp_path / "none.html", results, store, most=0)
    page = read(path)
    assert len(strips(page)) == 2
    assert "2 of 4 pictures" in page.text
    assert "the table of numbers is complete and lists all 4" in page.text
    assert path.read_text("utf-8").count('<td class="name"><div>blurred</div>') == 4
    assert "complete: 4 pictures" in read(tmp_path / "none.html").text


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    results = report(path, HOSTILE, dataset="<b>set</b>", warnings=("<script>w</script>",))
    page = read(path)
    assert len(page.all("script")) == 1
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert not page.all("b") or all(not attributes or "aria-label" in attributes for attributes in page.all("b"))
    assert HOSTILE[0] in page.text
    assert r"two\nlines\t\x00\x1b[31m" in page.text
    assert r"\u202egnp.reversed" in page.text
    assert r"half \udcff" in page.text
    assert len(strips(page)) == len(HOSTILE) == len({row.id for row in results.rows})


def test_undefined_and_infinite_values_are_shown(tmp_path: Path) -> None:
    values = {"psnr": float("inf"), "ssim": None, "ciede2000": float("nan"), "colour-ratio": -1e-9}
    rows = [SummaryRow(method, "a", "", "", 2, 2, values) for method in METHODS]
    path = tmp_path / "out.html"
    with StripStore() as store:
        write_report(path, collect(rows), store)
    text = path.read_text("utf-8")
    cells = re.findall(r'<td data-value="([^"]*)">([^<]*)</td>', text)
    assert cells[1:5] == [("Infinity", "∞"), ("", "–"), ("", "–"), ("-1e-09", "0.00")]  # noqa: RUF001
    assert "2 infinite values not drawn" in text
    assert "No pictures were kept" in text
    assert "No leak check" in text


def test_a_method_that_failed_on_a_picture_leaves_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    with StripStore() as store:
        rows = fill(store, ["a", "b"])
        truth = np.full((4, 4, 3), 0.5, np.float32)
        store.add("c", None, truth, {"grey copy": truth})
        rows.append(replace(rows[-1], id="c", method="grey copy"))
        write_report(path, collect(rows), store)
    page = read(path)
    assert strips(page)[-1] == "c"  # nothing is known of it for the first method
    assert "no NIR picture" in page.text
    assert "no prediction" in page.text
    assert "not measured" in page.text


def test_it_is_written_without_growing(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).random((300, 512, 3), np.float32)  # compresses badly
    path = tmp_path / "out.html"
    with StripStore() as store:
        store.add("0", noise[..., 0], noise, {"blurred": noise[::-1]})
        rows, strip = [], store.find("0")
        assert strip
        for index in range(300):
            store._strips[str(index)] = strip
            rows.append(SummaryRow("blurred", str(index), "", "", 512, 300, {m.key: float(index) for m in CHOSEN}))
        results = collect(rows)
        tracemalloc.start()
        write_report(path, results, store, most=300)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert path.stat().st_size > 100e6
    assert peak < 10e6


def test_existing_reports_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    path.write_text("mine")
    with StripStore() as store:
        results = collect(fill(store, ["a"]))
        with pytest.raises(OutputExistsError, match="`overwrite=True`"):
            write_report(path, results, store)
        assert path.read_text() == "mine"
        write_report(path, results, store, overwrite=True)
        assert path.read_text("utf-8").startswith("<!DOCTYPE html>")
        with pytest.raises(OutputError, match="does not exist"):
            write_report(tmp_path / "no" / "out.html", results, store)
    assert [file.name for file in tmp_path.iterdir()] == ["out.html"]


def test_a_failure_while_writing_leaves_nothing(tmp_path: Path) -> None:
    with StripStore() as store:
        results = collect(fill(store, ["a"]))
        for file in store.folder.iterdir():
            file.unlink()
        with pytest.raises(OutputError):
            write_report(tmp_path / "out.html", results, store)
    assert list(tmp_path.iterdir()) == []


def test_names_are_found_again_from_the_fragment(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    report(path, ["a/ü 1.png"])
    assert '<a href="#open=a%2F%C3%BC%201.png">' in path.read_text("utf-8")
    assert html.unescape("a/ü 1.png") in strips(read(path))
