"""What workers in other processes need: weights in a file, a folder of pictures; and a crew's whole run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from batch_tools import engine, picture
from small_network import save

from nircolor.batch.entry import Row
from nircolor.batch.local import Hooks
from nircolor.batch.plan import find
from nircolor.batch.process import Work, finish, prepare
from nircolor.batch.settings import Settings
from nircolor.batch.spread import Crew, Spread
from nircolor.batch.walk import Naming, Selection
from nircolor.engine import EngineConfig
from nircolor.tiling import Tiling


def fill(root: Path, number: int) -> None:
    for i in range(number):
        picture(root / f"part{i % 2}" / f"x{i}.{'tif' if i % 3 else 'png'}", i % 2, 40 + i % 3, 56)


def save_weights(folder: Path) -> Path:
    """Those of ``batch_tools.engine``."""
    return save(folder / "tiny.safetensors", engine().networks.network)


def make_alone(settings: Settings) -> None:
    """All pictures below ``settings.root``, one after the other, in this process."""
    for entry in find(settings.root, settings.target, Selection(), Naming(), {}).entries:
        work = prepare(entry, settings)
        assert isinstance(work, Work)
        assert finish(work, engine().paint(work.image), settings).status == "done"


def config(path: Path) -> EngineConfig:
    return EngineConfig(str(path), "cpu", "fp32", tiling=Tiling(64, 8), threads=1)


def spread(
    crew: Crew,
    settings: Settings,
    record: Callable[[Row], None] = lambda row: None,
    stop: threading.Event | None = None,
) -> list[Row]:
    """The rows of all pictures below ``settings.root``."""
    rows: list[Row] = []

    def keep(row: Row) -> None:
        rows.append(row)
        record(row)

    entries = find(settings.root, settings.target, Selection(), Naming(), {}).entries
    with Spread(crew, settings, lambda info: None, lambda text: None) as work:
        work.run(entries, Hooks(lambda chunk: None, keep), stop or threading.Event())
    return rows
