"""The verb: a server on this machine, until Ctrl-C or its ``stop``."""

from __future__ import annotations

import asyncio
import errno
import socket
import tempfile
import time
import webbrowser
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Any

from nircolor.engine import EngineConfig
from nircolor.errors import UsageError
from nircolor.events import Observer, Reporter, nobody
from nircolor.files import remove_abandoned
from nircolor.serving.config import LOCAL, Address, Limits

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from nircolor.serving.worker import Worker

_TICK = 0.1  # seconds between two looks at ``stop``
_CONNECTIONS = 500
_EXPOSED = (
    "whoever can reach this machine can use the server: it has no password and no encryption; leave `host` out, and "
    "come from elsewhere through a tunnel (ssh -L)"
)


@dataclass(frozen=True)
class Served:
    """How many requests got their picture, how many did not, and for how long the server was there, in seconds."""

    url: str
    done: int
    refused: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor serve --json`` prints."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.url}: {self.done} done, {self.refused} refused or left; {self.seconds:g} s"


def serve(
    *,
    engine: EngineConfig | None = None,
    host: str = LOCAL,
    port: int = 8000,
    limits: Limits | None = None,
    browser: bool = False,
    stop: StopEvent | None = None,
    on_event: Observer = nobody,
) -> Served:
    """Serve a page that colorizes pictures dropped on it, and ``POST /colorize`` for other programs. Needs
    ``nircolor[serve]``.

    Args:
        engine: weights, device and precision; requests may choose other weights by name, and corrections.
        host: where to listen; other than this machine alone only with a warning. port: 0 is any that is free.
        limits: what one request may cost.
        browser: whether to open the page in one.
        stop: once it is set, the server ends.
        on_event: gets EngineReady, a Note with the address, and a Note for each request.

    Returns when ``stop`` is set. Raises UsageError (an address that is taken, too), WeightsError, DeviceError.
    """
    with Reporter(on_event, stop) as reporter:
        reporter.check()
        job = _Job(engine or EngineConfig(), Address(host, port), limits or Limits(), browser, reporter)
        return job.run()


class _Job:
    def __init__(
        self, engine: EngineConfig, address: Address, limits: Limits, browser: bool, reporter: Reporter
    ) -> None:
        self._engine, self._address, self._limits = engine, address, limits
        self._browser, self._reporter = browser, reporter
        self._done = self._refused = 0

    def run(self) -> Served:
        """In the order in which errors are cheap to find."""
        self._address.check()
        self._limits.check()
        _check_extra()
        self._engine.check()
        start = time.monotonic()
        home = Path(tempfile.gettempdir())
        remove_abandoned(home)
        with bound(self._address) as listener:
            self._address = replace(self._address, port=listener.getsockname()[1])
            if not self._address.is_local:
                self._reporter.warn(_EXPOSED)
            asyncio.run(self._serve(listener, home))
        return Served(self._address.url, self._done, self._refused, round(time.monotonic() - start, 1))

    async def _serve(self, listener: socket.socket, home: Path) -> None:
        import uvicorn

        from nircolor.serving.connection import Connection
        from nircolor.serving.worker import Worker

        weights = self._weights()
        worker = Worker(self._engine, weights, self._limits.pixels, self._reporter.on_event)
        try:
            self._reporter.on_event(await worker.start())
            server = uvicorn.Server(
                uvicorn.Config(
                    self._application(worker, weights, home),
                    http=Connection,
                    ws="none",
                    lifespan="off",
                    log_config=None,
                    log_level="critical",
                    access_log=False,
                    proxy_headers=False,
                    server_header=False,
                    limit_concurrency=_CONNECTIONS,
                    timeout_graceful_shutdown=0,
                )
            )
            worker.is_hurried = lambda: server.should_exit
            watch = asyncio.create_task(self._watch(server))
            await server.serve([listener])
            await watch
        finally:
            await worker.close()

    async def _watch(self, server: Any) -> None:
        """Says where the server is once it is there, and ends it when the caller wants that."""
        while not server.started and not server.should_exit:
            await asyncio.sleep(_TICK)
        self._reporter.note(f"serving at {self._address.url} until Ctrl-C")
        if self._browser:
            await asyncio.to_thread(webbrowser.open, self._address.url)
        stop = self._reporter.stop
        while not server.should_exit:
            await asyncio.sleep(_TICK)
            server.should_exit = server.should_exit or (stop is not None and stop.is_set())

    def _application(self, worker: Worker, weights: list[str], home: Path) -> Starlette:
        from nircolor.serving.app import application
        from nircolor.serving.desk import Desk
        from nircolor.serving.requests import Colorize

        desk = Desk(self._limits.waiting)
        colorize = Colorize(desk, worker, self._engine, weights, self._limits, home, self._note)
        return application(colorize, self._address)

    def _note(self, text: str, done: bool) -> None:
        self._done, self._refused = self._done + done, self._refused + (not done)
        self._reporter.note(text)

    def _weights(self) -> list[str]:
        """Names that requests may choose; that of the server first."""
        from nircolor.weights_info import list_weights

        named = [weights.name for weights in list_weights(on_event=self._reporter.on_event) if weights.network]
        return list(dict.fromkeys((self._engine.weights, *named)))


def bound(address: Address) -> socket.socket:
    """A socket that listens there. Raises UsageError, naming the argument that has to change."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        reason = f"is not found ({getattr(error, 'strerror', None) or error})"
        raise UsageError(reason, option="host", value=address.host, remedy=f"give {LOCAL}, or leave it out") from error
    listener = socket.socket(family, kind)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where the other option would share a port in use
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen()
    except OSError as error:
        listener.close()
        raise _unbound(address, error) from error
    return listener


def _unbound(address: Address, error: OSError) -> UsageError:
    if error.errno == errno.EADDRNOTAVAIL:
        return UsageError("is no address of this machine", option="host", value=address.host, remedy="leave it out")
    reason = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
    remedy = "choose another one; `port=0` takes one that is free"
    return UsageError(reason, option="port", value=address.port, remedy=remedy)


def _check_extra() -> None:
    try:
        import python_multipart
        import starlette
        import uvicorn
    except ImportError as error:
        raise UsageError(f"a server needs an extra ({error})", remedy="pip install 'nircolor[serve]'") from error
    del python_multipart, starlette, uvicorn
