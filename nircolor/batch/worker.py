"""One engine that colorizes what it is handed, in a process of its own or on another machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, Literal

from nircolor.batch.local import Flow, Hooks
from nircolor.batch.local import run as run_locally
from nircolor.batch.plan import Entry
from nircolor.batch.process import Settings
from nircolor.batch.row import Row
from nircolor.tiling import Tiling

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

GPU_BATCH = 8  # small pictures at once; a CPU gains nothing, and gives the same bytes as colorize one by one

_AHEAD = 4  # pictures in hand beside those in the network: being read, being written


@dataclass(frozen=True)
class Loading:
    """How a worker makes its engine: see ``Colorizer.from_weights``. ``weights``: a file. ``together``: small pictures
    at once, None: what suits the device. ``threads``: of the CPU, None: torch's own choice.
    """

    weights: str
    device: str
    precision: str
    tiling: Tiling
    prior: Literal["global", "tile"]
    together: int | None = None
    threads: int | None = None


def tiling_on(device: str, tiling: Tiling, together: int | None) -> Tiling:
    """``tiling`` with as many tiles, or small pictures, at once as were asked for or suit the device."""
    return replace(tiling, batch=together or (1 if device == "cpu" else GPU_BATCH))


class Worker:
    """Makes its engine at once: raises WeightsError, DeviceError, UsageError.

    ``info``: device, kernel, precision, weights. ``depth``: how many pictures keep it busy.
    """

    def __init__(self, settings: Settings, loading: Loading) -> None:
        self.settings, self.engine = settings, _engine(loading)
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


def _engine(loading: Loading) -> Colorizer:
    import torch

    from nircolor.colorizer import Colorizer

    if loading.threads:
        torch.set_num_threads(loading.threads)
    engine = Colorizer.from_weights(
        loading.weights,
        device=loading.device,
        precision=loading.precision,
        tiling=loading.tiling,
        prior=loading.prior,
    )
    engine.tiling = tiling_on(engine.info.device, loading.tiling, loading.together)
    return engine
