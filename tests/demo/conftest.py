"""The page as ``nircolor demo`` makes it, with a small student; skips where no browser or no onnxruntime-web is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import report_browser
import tiny_student
from demo_page import DemoPage, served
from report_browser import Browser

from nircolor.demo.build import build_demo
from nircolor.demo.runtime import release

ARCHIVES = Path(__file__).resolve().parents[2] / "build"


@pytest.fixture(scope="session")
def archive() -> Path:
    """onnxruntime-web as the npm registry has it; tests fetch nothing."""
    path = ARCHIVES / release().archive
    if not path.is_file():
        pytest.skip(f"no {path.name}: python -m nircolor.demo.runtime build")
    return path


@pytest.fixture(scope="session")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_student.write(tmp_path_factory.mktemp("student") / "student.onnx")


@pytest.fixture(scope="session")
def site(archive: Path, student: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is served."""
    folder = tmp_path_factory.mktemp("demo") / "site"
    build_demo(folder, weights=student, runtime=archive)
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    executable = report_browser.find()
    if executable is None:
        pytest.skip(f"none of {', '.join(report_browser.NAMES)} is on this machine")
    return executable


@pytest.fixture(scope="module")
def page(site: Path, chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoPage]:
    """One page for the tests of a module, as a plain server sends it: one thread."""
    with served(site) as url, Browser(chromium) as browser:
        yield DemoPage(browser, url, tmp_path_factory.mktemp("downloads"))
