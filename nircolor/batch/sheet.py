"""The contact sheet: before and after, small, on one page that needs nothing but a browser."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from markupsafe import Markup
from numpy.typing import NDArray

from nircolor import picture
from nircolor.batch.entry import Entry
from nircolor.batch.probe import pixels
from nircolor.batch.process import Made
from nircolor.batch.result import Reason
from nircolor.batch.settings import Settings
from nircolor.errors import NircolorError
from nircolor.image import read_rgb
from nircolor.pages.page import page, write_page
from nircolor.pages.thumbnails import data_uri, encode, reduce, to_bytes
from nircolor.wording import command_line

MOST = 200  # pictures on a page: as many as a browser and a person can take
_NAMED = 20  # files named for each reason


@dataclass(frozen=True)
class _Thumbnail:
    """``address``: the JPEG file itself."""

    width: int
    height: int
    address: Markup


@dataclass(frozen=True)
class _Strip:
    """A picture before and after; its size in pixels is that of the output."""

    source: str
    output: str
    width: int
    height: int
    before: _Thumbnail
    after: _Thumbnail


class Sheet:
    """Collects thumbnails of at most ``MOST`` pictures, evenly spread over ``entries``, and writes the page."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._chosen = [entries[i] for i in evenly(len(entries), MOST)]
        self._order = {entry.source: number for number, entry in enumerate(self._chosen)}
        self._strips: dict[str, _Strip] = {}
        self._guard = Lock()

    def add(self, work: Made, nir: NDArray[Any], rgb: NDArray[Any]) -> None:
        """Any thread may call it. ``nir``: (h, w), ``rgb``: (h, w, 3), float32 in [0, 1], the picture or reduced."""
        if work.entry.source in self._order:
            strip = _strip(work.entry, work.shape, nir, rgb)
            with self._guard:
                self._strips[work.entry.source] = strip

    def read_back(self, settings: Settings, done: Container[str], on_progress: Callable[[int, int], None]) -> None:
        """Add the chosen pictures that workers elsewhere have ``done``, by source; leave out what cannot be read, or
        is too large to be read whole. Of several pages the first is shown.
        """
        every = settings.reading.page == "all"
        reading = replace(settings.reading, page=1) if every else settings.reading
        for number, entry in enumerate(self._chosen):
            on_progress(number, len(self._chosen))
            if entry.source in done and pixels(entry, settings.root) <= picture.HELD:
                with suppress(NircolorError):
                    nir = picture.read((settings.root / entry.source).content(), reading).pixels
                    rgb = read_rgb((settings.target / entry.output).content(), page=1 if every else None).pixels
                    self._strips[entry.source] = _strip(entry, nir.shape, nir, rgb)

    def write(self, path: Path, title: str, facts: Sequence[str], reasons: Sequence[Reason], overwrite: bool) -> None:
        """Write the page whole or not at all. Raises OutputExistsError and OutputError."""
        reasons = [replace(reason, text=command_line(reason.text)) for reason in reasons]
        strips = [self._strips[name] for name in sorted(self._strips, key=self._order.__getitem__)]
        pieces = page(
            "batch/sheet.html.j2", title, name=title, facts=facts, reasons=reasons, named=_NAMED, strips=strips
        )
        write_page(path, pieces, overwrite)


def evenly(count: int, most: int) -> Iterable[int]:
    """At most ``most`` of the numbers below ``count``, evenly spread."""
    return range(count) if count <= most else (i * count // most for i in range(most))


def _strip(entry: Entry, size: tuple[int, ...], nir: NDArray[Any], rgb: NDArray[Any]) -> _Strip:
    height, width = size
    return _Strip(entry.source, entry.output, width, height, _thumbnail(nir), _thumbnail(rgb))


def _thumbnail(image: NDArray[Any]) -> _Thumbnail:
    small = to_bytes(reduce(image))
    return _Thumbnail(small.shape[1], small.shape[0], data_uri(encode(small)))
