"""Who may ask, and what a browser may load: no page of another site can use the server, nor can its own page leave it.

A name of another site that leads to this machine (DNS rebinding) is known by the Host header; a form or script of
another site by Origin and Sec-Fetch-Site, which browsers send and scripts cannot change.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nircolor.serving.config import Address, is_number
from nircolor.serving.refused import RefusedError, answer

POLICY = (
    "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
_HOST = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?|([^:\[\]]*)(?::\d+)?")


class Guard:
    """In front of ``app``. ``names``: of this machine, beside its numbers."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app, self._names = app, frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            self._check(scope["method"], Headers(scope=scope))
        except RefusedError as error:
            await answer(error)(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

    def _check(self, method: str, headers: Headers) -> None:
        host = headers.get("host", "")
        if not self._knows(host):
            raise RefusedError(421, "this server does not go by that name", "use the address that it printed")
        if method in ("GET", "HEAD"):
            return
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        if site not in ("same-origin", "none") or (origin is not None and origin.partition("://")[2] != host):
            raise RefusedError(403, "this request comes from a page of another site", "use the page of this server")

    def _knows(self, host: str) -> bool:
        found = _HOST.fullmatch(host)
        name = (found[1] or found[2]).lower() if found else ""
        return is_number(name) or name in self._names


def names_of(address: Address, own: str) -> frozenset[str]:
    """By which names the server may be called. ``own``: the name of this machine, for who listens to the network."""
    return frozenset({"localhost", address.host} | (set() if address.is_local else {own}))
