"""The head of a page: title, style, and the policy that keeps everything else out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from importlib.resources import files

from nircolor.written import esc


def head(title: str, style: str = "", script: str = "") -> Iterator[str]:
    """The HTML up to ``<body>``. ``style`` follows that of all pages; ``script`` may run, if it is in the body."""
    style = static("nircolor.pages", "page.css") + style
    policy = f"default-src 'none'; img-src data:; style-src {_hash(style)}; "
    policy += f"script-src {_hash(script)}; " if script else ""
    policy += "base-uri 'none'; form-action 'none'"
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
    yield f"<title>{esc(title)}</title><style>{style}</style></head><body>"


def static(package: str, name: str) -> str:
    """The text of a file that stands beside the modules of ``package``."""
    return files(package).joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
