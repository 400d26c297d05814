"""What colorizes the pages of a file one after the other, and shows how many are done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from nircolor.engine import EngineConfig, ready
from nircolor.events import Reporter
from nircolor.image import Page

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer, EngineInfo


class PageWork:
    """``count`` pages for one network, which is loaded when the first page needs it. ``seconds``: of the network alone."""

    def __init__(self, engine: EngineConfig | Colorizer, reporter: Reporter, count: int) -> None:
        self._config, self._reporter, self._count = engine, reporter, count
        self._engine: Colorizer | None = None
        self._before = 0  # pages that are done
        self.seconds = 0.0

    @property
    def info(self) -> EngineInfo:
        """Of the network."""
        return self._ready().info

    def announce(self, page: Page) -> None:
        """``page`` is next. Raises StoppedError."""
        self._before = page.number - 1
        self._show(0, 1)

    def colorize(self, nir: NDArray[Any]) -> NDArray[Any]:
        """(H, W) float32 in [0, 1] -> (H, W, 3). Raises what loading and ``Colorizer.colorize`` raise, StoppedError."""
        engine = self._ready()
        start = time.perf_counter()
        rgb = engine.colorize(nir, on_progress=self._show, on_retreat=self._reporter.retreat)
        self.seconds += time.perf_counter() - start
        return rgb

    def _show(self, done: float, total: float) -> None:
        self._reporter.progress("colorizing", round(self._before + done / total, 2), self._count, "pages")

    def _ready(self) -> Colorizer:
        if self._engine is None:
            self._reporter.progress("loading the weights")
            self._engine = ready(self._config, self._reporter)
        return self._engine
