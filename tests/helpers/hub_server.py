"""A Hub on the loopback: one model repository, served in the protocol that huggingface_hub speaks.

Two real HTTP servers, as on the real Hub: the Hub itself answers the API and redirects a file to storage on another
origin, with the file's commit, size and hash in headers; the storage sends the bytes and honours Range requests.
Tests switch faults on and off while it runs, and read what was asked of it in ``requests``.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import TypeVar
from urllib.parse import unquote

REPO = "acme/nir"
COMMIT = hashlib.sha1(b"main").hexdigest()
REVISIONS = frozenset({"main", "v1", "release/1.0", "refs/pr/3", COMMIT})


Hub = TypeVar("Hub", bound="HubServer")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    range: str | None
    authorization: str | None


@dataclass
class Faults:
    """What goes wrong, until it is switched off again."""

    status: int | None = None
    """The Hub answers everything with this."""
    silent: bool = False
    """The Hub accepts connections and never answers."""
    flip_byte: bool = False
    """The storage sends the right number of bytes, one of them wrong."""
    send_at_most: int | None = None
    """The storage cuts the connection after so many bytes, once."""
    then_die: bool = False
    """... and both servers are gone for good."""


@dataclass
class HubServer:
    """Serves ``files`` as the repository ``acme/nir`` at each of ``revisions``; ``token`` gates it."""

    files: dict[str, bytes]
    token: str | None = None
    revisions: frozenset[str] = REVISIONS
    faults: Faults = field(default_factory=Faults)
    requests: list[Request] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    private: bool = False
    stored: dict[str, bytes] = field(default_factory=dict)
    """What the storage holds, by hash."""

    def __post_init__(self) -> None:
        self.hub_handler: type[BaseHTTPRequestHandler] = _HubHandler
        self.storage_handler: type[BaseHTTPRequestHandler] = _StorageHandler

    def __enter__(self: Hub) -> Hub:
        self._hub = _serve(self.hub_handler, self, 0)
        self._storage = _serve(self.storage_handler, self, 0)
        return self

    def exists(self, repo: str) -> bool:
        return repo == REPO

    def files_at(self, revision: str) -> dict[str, bytes] | None:
        """None for a revision that there is not."""
        return self.files if revision in self.revisions else None

    def sha_of(self, revision: str) -> str:
        return COMMIT

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._hub.server_port}"

    @property
    def storage_url(self) -> str:
        return f"http://127.0.0.1:{self._storage.server_port}"

    def stop(self) -> None:
        self.stopped.set()
        for server in (self._hub, self._storage):
            server.shutdown()
            server.server_close()

    def restart(self) -> None:
        """Come back on the same ports, without faults."""
        self.faults = Faults()
        self.stopped.clear()
        self._hub = _serve(self.hub_handler, self, self._hub.server_port)
        self._storage = _serve(self.storage_handler, self, self._storage.server_port)

    @property
    def downloads(self) -> list[Request]:
        """The requests for bytes of a file."""
        return [request for request in self.requests if re.fullmatch("/[0-9a-f]{64}", request.path)]


class _Server(ThreadingHTTPServer):
    state: HubServer


def _serve(handler: type[BaseHTTPRequestHandler], state: HubServer, port: int) -> _Server:
    server = _Server(("127.0.0.1", port), handler)
    server.state = state
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.do_HEAD()

    def do_POST(self) -> None:
        self.body = self.read_body()
        self.do_HEAD()

    def do_PUT(self) -> None:
        self.do_POST()

    def read_body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_HEAD(self) -> None:
        if self.path == "/api/agent-harnesses":  # huggingface_hub's own statistics
            self.reply(404)
            return
        headers = self.headers
        request = Request(self.command, self.path, headers.get("Range"), headers.get("Authorization"))
        self.server.state.requests.append(request)
        self.answer()

    def answer(self) -> None:
        raise NotImplementedError

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean; ``requests`` has it all."""


class _HubHandler(_Handler):
    def answer(self) -> None:
        hub = self.server.state
        if hub.faults.silent:
            hub.stopped.wait()
        elif hub.faults.status is not None:
            self.reply(hub.faults.status)
        elif hub.token is not None and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self.reply(401, X_Error_Code="GatedRepo", X_Error_Message="Access to this model is restricted.")
        elif self.path.startswith("/api/models/"):
            self._model_info(self.path.removeprefix("/api/models/"))
        else:
            self._resolve(self.path.removeprefix("/"))

    def _model_info(self, path: str) -> None:
        repo, _, revision = path.partition("/revision/")
        files = self._files(repo, unquote(revision or "main"))
        if files is not None:
            hub = self.server.state
            siblings = [{"rfilename": name} for name in sorted(files)]
            known = {"id": REPO, "sha": hub.sha_of(unquote(revision or "main")), "private": hub.private}
            body = json.dumps({**known, "siblings": siblings}).encode()
            self.reply(200, body, Content_Type="application/json")

    def _resolve(self, path: str) -> None:
        repo, _, rest = path.partition("/resolve/")
        revision, _, name = rest.partition("/")
        files, commit = self._files(repo, unquote(revision)), self.server.state.sha_of(unquote(revision))
        if files is None:
            return
        data = files.get(unquote(name))
        if data is None:
            self.reply(404, X_Error_Code="EntryNotFound", X_Error_Message="Entry not found", X_Repo_Commit=commit)
            return
        sha = hashlib.sha256(data).hexdigest()
        self.server.state.stored[sha] = data
        self.reply(
            302,
            Location=f"{self.server.state.storage_url}/{sha}",
            X_Repo_Commit=commit,
            X_Linked_Size=str(len(data)),
            X_Linked_Etag=f'"{sha}"',
        )

    def _files(self, repo: str, revision: str) -> dict[str, bytes] | None:
        if not self.server.state.exists(repo):
            self.reply(401, X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")
            return None
        files = self.server.state.files_at(revision)
        if files is None:
            self.reply(404, X_Error_Code="RevisionNotFound", X_Error_Message=f"Invalid rev id: {revision}")
        return files


class _StorageHandler(_Handler):
    def answer(self) -> None:
        hub = self.server.state
        data = hub.stored.get(self.path.removeprefix("/"))
        if data is None:
            self.reply(403)
            return
        if hub.faults.flip_byte:
            data = data[:-1] + bytes([data[-1] ^ 1])
        asked = self.headers.get("Range")
        start, _, end = (asked or "bytes=0-").removeprefix("bytes=").partition("-")
        first, stop = int(start), min(int(end) + 1 if end else len(data), len(data))
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{stop - 1}/{len(data)}")
        self.send_header("Content-Length", str(stop - first))
        self.end_headers()
        self._send(data[first:stop])

    def _send(self, data: bytes) -> None:
        faults = self.server.state.faults
        self.wfile.write(data[: faults.send_at_most])
        faults.send_at_most = None
        if faults.then_die:
            self.server.state.stop()
