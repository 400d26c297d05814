"""Workers on a Ray cluster: an actor each, wherever Ray finds room, with a GPU or a share of the CPUs.

Plain actors, not Ray Data: that restarts a dead actor and gives its block to it again without end, so that one picture
that kills its worker keeps the job from ever finishing, and its rows come a block at a time (docs/scaling.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import socket
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any

from nircolor.batch.entry import Entry, Row
from nircolor.batch.settings import Settings
from nircolor.batch.spread import Died, Event, Ready, Refused, Returned
from nircolor.batch.worker import Worker
from nircolor.engine import EngineConfig
from nircolor.errors import DeviceError, NircolorError, UsageError

AUTO = "auto"
_KNOCK = 5.0  # seconds


@dataclass(frozen=True)
class _Due:
    """What an answer of Ray will be about; ``source`` None: whether the worker is ready."""

    worker: int
    source: str | None


class RayCrew:
    """A crew (see spread.py) of ``size`` actors; None: one for each GPU, or for each machine where there are none.

    ``address``: of a cluster, or ``auto``: the one that this machine belongs to, or else a new one of this machine.
    Raises UsageError without Ray, DeviceError where there is no such cluster.
    """

    def __init__(self, address: str, size: int | None, settings: Settings, engine: EngineConfig) -> None:
        self._ray = _import()
        self._settings, self._quiet = settings, contextlib.ExitStack()
        # Ray reports dead workers on standard output, which may be taken by a result
        self._quiet.enter_context(contextlib.redirect_stdout(io.StringIO()))
        try:
            self._ours = _connect(self._ray, address)
        except BaseException:
            self._quiet.close()
            raise
        self.size, cpus, gpus = _shares(self._ray, size)
        self._engine = engine if gpus else replace(engine, threads=cpus)
        self._weights = self._ray.put(Path(engine.weights).read_bytes())  # the other machines need not have the file
        self._actor = self._ray.remote(num_cpus=cpus, num_gpus=gpus, max_restarts=0, max_task_retries=0)(_Actor)
        self._actors: dict[int, Any] = {}
        self._due: dict[Any, _Due] = {}

    def hire(self, worker: int) -> None:
        self._actors[worker] = self._actor.remote()
        ref = self._actors[worker].load.remote(self._settings, self._engine, self._weights)
        self._due[ref] = _Due(worker, None)

    def give(self, worker: int, entry: Entry) -> None:
        self._due[self._actors[worker].process.remote(entry)] = _Due(worker, entry.source)

    def wait(self, seconds: float) -> Sequence[Event]:
        if self._due and not self._ray.wait(list(self._due), num_returns=1, timeout=seconds)[0]:
            return []
        ready, _ = self._ray.wait(list(self._due), num_returns=len(self._due), timeout=0)
        return [event for ref in ready if ref in self._due and (event := self._receive(ref))]

    def stop(self) -> None:
        for actor in self._actors.values():
            actor.stop.remote()

    def close(self) -> None:
        for actor in self._actors.values():
            self._ray.kill(actor)
        if self._ours:
            with _signals_kept():
                self._ray.shutdown()
        self._quiet.close()

    def pids(self) -> list[int]:
        """Of the actors, by worker, each on its machine."""
        return [self._ray.get(actor.pid.remote()) for _, actor in sorted(self._actors.items())]

    def _receive(self, ref: Any) -> Event:
        due = self._due.pop(ref)
        try:
            value = self._ray.get(ref)
        except self._ray.exceptions.RayActorError as error:
            self._due = {other: what for other, what in self._due.items() if what.worker != due.worker}
            return Died(due.worker, _reason(error))
        except self._ray.exceptions.RayTaskError as error:
            return Refused(due.worker, error.cause if isinstance(error.cause, NircolorError) else error)
        if due.source is None:
            return Ready(due.worker, *value)
        return Returned(due.worker, due.source, value)


class _Actor:
    """On the other side. Asynchronous, so that many pictures are under way while one is in the network."""

    def __init__(self) -> None:
        self._answers: dict[str, Future[Row | None]] = {}

    async def load(self, settings: Settings, engine: EngineConfig, weights: bytes) -> tuple[dict[str, str], int]:
        """What ``Ready`` says."""
        with tempfile.NamedTemporaryFile(suffix=".safetensors", delete=False) as file:
            file.write(weights)
        try:
            self._worker = Worker(settings, replace(engine, weights=file.name))
        finally:
            Path(file.name).unlink()
        Thread(target=self._work, daemon=True).start()
        return self._worker.info, self._worker.depth

    async def process(self, entry: Entry) -> Row | None:
        """The row of a picture; None when it was dropped."""
        answer = self._answers[entry.source] = Future()
        self._worker.submit(entry)
        return await asyncio.wrap_future(answer)

    async def stop(self) -> None:
        self._worker.end(now=True)

    async def pid(self) -> int:
        return os.getpid()

    def _work(self) -> None:
        self._worker.run(lambda row: self._answers.pop(row.input).set_result(row))
        while self._answers:
            self._answers.popitem()[1].set_result(None)


def _import() -> Any:
    try:
        import ray
    except ImportError as error:
        raise UsageError(f"Ray is not here ({error})", option="ray", remedy="pip install 'nircolor[ray]'") from error
    return ray


def _connect(ray: Any, address: str) -> bool:
    """Whether the connection is ours, to be ended with the batch."""
    if ray.is_initialized():
        return False
    try:
        with _signals_kept():
            _knock(address)
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that we start reports to nobody
            where = {} if address == AUTO else {"address": address}
            ray.init(**where, logging_level="error", log_to_driver=False)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        remedy = "start one, or give `ray=auto`"
        raise DeviceError(f"no cluster there ({reason})", option="ray", value=address, remedy=remedy) from error
    return True


def _knock(address: str) -> None:
    """Raise OSError where nobody listens: Ray itself would try for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), _KNOCK).close()


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray answers SIGTERM in its own way; ours is to finish the picture in flight."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # not the main thread: then Ray could not change it either
            signal.signal(signal.SIGTERM, before)


def _shares(ray: Any, size: int | None) -> tuple[int, int, float]:
    """Workers, CPUs for each, GPUs for each."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    gpus = sum(node.get("GPU", 0.0) for node in nodes)
    workers = size or int(gpus) or len(nodes) or 1
    if gpus:
        return workers, 1, min(1.0, gpus / workers)
    cpus = sum(node["CPU"] for node in nodes) // workers
    return workers, max(1, int(min([cpus, *(node["CPU"] for node in nodes)]))), 0.0


def _reason(error: Exception) -> str:
    """The sentence of Ray's that says why."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return next((line for line in lines if "because" in line), lines[0]).partition(". ")[0].rstrip(".")
