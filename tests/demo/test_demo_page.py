"""The page as people use it: choosing, dropping, comparing, stopping; alone with its server; with threads."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from demo_page import ISOLATED, DemoPage, served
from image_files import png
from report_browser import Browser

from nircolor.scenes import quantise, render

SHARE = "getComputedStyle(document.querySelector('.stack')).getPropertyValue('--cut')"
ELSEWHERE = """
new Promise((resolve) => {
  const source = `addEventListener("securitypolicyviolation", ({ blockedURI }) => postMessage(blockedURI));
    fetch("http://127.0.0.1:1/").catch(() => setTimeout(postMessage, 10_000, "nobody minded"));`;
  const worker = new Worker(URL.createObjectURL(new Blob([source])));
  worker.onmessage = ({ data }) => resolve(data);
})
"""


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "meadow.v2.png"
    path.write_bytes(png(quantise(render(2, 60, 90).nir, 8)))
    return path


def test_nothing_is_asked_of_anybody_else(page: DemoPage, picture: Path) -> None:
    """Workers and theirs included; and what the page is made of is all that it asks for."""
    assert page.colour(picture) == ""
    page.download()
    addresses = [urlsplit(url.removeprefix("blob:")) for url in page.browser.requests if url != "about:blank"]
    assert len(addresses) > 10
    assert {address.netloc for address in addresses} == {urlsplit(page.url).netloc}
    assert {"/model.onnx", "/worker.js", "/ort-wasm-simd-threaded.wasm"} <= {address.path for address in addresses}
    assert page.browser.messages == []


def test_a_worker_of_the_page_is_under_its_policy(site: Path, chromium: str, tmp_path: Path) -> None:
    with served(site) as url, Browser(chromium) as browser:
        browser.open(url)
        assert browser.run(ELSEWHERE) == "http://127.0.0.1:1/"


def test_the_download_has_the_name_of_the_picture(page: DemoPage, picture: Path) -> None:
    assert page.colour(picture) == ""
    assert page.browser.run("document.querySelector('#download').download") == "meadow.v2_rgb.png"
    assert page.text("#facts").startswith("90 x 60 pixels")


def test_a_picture_can_be_dropped_anywhere(page: DemoPage, picture: Path, tmp_path: Path) -> None:
    path = tmp_path / "dropped.png"
    path.write_bytes(picture.read_bytes())
    page.browser.drop(5, 5, path)
    page.browser.until("document.querySelector('#name').textContent === 'dropped.png'")
    assert page.wait() == ""


def test_the_slider_follows_keys_and_the_pointer(page: DemoPage, picture: Path) -> None:
    assert page.colour(picture) == ""
    assert page.browser.run(SHARE) == "50%"
    page.browser.run("document.querySelector('#cut').focus()")
    page.browser.press("ArrowRight")
    assert page.browser.run(SHARE) == "51%"
    box = page.browser.run("document.querySelector('#cut').getBoundingClientRect().toJSON()")
    page.browser.press_at(box["x"] + box["width"] * 0.25, box["y"] + 20)
    assert float(page.browser.run(SHARE).rstrip("%")) == pytest.approx(25, abs=2)


def test_both_pictures_are_drawn(page: DemoPage, picture: Path) -> None:
    assert page.colour(picture) == ""
    for canvas in ("#left", "#right"):
        pixels = f"document.querySelector('{canvas}').getContext('2d').getImageData(0, 0, 90, 60).data"
        assert len(set(page.browser.run(f"[...{pixels}]"))) > 20


def test_work_can_be_stopped(page: DemoPage, picture: Path, tmp_path: Path) -> None:
    """And so does another picture that comes before it ends."""
    large = tmp_path / "large.png"
    large.write_bytes(png(np.tile(quantise(render(2, 60, 90).nir, 8), (20, 20))))
    page.browser.choose("#file", large)
    page.browser.until("!document.querySelector('#work').hidden")
    page.click("#stop")
    assert page.browser.run("['#work', '#failure', '#result'].every((id) => document.querySelector(id).hidden)")
    page.browser.choose("#file", large)
    assert page.colour(picture) == ""
    assert page.text("#name") == picture.name


def test_threads_are_used_where_the_page_is_isolated(
    site: Path, chromium: str, picture: Path, page: DemoPage, tmp_path: Path
) -> None:
    assert page.colour(picture) == ""
    assert "(1 thread)" in page.text("#facts")
    alone = page.download()
    with served(site, ISOLATED) as url, Browser(chromium) as browser:
        browser.call("Emulation.setHardwareConcurrencyOverride", hardwareConcurrency=2)
        isolated = DemoPage(browser, url, tmp_path)
        assert isolated.colour(picture) == ""
        assert browser.run("crossOriginIsolated")
        assert "(2 threads)" in isolated.text("#facts")
        assert np.abs(isolated.download().astype(int) - alone).max() <= 1
        assert browser.messages == []


def test_a_page_without_its_network_says_so(site: Path, chromium: str, picture: Path, tmp_path: Path) -> None:
    for path in site.iterdir():
        if path.suffix != ".onnx":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with served(tmp_path) as url, Browser(chromium) as browser:
        assert "network could not be loaded" in DemoPage(browser, url, tmp_path).colour(picture)


def test_it_fits_any_window_in_light_and_dark(page: DemoPage, picture: Path) -> None:
    assert page.colour(picture) == ""
    for scheme, back in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(22, 22, 22)")):
        page.browser.dress(height=800, width=1280, scheme=scheme)
        assert page.browser.run("getComputedStyle(document.body).backgroundColor") == back
        for width in (320, 390, 768, 1280):
            page.browser.dress(width=width, height=800, scheme=scheme)
            assert page.browser.run("document.documentElement.scrollWidth <= innerWidth")
