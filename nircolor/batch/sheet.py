"""The contact sheet: before and after, small, on one page that needs nothing but a browser."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from numpy.typing import NDArray

from nircolor import picture
from nircolor.batch.outcome import Reason, evenly
from nircolor.batch.plan import Entry
from nircolor.batch.process import Settings, Work, content_of
from nircolor.errors import NircolorError
from nircolor.image import read_rgb
from nircolor.pages.page import head, write_page
from nircolor.pages.text import count, size
from nircolor.pages.thumbnails import data_uri, encode, reduce, to_bytes
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
                    nir = picture.read(content_of(settings.root / entry.source), settings.reading).pixels
                    rgb = read_rgb(content_of(settings.target / entry.output)).pixels
                    self._strips[entry.source] = _strip(entry, nir, rgb)

    def write(self, path: Path, title: str, facts: Sequence[str], reasons: Sequence[Reason], overwrite: bool) -> None:
        """Write the page whole or not at all. Raises OutputExistsError and OutputError."""
        write_page(path, self._page(title, facts, reasons), overwrite)

    def _page(self, title: str, facts: Sequence[str], reasons: Sequence[Reason]) -> Iterator[str]:
        yield head(title)
        yield f'<header><h1>{esc(title)}</h1><ul class="facts">'
        yield "".join(f"<li>{esc(fact)}</li>" for fact in facts) + "</ul></header><main>"
        yield from _failures(reasons)
        yield f'<section id="pictures"><h2>Pictures</h2><p>{count(len(self._strips), "picture")}'
        yield " before and after; more are thinned out evenly.</p><div>"
        yield from (self._strips[name] for name in sorted(self._strips, key=self._order.__getitem__))
        yield "</div></section></main></body></html>\n"


def _failures(reasons: Sequence[Reason]) -> Iterator[str]:
    if not reasons:
        return
    yield '<section id="failures"><h2>Failures</h2>'
    for reason in reasons:
        shown = "".join(f"<li><code>{esc(name)}</code></li>" for name in reason.files[:_NAMED])
        more = f"<li>and {len(reason.files) - _NAMED:,} more</li>" if len(reason.files) > _NAMED else ""
        yield f'<details class="notes" open><summary>{count(len(reason.files), "file")}: {esc(reason.text)}</summary>'
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
    shape = f'width="{small.shape[1]}" height="{small.shape[0]}"'
    picture = f'<img {shape} alt="{caption}" decoding="async" src="{data_uri(encode(small))}">'
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"
