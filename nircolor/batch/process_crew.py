"""Workers in processes of their own on this machine, each with its share of the CPU or a device of its own.

They are spawned, not forked: a forked CUDA context or OpenMP pool does not work. A script that uses this itself needs
``if __name__ == "__main__":``, as for everything in multiprocessing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Lock, Thread

from nircolor.batch.entry import Entry, Row
from nircolor.batch.settings import Settings
from nircolor.batch.spread import Died, Event, Ready, Refused, Returned
from nircolor.batch.worker import Worker
from nircolor.engine import EngineConfig

_DROP = "drop"  # what has not reached the network
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # which a terminal or a service manager sends to the children too


class ProcessCrew:
    """A crew (see spread.py) of one process for each of ``engines``."""

    def __init__(self, settings: Settings, engines: Sequence[EngineConfig]) -> None:
        self.size = len(engines)
        self._settings, self._engines = settings, engines
        self._context = multiprocessing.get_context("spawn")
        self._members: dict[int, tuple[SpawnProcess, Connection]] = {}

    def hire(self, worker: int) -> None:
        ours, theirs = self._context.Pipe()
        args = (theirs, worker, self._settings, self._engines[worker])
        process = self._context.Process(target=work, args=args, name=f"nircolor-{worker}", daemon=True)
        with _held_back():
            process.start()
        theirs.close()  # so that the end of the process is the end of the pipe
        self._members[worker] = process, ours

    def give(self, worker: int, entry: Entry) -> None:
        self._send(worker, entry)

    def wait(self, seconds: float) -> Sequence[Event]:
        connections = {connection: worker for worker, (_, connection) in self._members.items()}
        ready = wait(list(connections), seconds)
        return [self._receive(worker) for connection, worker in connections.items() if connection in ready]

    def stop(self) -> None:
        for worker in self._members:
            self._send(worker, _DROP)

    def close(self) -> None:
        for process, connection in self._members.values():
            process.kill()
            connection.close()
        for process, _ in self._members.values():
            process.join()
        self._members.clear()

    def pids(self) -> list[int]:
        """Of the processes, by worker."""
        return [process.pid or 0 for _, (process, _) in sorted(self._members.items())]

    def _send(self, worker: int, message: Entry | str) -> None:
        with suppress(OSError):  # it has died: the next wait will tell
            self._members[worker][1].send(message)

    def _receive(self, worker: int) -> Event:
        process, connection = self._members[worker]
        try:
            event: Event = connection.recv()
        except (EOFError, OSError):
            process.join()
            connection.close()
            del self._members[worker]
            return Died(worker, _why(process.exitcode))
        return event


def _why(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        return f"{name}, perhaps for want of memory" if name == "SIGKILL" else name
    return f"exit code {code}"


@contextmanager
def _held_back() -> Iterator[None]:
    """A child is born deaf to Ctrl-C, which its parent alone answers; what comes meanwhile reaches the parent after."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows: it is deaf once it has begun to work
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [getattr(signal, name) for name in _SIGNALS])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def work(connection: Connection, number: int, settings: Settings, engine: EngineConfig) -> None:
    """The life of a child: load, say so, then colorize whatever comes until told to stop or the parent is gone."""
    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    try:
        worker = Worker(settings, engine)
    except Exception as error:
        connection.send(Refused(number, error))
        return
    connection.send(Ready(number, worker.info, worker.depth))
    guard = Lock()

    def record(row: Row) -> None:
        try:
            with guard:  # rows come from several threads
                connection.send(Returned(number, row.input, row))
        except OSError:  # nobody is left to tell
            os._exit(1)

    Thread(target=_listen, args=(connection, worker), daemon=True).start()
    worker.run(record)


def _listen(connection: Connection, worker: Worker) -> None:
    try:
        while isinstance(message := connection.recv(), Entry):
            worker.submit(message)
    except (EOFError, OSError):
        pass
    worker.end(now=True)
