"""Pages from templates, and the policy that keeps out whatever is not in the page.

Templates are Jinja2 files (``*.html.j2``) beside the modules that fill them; their names are paths below ``nircolor``.
Every value is escaped, and made visible first (``nircolor.written``), unless it is ``Markup``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nircolor.files import atomic_file
from nircolor.pages import lines, text
from nircolor.written import visible


def write_page(path: Path, pieces: Iterable[str], overwrite: bool) -> None:
    """Write a page whole or not at all. Raises OutputExistsError and OutputError."""
    with atomic_file(path, overwrite) as stream:
        for piece in pieces:
            stream.write(piece.encode("utf-8"))


def page(template: str, title: str, *, styles: tuple[str, ...] = (), script: str = "", **values: Any) -> Iterator[str]:
    """The HTML of a template that extends ``pages/page.html.j2``, piece by piece: memory does not grow with the page.

    styles: style sheets beside that of all pages. script: the one that may run. Both are paths below ``nircolor``.
    """
    source = static(script) if script else Markup()
    yield from _template(template).generate(head=head(title, styles, source), script=source, **values)


def section(template: str, **values: Any) -> Markup:
    """The HTML of a template that is a part of a page."""
    return Markup(_template(template).render(**values))


def head(title: str, styles: Iterable[str] = (), script: str = "") -> Markup:
    """The HTML up to ``<body>``. ``script``: the text of the one that may run."""
    style = Markup().join(static(name) for name in ("pages/page.css", *styles))
    policy = f"default-src 'none'; img-src data:; style-src {_hash(style)}; "
    policy += f"script-src {_hash(script)}; " if script else ""
    policy += "base-uri 'none'; form-action 'none'"
    return section("pages/head.html.j2", title=title, style=style, policy=policy)


def static(name: str) -> Markup:
    """The text of a style sheet or a script, by its path below ``nircolor``."""
    return Markup(files("nircolor").joinpath(name).read_text("utf-8"))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def _template(name: str) -> Any:
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("nircolor", ""),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=text.count, number=text.number, script_number=text.script_number, with_unit=text.with_unit
    )
    environment.globals.update(
        heading=text.heading, size=text.size, line_class=lines.line_class, swatch=lines.swatch, UNDEFINED=text.UNDEFINED
    )
    return environment


def _shown(value: Any) -> Any:
    """Before it is escaped: a name is made one line that can be seen. Markup is HTML already."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
