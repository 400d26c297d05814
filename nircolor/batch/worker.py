"""One engine that colorizes what it is handed, in a process of its own or on another machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

from nircolor.batch.entry import Entry, Row
from nircolor.batch.local import Flow, Hooks
from nircolor.batch.local import run as run_locally
from nircolor.batch.settings import Settings
from nircolor.engine import EngineConfig
from nircolor.events import Reporter

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

GPU_BATCH = 8  # small pictures at once; a CPU gains nothing, and gives the same bytes as colorize one by one

_AHEAD = 4  # pictures in hand beside those in the network: being read, being written


def load(config: EngineConfig, together: int | None, reporter: Reporter | None = None) -> Colorizer:
    """The engine of a folder: with as many tiles, or small pictures, at once as were asked for or suit the device.

    Raises WeightsError, DeviceError, UsageError.
    """
    engine = config.load(reporter)
    suitable = 1 if engine.info.device == "cpu" else GPU_BATCH
    asked = together or (config.tiling.batch if config.tiling.batch > 1 else suitable)
    engine.tiling = replace(config.tiling, batch=asked)
    return engine


class Worker:
    """Makes its engine at once: raises WeightsError, DeviceError, UsageError.

    ``info``: device, kernel, precision, weights. ``depth``: how many pictures keep it busy.
    """

    def __init__(self, settings: Settings, config: EngineConfig) -> None:
        self.settings, self.engine = settings, load(config, settings.together)
        self.info: dict[str, str] = asdict(self.engine.info)
        self.depth = _AHEAD + 2 * self.engine.tiling.batch
        self._inbox, self._stop = SimpleQueue[Entry | None](), Event()

    def submit(self, entry: Entry) -> None:
        """From any thread."""
        self._inbox.put(entry)

    def end(self, now: bool = False) -> None:
        """No more will come; ``now``: drop, too, what has not reached the network. From any thread."""
        if now:
            self._stop.set()
        self._inbox.put(None)

    def run(self, record: Callable[[Row], None]) -> Flow:
        """Work until ``end``. ``record`` gets each row, from whatever thread; what it raises is raised here."""
        stream = iter(self._inbox.get, None)
        return run_locally(stream, self.settings, self.engine, Hooks(None, record), self._stop)
