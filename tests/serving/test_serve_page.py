"""The page in a real Chromium: dropped files, the slider by mouse, finger and keys, errors, downloads; nothing fetched
from elsewhere.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import report_browser
import tifffile
from numpy.typing import NDArray
from report_browser import Browser
from serving_tools import Server, encoded

DONE = "document.body.dataset.busy === 'no'"
ALIEN = "Failed to load resource: the server responded with a status of 4"  # how a browser notes a refusal


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = report_browser.find()
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with Browser(path) as browser:
        yield browser


@pytest.fixture
def browser(chromium: Browser, server: Server) -> Iterator[Browser]:
    """A fresh page; at the end it has asked nobody else for anything, and nothing has gone wrong in it."""
    chromium.messages.clear()
    chromium.requests.clear()
    chromium.open(server.url)
    yield chromium
    own = (server.url, f"blob:{server.url}", "about:blank")
    assert [url for url in chromium.requests if not url.startswith(own)] == []
    assert [text for text in chromium.messages if ALIEN not in text] == []


@pytest.fixture
def deep(tmp_path: Path, nir: NDArray[np.uint8]) -> Path:
    """A TIFF of 16 bits, 320 x 240."""
    path = tmp_path / "field.tif"
    tifffile.imwrite(path, cv2.resize(nir, (320, 240)).astype(np.uint16) * 257)
    return path


def middle(browser: Browser, selector: str, share: float = 0.5) -> tuple[float, float]:
    """A place on an element: ``share`` of its width, half of its height."""
    browser.run(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
    box = browser.run(f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().toJSON()")
    return box["left"] + share * box["width"], box["top"] + box["height"] / 2


def cut(browser: Browser) -> float:
    """How much of the picture is shown as it was, in percent."""
    return float(browser.run("document.querySelector('.stack').style.getPropertyValue('--cut')").rstrip("%"))


def text(browser: Browser, selector: str) -> str:
    return str(browser.run(f"document.querySelector({json.dumps(selector)}).innerText"))


def set_to(browser: Browser, name: str, value: str) -> None:
    """A setting, as if somebody had moved it."""
    field = f"document.querySelector('[name={name}]')"
    browser.run(f"{field}.value = {json.dumps(value)}, {field}.dispatchEvent(new Event('input', {{bubbles: true}}))")


def test_a_dropped_picture_is_shown_and_comes_back_with_all_its_bits(
    browser: Browser, server: Server, deep: Path, tmp_path: Path
) -> None:
    browser.drop(*middle(browser, "#drop"), deep)
    browser.until("document.querySelectorAll('.card').length === 1")
    browser.until(DONE)
    assert text(browser, ".state") == "done"
    assert {"320 × 240", "16 bit", "TIFF", "weights lite"} <= set(text(browser, ".facts").splitlines())  # noqa: RUF001
    for image in (".before", ".after"):
        browser.until(f"document.querySelector('{image}').naturalWidth === 320")
    (tmp_path / "got").mkdir()
    got = browser.download("document.querySelector('.get').click()", tmp_path / "got")
    assert got.name == "field_rgb.tif"
    made = tifffile.imread(got)
    assert (made.dtype, made.shape) == (np.uint16, (240, 320, 3))
    assert np.array_equal(made, tifffile.imread(io.BytesIO(server.colorize(deep.read_bytes(), "x.tif").body)))


def test_the_slider_follows_mouse_finger_and_keys(browser: Browser, deep: Path) -> None:
    browser.choose("#files", deep)
    browser.until("!document.querySelector('.compare')?.hidden && document.querySelector('.card') !== null")
    browser.until(DONE)
    places = [middle(browser, ".stack", share) for share in (0.5, 0.4, 0.2)]
    browser.drag(*places)
    assert cut(browser) == pytest.approx(20, abs=3)
    browser.swipe(*(middle(browser, ".stack", share) for share in (0.3, 0.5, 0.8)))
    assert cut(browser) == pytest.approx(80, abs=3)
    browser.run("document.querySelector('.stack input').focus()")
    before = cut(browser)
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight"):
        browser.press(key)
    assert cut(browser) == before - 1
    shown = browser.run("getComputedStyle(document.querySelector('.before')).clipPath")
    assert f"{100 - cut(browser):g}%" in shown


def test_errors_stand_beside_their_pictures_in_plain_words(browser: Browser, tmp_path: Path, deep: Path) -> None:
    colour, broken = tmp_path / "holiday.png", tmp_path / "<img src=x onerror=alert(1)>.png"
    colour.write_bytes(encoded(".png", np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)))
    broken.write_bytes(b"nothing")
    browser.choose("#files", deep, colour, broken)
    browser.until("document.querySelectorAll('.card').length === 3")
    browser.until(DONE)
    cards = browser.run(
        "[...document.querySelectorAll('.card')].map((card) => ({ name: card.querySelector('.name').innerText, "
        "error: card.querySelector('.error').hidden ? '' : card.querySelector('.error').innerText }))"
    )
    errors = {card["name"]: card["error"] for card in cards}
    assert errors[deep.name] == ""
    assert errors[broken.name].startswith("is no picture of a supported format")
    assert "take their luma with “Colour pictures: read them as grey”" in errors[colour.name]
    assert text(browser, "#count") == "1 of 3 done"
    set_to(browser, "colours", "colorize")
    browser.run("document.querySelector('[aria-label=\"Try again with holiday.png\"]').click()")
    browser.until(f"{DONE} && document.querySelector('#count').innerText === '2 of 3 done'")


def test_all_of_them_come_as_one_zip_though_names_are_the_same(
    browser: Browser, tmp_path: Path, deep: Path, png: bytes
) -> None:
    other = tmp_path / "other" / "FIELD.tif"
    other.parent.mkdir()
    tifffile.imwrite(other, np.full((20, 30), 99, np.uint8))
    (tmp_path / "Büche.png").write_bytes(png)
    browser.choose("#files", deep, other, tmp_path / "Büche.png")
    browser.until("document.querySelectorAll('.card').length === 3")
    browser.until(DONE)
    (tmp_path / "got").mkdir()
    got = browser.download("document.querySelector('#zip').click()", tmp_path / "got")
    with zipfile.ZipFile(got) as files:
        assert files.testzip() is None
        assert files.namelist() == ["field_rgb.tif", "FIELD_rgb (2).tif", "Büche_rgb.png"]
        assert tifffile.imread(io.BytesIO(files.read("field_rgb.tif"))).dtype == np.uint16
        assert tifffile.imread(io.BytesIO(files.read("FIELD_rgb (2).tif"))).shape == (20, 30, 3)


def test_settings_reach_the_pictures(browser: Browser, deep: Path) -> None:
    mean = (
        "(async () => { const map = document.querySelector('.after'); await map.decode(); "
        "const canvas = new OffscreenCanvas(map.width, map.height), "
        "context = canvas.getContext('2d'); context.drawImage(map, 0, 0); "
        "const data = context.getImageData(0, 0, map.width, map.height).data; "
        "return data.reduce((sum, value) => sum + value, 0) / data.length; })()"
    )
    browser.choose("#files", deep)
    browser.until("document.querySelector('.card') !== null")
    browser.until(DONE)
    assert browser.run("document.querySelector('#again').disabled") is True
    before = browser.run(mean)
    set_to(browser, "brightness", "0.5")
    assert text(browser, "label.slide output") == "0.50"
    browser.run("document.querySelector('#again').click()")
    browser.until(DONE)
    assert browser.run(mean) < before - 10
    browser.run("document.querySelector('#settings [type=reset]').click()")
    browser.until("document.querySelector('label.slide output').value === '1.00'")
    browser.run("document.querySelector('.remove').click()")
    assert browser.run("document.querySelectorAll('.card').length") == 0
    assert browser.run("document.activeElement.id") == "files"


def test_what_is_too_large_is_not_even_sent(browser: Browser, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    with large.open("wb") as stream:
        stream.truncate(600_000_000)
    browser.choose("#files", large)
    browser.until("document.querySelector('.card') !== null")
    assert text(browser, ".error") == "is 600 MB, and this server takes 512 MB"
    assert [url for url in browser.requests if "colorize" in url] == []


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1280, "dark")])
def test_it_fits_any_window_by_day_and_night(
    browser: Browser, server: Server, deep: Path, width: int, scheme: str
) -> None:
    browser.open(server.url, width=width, height=700, scheme=scheme)
    browser.choose("#files", deep)
    browser.until("document.querySelector('.card') !== null")
    browser.until(DONE)
    browser.run("document.querySelector('details').open = true")
    assert browser.run("document.documentElement.scrollWidth") <= width
    light = browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert light == (scheme == "light")


def test_everything_has_a_name_and_can_be_reached_by_keys(browser: Browser, deep: Path) -> None:
    browser.choose("#files", deep)
    browser.until("document.querySelector('.card') !== null")
    browser.until(DONE)
    browser.run("document.querySelector('details').open = true")
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = ("button", "slider", "textbox", "combobox", "checkbox", "link", "image", "progressbar")
    named = [(node["role"]["value"], node["name"]["value"]) for node in nodes if node["role"]["value"] in roles]
    assert len(named) > 15
    assert [role for role, name in named if not name.strip()] == []
    browser.run("document.activeElement.blur()")
    reached = []
    for _ in range(25):
        browser.press("Tab")
        reached.append(
            browser.run("document.activeElement.id || document.activeElement.name || document.activeElement.className")
        )
    assert {"files", "brightness", "weights", "zip", "get", "remove"} <= set(reached)
