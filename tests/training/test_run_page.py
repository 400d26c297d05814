"""The page of a run as a file: what it says, what it shows, and what must never be in it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from run_log_example import events, losses, pictures, scores

from nircolor.errors import NircolorError
from nircolor.training.run_log import RunLog

ABOUT: Mapping[str, object] = {
    "recipe": "example.toml",
    "parameters": 1234567,
    "training": ["near", "far"],
    "recipe in full": {"optim": {"rate": 6e-4, "clip": None}, "sources": [{"folder": "near", "turn": True}]},
}


class Page(HTMLParser):
    """All start tags with their attributes, and the text outside of the style sheet."""

    def __init__(self, run: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.source = (run / "run.html").read_text("utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and data.strip():
            self.text += data.replace("\N{NO-BREAK SPACE}", " ")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "my run"
    with RunLog(folder, 0, ABOUT) as log:
        for event in events(0, 400):
            log(event)
        for name in ("best.safetensors", "other one.safetensors"):
            (folder / name).write_bytes(bytes(4_940_000))
    return folder


@pytest.fixture(scope="module")
def page(run: Path) -> Page:
    return Page(run)


def test_it_says_what_was_run_and_how_far_it_came(page: Page) -> None:
    best = scores(400).values
    for words in (
        "my run",
        "Finished at step 400 of 400.",
        f"Best at step 400: near/val PSNR {best['near/val/psnr']:.2f} dB, AE {best['near/val/angle']:.2f}°; far PSNR",
        "example.toml",
        "1,234,567",
        "near, far",
        "optim.rate0.0006",
        "sources.0.turnyes",
        "optim.clipnone",
        "4.94 MB",
        "400 best",
    ):
        assert words in page.text, words
    assert page.open == []


def test_the_table_has_every_validation_newest_first(page: Page) -> None:
    text = page.text[page.text.index("step" + "PSNR") :]
    assert re.findall(r"(\d00)(?: best)?(?=\d\d\.\d\d)", text)[:4] == ["400", "300", "200", "100"]
    assert f"{scores(100).values['far/psnr']:.2f}" in text


def test_it_shows_the_newest_pictures(page: Page) -> None:
    images = page.all("img")
    assert [image["alt"] for image in images] == [
        f"{role} of scene {seed}" for seed in (0, 1) for role in ("near-infrared", "prediction", "truth")
    ]
    data = (images[4]["src"] or "").removeprefix("data:image/jpeg;base64,")
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))), dtype=float)
    assert np.abs(shown - pictures(400)[1].prediction).mean() < 4  # but for the JPEG


def test_curves_have_a_label_and_lie_in_their_drawing(page: Page) -> None:
    labels = [svg["aria-label"] or "" for svg in page.all("svg") if "aria-label" in svg]
    assert [label.split(",")[0].split(":")[0] for label in labels] == [
        "PSNR", "AE", "pixel", "critic", "learning rate", "images per second", "share of time waiting for data",
    ]  # fmt: skip
    assert labels[2] == f"pixel: {losses(400).values['pixel']:.4g} at step 400"
    lines = [path["d"] or "" for path in page.all("path") if "line" in (path.get("class") or "").split()]
    for line in lines:
        if "L" in line:
            numbers = np.array(re.findall(r"[-\d.]+", line), dtype=float).reshape(-1, 2)
            assert (numbers >= 0).all()
            assert (numbers[:, 0] <= 340).all()
            assert (numbers[:, 1] <= 190).all()
            assert (np.diff(numbers[:, 0]) > 0).all()
    assert (
        sum("L" in line for line in lines) == 4 + 2 * 2 + 3
    )  # two sets by two metrics; raw and smooth of two terms; three plain


def test_nothing_is_fetched_and_files_are_linked_by_name(page: Page, run: Path) -> None:
    assert not re.search(r"https?:|//[a-z0-9.-]+/|@import|url\(|<script", page.source)
    links = [a["href"] or "" for a in page.all("a")]
    assert {"best.safetensors", "other%20one.safetensors", "losses.csv", "pictures/"} <= set(links)
    assert all(link.startswith("#") or (run / link.replace("%20", " ")).exists() for link in links)
    assert all((image["src"] or "").startswith("data:image/jpeg;base64,") for image in page.all("img"))
    policy = next(meta["content"] or "" for meta in page.all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")


def test_everything_from_outside_is_escaped(tmp_path: Path) -> None:
    evil = "</script><img src=x onerror=alert(1)>\"'\n\x1b[31m\u202e"
    told, first = scores(100), pictures(100)[0]
    picture = type(first)(evil, first.nir, first.prediction, first.truth)
    with RunLog(tmp_path / "<b>run", 0, {evil: evil, "more": {evil: [evil]}}) as log:
        log(type(losses(20))("training", 20, 400, {evil: 1.0}))
        log(type(told)(100, 400, {f"{evil}/psnr": 20.0, f"{evil}/{evil}": 1.0}, True, (picture,)))
        (tmp_path / "<b>run" / "<i>.safetensors").write_bytes(b"")
    page = Page(tmp_path / "<b>run")
    assert [image for image in page.all("img") if image.get("src") == "x"] == []
    assert page.all("script") == []
    assert "<b>run" not in page.source
    assert "<i>." not in page.source
    assert "\x1b" not in page.source
    assert "\u202e" not in page.source
    assert page.text.count("onerror=alert(1)") > 5
    assert "%3Ci%3E.safetensors" in [a["href"] for a in page.all("a")]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NircolorError("step 7: the loss is not a number"), "Failed (step 7: the loss is not a number) at step 130 of"),
        (RuntimeError("<oh>"), "Failed (RuntimeError: <oh>) at step 130 of 400."),
        (KeyboardInterrupt(), "Interrupted at step 130 of 400."),
    ],
)
def test_however_it_ends_there_is_a_page(error: BaseException, words: str, tmp_path: Path) -> None:
    def go() -> None:
        with RunLog(tmp_path, 0, {}) as log:
            for event in events(0, 130):
                log(event)
            raise error

    with pytest.raises(type(error)):
        go()
    assert words in Page(tmp_path).text


def test_a_run_that_reported_nothing_yet_and_one_that_stopped_early(tmp_path: Path) -> None:
    with RunLog(tmp_path, 0, {}):
        pass
    page = Page(tmp_path)
    assert "Nothing was validated yet." in page.text
    assert "Nothing was reported yet." in page.text
    with RunLog(tmp_path, 0, {}) as log:
        for event in events(0, 100):
            log(event)
    assert "Ended early at step 100 of 400." in Page(tmp_path).text
    with RunLog(tmp_path, 100, {}) as log:
        log(losses(120))
    page = Page(tmp_path)
    assert "those of earlier ones are in the folder pictures" in page.text
    assert "from step 100 on" in page.text
    assert "Best at step 100" in page.text
