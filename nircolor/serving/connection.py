"""A connection of HTTP that does not wait for ever: each has some seconds to bring the whole head of a request.

Browsers open connections that they may need later, and lose nothing when one is closed. Without an end to the wait,
as many as the server takes, silent or with a line now and then, would keep everybody else out (slowloris). uvicorn
ends the wait of those alone that have had an answer and send nothing more.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 10.0
"""Seconds."""


class Connection(H11Protocol):
    """uvicorn's, with an end to its patience wherever no request is being answered."""

    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._forget()

    def _look(self) -> None:
        """More bytes do not make it wait longer: a head has to be there whole."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget()
        elif self._end is None and not self.transport.is_closing():
            self._end = self.loop.call_later(PATIENCE, self.transport.close)

    def _forget(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None
