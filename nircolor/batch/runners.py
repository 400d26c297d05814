"""Who does the work of ``nircolor batch``: this process, others on this machine, or a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Protocol

from nircolor.batch.local import Flow, Hooks
from nircolor.batch.local import run as run_locally
from nircolor.batch.plan import Entry
from nircolor.batch.worker import Loading
from nircolor.cli.batch_job import Prepared, load
from nircolor.cli.report import Report
from nircolor.tiling import Tiling

if TYPE_CHECKING:
    from nircolor.batch.spread import Crew
    from nircolor.colorizer import Colorizer


class Runner(Protocol):
    """``info``: device, kernel and precision, as soon as they are known."""

    @property
    def info(self) -> dict[str, str]: ...

    def run(self, entries: Iterable[Entry], hooks: Hooks, stop: Event) -> Flow: ...


class Here:
    """In this process."""

    def __init__(self, prepared: Prepared, engine: Colorizer) -> None:
        self._settings, self._engine = prepared.settings, engine

    @property
    def info(self) -> dict[str, str]:
        from dataclasses import asdict

        return asdict(self._engine.info)

    def run(self, entries: Iterable[Entry], hooks: Hooks, stop: Event) -> Flow:
        return run_locally(entries, self._settings, self._engine, hooks, stop)


@contextmanager
def open_runner(prepared: Prepared, report: Report) -> Iterator[Runner]:
    """The one that was asked for, with its network loaded or being loaded. Raises WeightsError, DeviceError."""
    if not prepared.job.spread:
        yield Here(prepared, load(prepared, report))
        return
    from nircolor.batch.spread import Spread

    crew = _crew(prepared)
    with Spread(crew, prepared.settings, on_ready=lambda info: _tell(info, crew.size, prepared, report)) as spread:
        yield spread


def _crew(prepared: Prepared) -> Crew:
    job = prepared.job
    if job.ray:
        from nircolor.batch.ray_runner import RayCrew

        return RayCrew(job.ray, job.workers, prepared.settings, _loading(prepared, job.device, None))
    from nircolor.batch.processes import Processes

    workers = job.workers or len(job.devices)
    devices = [job.devices[number % len(job.devices)] for number in range(workers)]
    threads = max(1, _cpus() // workers)
    return Processes(prepared.settings, [_loading(prepared, device, threads) for device in devices])


def _loading(prepared: Prepared, device: str, threads: int | None) -> Loading:
    job = prepared.job
    tiling = Tiling(job.tile, job.overlap)
    return Loading(str(prepared.weights), device, job.precision, tiling, job.prior, job.together, threads)


def _cpus() -> int:
    """Cores that torch would use if it were alone."""
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if asked.isdecimal() and int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tell(info: dict[str, str], workers: int, prepared: Prepared, report: Report) -> None:
    report.say(
        "device {device}, kernel {kernel}, weights {name} ({weights_sha256}), precision {precision}, "
        "{workers} workers".format(**info, name=prepared.job.weights, workers=workers)
    )
