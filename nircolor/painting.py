"""Colours that come piece by piece: how long they take, and those of many pages, with one network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nircolor.engine import EngineConfig, ready
from nircolor.events import Reporter
from nircolor.image import Page
from nircolor.picture import Windows
from nircolor.reference import Guidance, Led, Used
from nircolor.tiling import Piece

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer, EngineInfo


class Clock:
    """Reports, as a detail, how long each stage took."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter, self._start = reporter, time.perf_counter()

    def lap(self, what: str) -> float:
        """Seconds since the last lap."""
        now = time.perf_counter()
        seconds, self._start = now - self._start, now
        self._reporter.detail(f"{what} in {seconds:.2f} s")
        return seconds


class Timed:
    """An iterator that knows how many seconds its items took."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces, self.seconds = pieces, 0.0

    def __iter__(self) -> Timed:
        return self

    def __next__(self) -> Piece:
        start = time.perf_counter()
        try:
            return next(self._pieces)
        finally:
            self.seconds += time.perf_counter() - start


class PagePainter:
    """``count`` pages for one network, which is loaded when the first page needs it.

    ``seconds``: of the network, which reads as it goes. ``used``: how the reference was, page by page.
    """

    def __init__(self, engine: EngineConfig | Colorizer, guidance: Guidance, reporter: Reporter, count: int) -> None:
        self._config, self._guidance, self._reporter, self._count = engine, guidance, reporter, count
        self._engine: Colorizer | Led | None = None
        self._before = 0  # pages that are done
        self.seconds = 0.0
        self.used: list[Used] = []

    @property
    def info(self) -> EngineInfo:
        """Of the network."""
        return self._ready().info

    def announce(self, page: Page) -> None:
        """``page`` is next. Raises StoppedError."""
        self._before = page.number - 1
        self._show(0, 1)

    def paint(self, image: Windows) -> Iterator[Piece]:
        """As ``Colorizer.paint``. Raises, while pieces are taken, what loading and colorizing raise, StoppedError."""
        engine = self._ready()
        pieces = Timed(engine.paint(image, on_progress=self._show, on_retreat=self._reporter.retreat))
        yield from pieces
        self.seconds += pieces.seconds
        if isinstance(engine, Led) and engine.used:
            self.used.append(engine.used)

    def _show(self, done: float, total: float) -> None:
        self._reporter.progress("colorizing", round(self._before + done / total, 2), self._count, "pages")

    def _ready(self) -> Colorizer | Led:
        if self._engine is None:
            self._reporter.progress("loading the weights")
            self._engine = self._guidance.lead(ready(self._config, self._reporter))
        return self._engine
