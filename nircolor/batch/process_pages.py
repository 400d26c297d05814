"""A file of several pages in a batch, of which all are wanted: one entry, one output, one row."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nircolor.batch.entry import Entry, Row
from nircolor.batch.settings import Settings
from nircolor.every_page import Pages, PagesDone, Paint, check_target
from nircolor.image import Page, list_pages
from nircolor.reference import unused


@dataclass
class PagesWork:
    """Pages that are read, colorized and written one after the other, by the thread of the network."""

    entry: Entry
    pages: Pages
    facts: dict[str, Any]
    """What the row will say of the input."""
    seconds: float
    check: Callable[[], None]
    """Raises InputError where the input is no longer what it was."""
    pixels: None = None
    """As of a ``Work`` whose samples stay in the file."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the first page, as they are stored."""
        first = self.pages.listed.pages[0].picture
        return first.height, first.width

    def finish(self, paint: Paint, settings: Settings) -> Row:
        """Write the pages while they come, and say how it went."""
        start, entry, done = time.perf_counter(), self.entry, list[PagesDone]()
        try:
            size = (settings.target / entry.output).write(
                lambda place: done.append(self.pages.colorize(place, paint, entry.replace, _nobody, self.check))
            )
        except Exception as error:
            return settings.failed(entry, error)
        made, seconds = done[-1], round(self.seconds + time.perf_counter() - start, 4)
        facts = {**self.facts, "width": made.width, "height": made.height, "pages": made.pages, "pixels": made.pixels}
        return settings.row(
            entry, "done", output_bytes=size, seconds=seconds, warnings=(*made.remarks, *unused(facts)), **facts
        )


def pages_of(
    entry: Entry, content: Path | bytes, settings: Settings, facts: dict[str, Any], check: Callable[[], None]
) -> PagesWork | None:
    """The work on a file of several pages; None where not all are wanted, or there is one. ``check``: see there.

    Raises InputError for a file whose pages are not all there, UsageError for an output that cannot hold them.
    """
    start, reading = time.perf_counter(), settings.reading
    listed = list_pages(content) if reading.page == "all" else None
    if listed is None or len(listed.pages) < 2:
        return None
    check_target(len(listed.pages), Path(entry.output), settings.writing)
    pages = Pages(content, listed, reading, settings.writing, "input", "output")
    return PagesWork(entry, pages, facts, time.perf_counter() - start, check)


def _nobody(page: Page) -> None:
    """Who hears of no page."""
