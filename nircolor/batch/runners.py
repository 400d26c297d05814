"""Who does the work: this process, others on this machine, or a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Protocol

from nircolor.batch.entry import Entry
from nircolor.batch.job import Prepared
from nircolor.batch.local import Flow, Hooks
from nircolor.batch.local import run as run_locally
from nircolor.batch.settings import Settings
from nircolor.batch.worker import load
from nircolor.choice import cores
from nircolor.engine import EngineConfig
from nircolor.events import EngineReady, Event, Reporter

if TYPE_CHECKING:
    from nircolor.batch.spread import Crew
    from nircolor.colorizer import Colorizer


class Runner(Protocol):
    """``info``: device, kernel and precision, as soon as they are known."""

    @property
    def info(self) -> dict[str, str]: ...

    def run(self, entries: Iterable[Entry], hooks: Hooks, stop: StopEvent) -> Flow: ...


class Here:
    """In this process."""

    def __init__(self, settings: Settings, engine: Colorizer) -> None:
        self.info: dict[str, str] = asdict(engine.info)
        self._settings, self._engine = settings, engine

    def run(self, entries: Iterable[Entry], hooks: Hooks, stop: StopEvent) -> Flow:
        return run_locally(entries, self._settings, self._engine, hooks, stop)


@contextmanager
def open_runner(prepared: Prepared, reporter: Reporter) -> Iterator[Runner]:
    """The one that was asked for, with its network loaded or being loaded; reports EngineReady.

    Raises WeightsError, DeviceError, UsageError.
    """
    if not prepared.job.spread:
        yield Here(prepared.settings, load_here(prepared, reporter))
        return
    from nircolor.batch.spread import Spread

    crew, weights = _crew(prepared), prepared.job.engine.weights

    def greet(info: dict[str, str]) -> None:
        facts = (info["device"], info["kernel"], info["precision"], weights, info["weights_sha256"])
        reporter.on_event(EngineReady(*facts, workers=crew.size))

    with Spread(crew, prepared.settings, greet, reporter.warn) as spread:
        yield spread


def load_here(prepared: Prepared, reporter: Reporter) -> Colorizer:
    """The engine of this process, and with it torch. Reports EngineReady."""

    def named(event: Event) -> None:  # the engine is of a file, and people know it by its name
        reporter.on_event(
            replace(event, weights=prepared.job.engine.weights) if isinstance(event, EngineReady) else event
        )

    inner = Reporter(named)
    inner.warnings = reporter.warnings
    config = _config(prepared, prepared.job.devices[0], prepared.job.engine.threads)
    return load(config, prepared.job.together, inner)


def _crew(prepared: Prepared) -> Crew:
    job, settings = prepared.job, prepared.settings
    if job.ray:
        from nircolor.batch.ray_crew import RayCrew

        return RayCrew(job.ray, job.workers, settings, _config(prepared, job.engine.device, job.engine.threads))
    from nircolor.batch.process_crew import ProcessCrew

    workers = job.workers or len(job.devices)
    devices = [job.devices[number % len(job.devices)] for number in range(workers)]
    threads = job.engine.threads or max(1, cores() // workers)
    return ProcessCrew(settings, [_config(prepared, device, threads) for device in devices])


def _config(prepared: Prepared, device: str, threads: int | None) -> EngineConfig:
    """Of one engine: by the file of its weights, so that all have the same."""
    return replace(prepared.job.engine, weights=str(prepared.weights), device=device, threads=threads)
