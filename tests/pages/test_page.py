"""The head of a page, and what becomes of values that a template is filled with."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from nircolor.errors import OutputExistsError
from nircolor.pages.page import head, page, section, static, write_page


def allowed(html: str, kind: str) -> str:
    """The hash that the policy allows for scripts or styles."""
    policy = Markup(re.findall(r'Content-Security-Policy" content="([^"]*)"', html)[0]).unescape()
    return re.findall(rf"{kind}-src 'sha256-([^']+)'", policy)[0]


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_policy_allows_the_style_and_the_script_of_the_page_alone() -> None:
    html = head("a title", ["pages/page.css"], "run()")
    (style,) = re.findall(r"<style>(.*)</style>", html, re.DOTALL)
    assert style.startswith(static("pages/page.css"))
    assert allowed(html, "style") == digest(style)
    assert allowed(html, "script") == digest("run()")
    assert "script-src" not in head("no script")


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("</title><script>x", "&lt;/title&gt;&lt;script&gt;x"),
        ("two\nlines \u202eback \udcff", r"two\nlines \u202eback \udcff"),
        (Markup("<b>meant</b>"), "<b>meant</b>"),
    ],
)
def test_values_are_made_visible_and_escaped(title: str, shown: str) -> None:
    html = head(title)
    assert f"<title>{shown}</title>" in html
    html.encode("utf-8")


def test_a_value_that_is_missing_is_no_empty_place() -> None:
    with pytest.raises(UndefinedError):
        section("pages/head.html.j2", title="x")


def test_pages_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    write_page(path, page("pages/page.html.j2", "x"), overwrite=False)
    text = path.read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert text.rstrip().endswith("</html>")
    with pytest.raises(OutputExistsError):
        write_page(path, ["other"], overwrite=False)
    with pytest.raises(UndefinedError):
        write_page(path, page("evaluation/report/page.html.j2", "x"), overwrite=True)
    assert path.read_text("utf-8") == text
    assert list(tmp_path.iterdir()) == [path]
