"""The contact sheet: before and after, small, on one page that needs nothing but a browser."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any

from numpy.typing import NDArray

from nircolor import picture
from nircolor.batch.entry import Entry
from nircolor.batch.process import Settings, Work
from nircolor.batch.result import Reason
from nircolor.errors import NircolorError
from nircolor.evaluation.report.text import count, size
from nircolor.evaluation.report.thumbnails import encode, reduce, to_bytes
from nircolor.files import atomic_file
from nircolor.image import read_rgb
from nircolor.wording import command_line
from nircolor.written import esc

MOST = 200  # pictures on a page: as many as a browser and a person can take
_NAMED = 20  # files named for each reason


class Sheet:
    """Collects thumbnails of at most ``MOST`` pictures, evenly spread over ``entries``, and writes the page."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._chosen = [entries[i] for i in evenly(len(entries), MOST)]
        self._order = {entry.source: number for number, entry in enumerate(self._chosen)}
        self._strips: dict[str, str] = {}
        self._guard = Lock()

    def add(self, work: Work, rgb: NDArray[Any]) -> None:
        """Any thread may call it. ``rgb``: (H, W, 3) float32 in [0, 1]."""
        if work.entry.source in self._order:
            strip = _strip(work.entry, work.image.pixels, rgb)
            with self._guard:
                self._strips[work.entry.source] = strip

    def read_back(self, settings: Settings, done: Container[str], on_progress: Callable[[int, int], None]) -> None:
        """Add the chosen pictures that workers elsewhere have ``done``, by source; leave out what cannot be read."""
        for number, entry in enumerate(self._chosen):
            on_progress(number, len(self._chosen))
            if entry.source in done:
                with suppress(NircolorError):
                    nir = picture.read((settings.root / entry.source).content(), settings.reading).pixels
                    rgb = read_rgb((settings.target / entry.output).content()).pixels
                    self._strips[entry.source] = _strip(entry, nir, rgb)

    def write(self, path: Path, title: str, facts: Sequence[str], reasons: Sequence[Reason], overwrite: bool) -> None:
        """Write the page whole or not at all. Raises OutputExistsError and OutputError."""
        with atomic_file(path, overwrite) as stream:
            for piece in self._page(title, facts, reasons):
                stream.write(piece.encode("utf-8"))

    def _page(self, title: str, facts: Sequence[str], reasons: Sequence[Reason]) -> Iterator[str]:
        yield from _head(title)
        yield f'<header><h1>{esc(title)}</h1><ul class="facts">'
        yield "".join(f"<li>{esc(fact)}</li>" for fact in facts) + "</ul></header><main>"
        yield from _failures(reasons)
        yield f'<section id="pictures"><h2>Pictures</h2><p>{count(len(self._strips), "picture")}'
        yield " before and after; more are thinned out evenly.</p><div>"
        yield from (self._strips[name] for name in sorted(self._strips, key=self._order.__getitem__))
        yield "</div></section></main></body></html>\n"


def evenly(count: int, most: int) -> Iterable[int]:
    """At most ``most`` of the numbers below ``count``, evenly spread."""
    return range(count) if count <= most else (i * count // most for i in range(most))


def _head(title: str) -> Iterator[str]:
    style = files("nircolor.evaluation.report").joinpath("page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    # whatever a hostile file name might smuggle in, the browser runs nothing and fetches nothing
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
    yield f"<title>{esc(title)}</title><style>{style}</style></head><body>"


def _failures(reasons: Sequence[Reason]) -> Iterator[str]:
    if not reasons:
        return
    yield '<section id="failures"><h2>Failures</h2>'
    for reason in reasons:
        shown = "".join(f"<li><code>{esc(name)}</code></li>" for name in reason.files[:_NAMED])
        more = f"<li>and {len(reason.files) - _NAMED:,} more</li>" if len(reason.files) > _NAMED else ""
        number, text = count(len(reason.files), "file"), esc(command_line(reason.text))
        yield f'<details class="notes" open><summary>{number}: {text}</summary>'
        yield f"<ul>{shown}{more}</ul></details>"
    yield "</section>"


def _strip(entry: Entry, nir: NDArray[Any], rgb: NDArray[Any]) -> str:
    height, width = rgb.shape[:2]
    name, output = esc(entry.source), esc(entry.output)
    return (
        f'<article class="strip"><header><h3>{name}</h3><ul class="facts"><li>{size(width, height)}</li></ul></header>'
        f'<div class="pair"><div class="two">{_figure(nir, name)}{_figure(rgb, output)}</div></div>'
        "</article>"
    )


def _figure(image: NDArray[Any], caption: str) -> str:
    """``caption`` is HTML already."""
    small = to_bytes(reduce(image))
    data = base64.b64encode(encode(small)).decode("ascii")
    shape = f'width="{small.shape[1]}" height="{small.shape[0]}"'
    picture = f'<img {shape} alt="{caption}" decoding="async" src="data:image/jpeg;base64,{data}">'
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"
