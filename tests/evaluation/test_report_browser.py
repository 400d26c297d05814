"""The page in a real browser: it decodes every picture, sorts, filters and compares, and asks nobody for anything."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import report_browser
from PIL import Image
from report_browser import Browser
from report_example import CHOSEN, METHODS, report

from nircolor.evaluation.results import Results
from nircolor.evaluation.summary import badness

IDS = ("one", "two/ü 'q'.png", "</script><b>", "four\nlines", "five", "six")
EXECUTABLE = report_browser.find()
pytestmark = pytest.mark.skipif(not EXECUTABLE, reason=f"none of {', '.join(report_browser.NAMES)} is on this machine")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results]:
    path = tmp_path_factory.mktemp("report") / "out.html"
    return path, report(path, IDS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert EXECUTABLE
    with Browser(EXECUTABLE) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, written: tuple[Path, Results]) -> Iterator[Browser]:
    """The report, opened afresh; afterwards nothing may have been complained about, nor asked for."""
    browser.messages.clear()
    browser.requests.clear()
    browser.open(written[0].as_uri())
    yield browser
    browser.run("0")  # collects what is still on its way
    assert browser.messages == []
    assert {url.split("#")[0] for url in browser.requests if not url.startswith("data:image/jpeg")} <= {
        written[0].as_uri(),
        "about:blank",
    }


def order(page: Browser) -> list[str]:
    return page.run("[...document.querySelectorAll('.strip:not([hidden])')].map((node) => node.dataset.id)")


def expected(results: Results, method: str, metric: int, best: bool = False) -> list[str]:
    rows = [row for row in results.rows if row.method == method]
    rows.sort(key=lambda row: badness(CHOSEN[metric], row), reverse=not best)
    return [row.id.replace("\n", "\\n") for row in rows]


def choose(page: Browser, name: str, value: str) -> None:
    page.run(
        f"""(() => {{ const field = document.getElementById('controls').elements['{name}'];
        field.value = {value!r}; field.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"""
    )


def cut(page: Browser) -> float:
    return float(page.run("getComputedStyle(document.querySelector('.stack')).getPropertyValue('--cut')").rstrip("%"))


def is_open(page: Browser) -> bool:
    return bool(page.run("document.getElementById('viewer').open"))


def sides(page: Browser) -> list[str]:
    return page.run("['left', 'right'].map((name) => document.querySelector(`#viewer [name=${name}]`).value)")


def test_the_page_has_a_strip_for_each_picture_and_is_not_blank(
    page: Browser, written: tuple[Path, Results], tmp_path: Path
) -> None:
    assert page.run("document.querySelectorAll('article.strip').length") == len({row.id for row in written[1].rows})
    shot = tmp_path / "shot.png"
    page.screenshot(shot)
    picture = np.asarray(Image.open(shot).convert("RGB"))
    assert picture.shape == (900, 1280, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100


def test_all_pictures_decode_and_come_worst_first(page: Browser, written: tuple[Path, Results]) -> None:
    assert page.run("document.documentElement.dataset.images") == str(6 * len(IDS))
    assert order(page) == expected(written[1], METHODS[0], 0)


def test_sorting_by_any_metric_and_method(page: Browser, written: tuple[Path, Results]) -> None:
    choose(page, "method", "1")
    choose(page, "metric", "2")
    assert order(page) == expected(written[1], METHODS[1], 2)
    choose(page, "order", "best")
    assert order(page) == expected(written[1], METHODS[1], 2, best=True)
    choose(page, "order", "id")
    assert sorted(order(page)) == sorted(expected(written[1], METHODS[0], 0))


def test_filters(page: Browser) -> None:
    choose(page, "text", "TWO/Ü")
    assert order(page) == ["two/ü 'q'.png"]
    assert page.run("document.getElementById('controls').elements.count.value") == "1 of 6 pictures"
    choose(page, "text", "no such picture")
    assert order(page) == []
    assert page.run("document.getElementById('none').hidden") is False
    choose(page, "text", "")
    choose(page, "seen", "true")
    assert set(order(page)) == {"two/ü 'q'.png", "four\\nlines", "six"}
    choose(page, "seen", "")
    choose(page, "kind", "odd")
    assert set(order(page)) == {id.replace("\n", "\\n") for id in IDS if len(id) % 2}


def test_a_link_to_a_hidden_strip_shows_it(page: Browser) -> None:
    choose(page, "text", "no such picture")
    page.run("document.querySelector('#worst a').click()")
    page.until("document.querySelectorAll('.strip:not([hidden])').length === 6")
    assert page.run("location.hash").startswith("#strip-")


def test_the_slider_moves_with_arrow_keys_and_closes_with_escape(page: Browser) -> None:
    page.run("document.querySelector('#strips button[data-role=nir]').focus()")
    page.press("Enter")
    assert is_open(page)
    assert sides(page) == ["nir", "p0"]
    assert cut(page) == 50
    page.press("ArrowRight")
    assert cut(page) == 50.5
    page.press("ArrowLeft")
    page.press("ArrowLeft")
    assert cut(page) == 49.5
    page.press("Escape")
    page.until("!document.getElementById('viewer').open")
    assert page.run("document.activeElement.dataset.role") == "nir"  # where one was before
    page.until("location.hash === ''")


def test_the_slider_follows_the_pointer(page: Browser) -> None:
    page.run("document.querySelector('#strips button[data-role=truth]').click()")
    page.until("[...document.querySelectorAll('.stack img')].every((image) => image.complete)")  # as large as it stays
    box = page.run(
        "(() => { const { x, y, width, height } = document.querySelector('.stack').getBoundingClientRect();"
        "return [x, y, width, height]; })()"
    )
    page.press_at(box[0] + 0.25 * box[2], box[1] + box[3] / 2)
    assert cut(page) == pytest.approx(25, abs=1)


def test_what_is_compared_can_be_chosen(page: Browser) -> None:
    page.run("document.querySelector('#strips button[data-role=e1]').click()")
    assert sides(page) == ["e1", "p1"]
    page.run(
        """(() => { const select = document.querySelector('#viewer [name=left]');
        select.value = 'p0'; select.dispatchEvent(new Event('change')); })()"""
    )
    same = "document.getElementById('left').src === document.querySelector('.strip [data-role=p0] img').src"
    assert page.run(same)
    assert page.run("document.getElementById('viewer-values').children.length") == 2  # the numbers of both methods


def test_page_keys_go_through_the_pictures(page: Browser) -> None:
    page.run("document.querySelector('#strips button[data-role=p1]').click()")
    first, second = order(page)[:2]
    title = "document.getElementById('viewer-title').textContent"
    assert page.run(title) == first
    page.press("PageDown")
    assert page.run(title) == second
    assert sides(page) == ["nir", "p1"]
    page.press("PageUp")
    page.press("PageUp")
    assert page.run(title) == first
    page.press("PageDown")
    page.press("Escape")
    page.until(f"document.activeElement.closest('.strip')?.dataset.id === {second!r}")


@pytest.mark.parametrize("id", IDS)
def test_one_picture_has_an_address(browser: Browser, written: tuple[Path, Results], id: str) -> None:
    shown = id.replace("\n", "\\n")
    browser.open(f"{written[0].as_uri()}#open={quote(shown, safe='')}")
    assert is_open(browser)
    assert browser.run("document.getElementById('viewer-title').textContent") == shown


def test_an_unknown_address_opens_nothing(browser: Browser, written: tuple[Path, Results]) -> None:
    browser.messages.clear()
    for fragment in ("open=nobody", "open=%E0%A4%A", "strip-99"):
        browser.open(f"{written[0].as_uri()}#{fragment}")
        assert not is_open(browser)
    assert browser.messages == []


def test_the_complete_table_sorts(page: Browser) -> None:
    page.run("document.querySelector('#numbers details').open = true")
    column = "[...document.querySelectorAll('.sortable tbody tr')].map((row) => row.cells[6].textContent)"
    page.run("document.querySelectorAll('.sortable th button')[6].click()")
    rising = [float(text) for text in page.run(column)]
    assert rising == sorted(rising)
    page.run("document.querySelectorAll('.sortable th button')[6].click()")
    assert [float(text) for text in page.run(column)] == rising[::-1]


@pytest.mark.parametrize("width", [360, 768, 1280, 2560])
def test_nothing_sticks_out(browser: Browser, written: tuple[Path, Results], width: int) -> None:
    browser.open(written[0].as_uri(), width=width)
    assert browser.run("document.documentElement.scrollWidth") <= width


def test_dark_is_dark(browser: Browser, written: tuple[Path, Results], tmp_path: Path) -> None:
    means = {}
    for scheme in ("light", "dark"):
        browser.open(written[0].as_uri(), scheme=scheme)
        browser.screenshot(tmp_path / f"{scheme}.png")
        means[scheme] = np.asarray(Image.open(tmp_path / f"{scheme}.png").convert("L")).mean()
    assert means["light"] > 200
    assert means["dark"] < 60


def test_text_has_contrast(browser: Browser, written: tuple[Path, Results]) -> None:
    """WCAG 2: 4.5 for text, 3 for the lines of charts."""
    script = """[...document.styleSheets[0].cssRules].length && ['ink', 'soft', 'link', 'c0', 'c1', 'c2', 'c3', 'c4',
        'c5', 'c6', 'page'].map((name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name))"""
    for scheme in ("light", "dark"):
        browser.open(written[0].as_uri(), scheme=scheme)
        *colours, page = (luminance(colour.strip()) for colour in browser.run(script))
        ratios = [(max(c, page) + 0.05) / (min(c, page) + 0.05) for c in colours]
        assert min(ratios[:3]) >= 4.5, ratios
        assert min(ratios[3:]) >= 3, ratios


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(2 * d for d in digits) if len(digits) == 3 else digits
    coded = np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_a_report_without_pictures_still_works(browser: Browser, tmp_path: Path) -> None:
    report(tmp_path / "out.html", [])
    browser.messages.clear()
    browser.open((tmp_path / "out.html").as_uri())
    assert browser.messages == []
    assert "No pictures were kept" in browser.run("document.body.textContent")


def test_it_prints(browser: Browser, written: tuple[Path, Results]) -> None:
    browser.open(written[0].as_uri())
    data = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])
    assert data.startswith(b"%PDF-")
    assert len(data) > 50_000
