"""A Hub on the loopback that takes uploads: repositories are made, files go to the storage, commits show them.

As huggingface_hub asks it: ``preupload`` says what is large, the LFS batch says where that goes, the storage takes it
on another origin, and one commit names all of it. A commit on another one than that it was made for is refused.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from hub_server import REPO, HubServer, Request, _HubHandler, _StorageHandler

LARGE = (".safetensors", ".png")
FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.S)


@dataclass(frozen=True)
class Commit:
    oid: str
    message: str
    files: dict[str, bytes]


def first(files: dict[str, bytes] | None = None) -> list[Commit]:
    """The history of a repository that has just been made, or holds these files."""
    return [
        Commit(
            hashlib.sha1(repr(files).encode()).hexdigest(), "initial commit", {".gitattributes": b"", **(files or {})}
        )
    ]


@dataclass
class PushHub(HubServer):
    """``branches``: the history of each, empty for no repository.

    ``answers``: what is said to requests whose method and path a pattern fits, instead: status and body. ``cut``: bytes
    after which the storage breaks off, once. ``dies_at``: when this is asked for, the Hub is gone. ``holds_at``: when
    this is asked for, there is no answer, once, and ``reached`` is set. ``fails_at``: the answer is 500, once.
    ``overtaken``: somebody else commits just before the next commit.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    write_token: str = "hf_mayWrite"
    branches: dict[str, list[Commit]] = field(default_factory=dict)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    cut: int | None = None
    dies_at: str = ""
    holds_at: str = ""
    fails_at: str = ""
    overtaken: bool = False
    reached: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.hub_handler, self.storage_handler = _PushHandler, _TakingStorage

    def files_at(self, revision: str) -> dict[str, bytes] | None:
        commit = self.commit_at(revision)
        return None if commit is None else commit.files

    def sha_of(self, revision: str) -> str:
        commit = self.commit_at(revision)
        return commit.oid if commit else ""

    def exists(self, repo: str) -> bool:
        return repo == REPO and bool(self.branches)

    def commit_at(self, revision: str) -> Commit | None:
        every = {commit.oid: commit for history in self.branches.values() for commit in history}
        return self.branches[revision][-1] if revision in self.branches else every.get(revision)

    @property
    def head(self) -> Commit:
        return self.branches["main"][-1]

    @property
    def sent(self) -> list[str]:
        """The hashes of the files that the storage was sent, those that broke off too."""
        return [path[-64:] for path in (request.path for request in self.requests if request.method == "PUT")]


class _Fates(BaseHTTPRequestHandler):
    """What a test wants to happen instead; ``fated`` says whether it did."""

    def fated(self) -> bool:
        hub: PushHub = self.server.state  # type: ignore[attr-defined]
        asked = f"{self.command} {self.path}"
        if hub.dies_at and re.search(hub.dies_at, asked):
            hub.dies_at = ""
            hub.stop()
            self.connection.close()
            return True
        if hub.holds_at and re.search(hub.holds_at, asked):
            hub.holds_at = ""
            hub.reached.set()
            hub.stopped.wait()
            return True
        if hub.fails_at and re.search(hub.fails_at, asked):
            hub.fails_at = ""
            self.reply(500)  # type: ignore[attr-defined]
            return True
        for pattern, (status, body) in hub.answers.items():
            if re.search(pattern, asked):
                self.reply(status, body)  # type: ignore[attr-defined]
                return True
        return False


class _PushHandler(_Fates, _HubHandler):
    @property
    def hub(self) -> PushHub:
        assert isinstance(self.server.state, PushHub)
        return self.server.state

    def answer(self) -> None:
        if self.fated():
            return
        if self.hub.private and self.headers.get("Authorization") != f"Bearer {self.hub.write_token}":
            self.reply(401, X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")
        elif self.command != "POST":
            super().answer()
        elif self.headers.get("Authorization") != f"Bearer {self.hub.write_token}":
            self.reply(403, X_Error_Message="You need write permission")
        else:
            self._write(unquote(urlsplit(self.path).path), self.body)

    def _write(self, path: str, body: bytes) -> None:
        for pattern, do in (
            ("/api/repos/create", self._create),
            ("/api/validate-yaml", self._validate),
            (f"/api/models/{REPO}/branch/(.+)", self._branch),
            (f"/api/models/{REPO}/preupload/(.+)", self._preupload),
            (f"/api/models/{REPO}/commit/(.+)", self._commit),
            (f"/{REPO}.git/info/lfs/objects/batch", self._batch),
            ("/verify", lambda body: self.tell(200, {})),
        ):
            if match := re.fullmatch(pattern, path):
                do(*match.groups(), body)
                return
        self.reply(404)

    def tell(self, status: int, values: dict[str, Any]) -> None:
        self.reply(status, json.dumps(values).encode(), Content_Type="application/json")

    def _create(self, body: bytes) -> None:
        asked = json.loads(body)
        if f"{asked['organization']}/{asked['name']}" != REPO:
            self.reply(403, X_Error_Message=f"You have no rights in {asked['organization']}")
        elif self.hub.branches:
            self.tell(409, {"error": "You already created this model repo"})
        else:
            self.hub.private = bool(asked.get("private")) or asked.get("visibility") == "private"
            self.hub.branches["main"] = first()
            self.tell(200, {"url": f"{self.hub.url}/{REPO}"})

    def _validate(self, body: bytes) -> None:
        front = FRONT.match(json.loads(body)["content"])
        values = yaml.safe_load(front[1]) if front else None
        ok = isinstance(values, dict) and isinstance(values.get("license", ""), str)
        self.tell(200 if ok else 400, {"warnings": [], "errors": [] if ok else [{"message": "no metadata"}]})

    def _branch(self, branch: str, body: bytes) -> None:
        if branch in self.hub.branches:
            self.tell(409, {"error": "Reference already exists"})
        else:
            self.hub.branches[branch] = list(self.hub.branches["main"])
            self.tell(200, {})

    def _preupload(self, revision: str, body: bytes) -> None:
        if (there := self.hub.files_at(revision)) is None:
            self.reply(404, X_Error_Code="RevisionNotFound", X_Error_Message="Invalid rev id")
            return
        told = []
        for file in json.loads(body)["files"]:
            path = file["path"]
            oid = _oid(path, there[path]) if path in there else None
            mode = "lfs" if path.endswith(LARGE) else "regular"
            told.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        self.tell(200, {"files": told})

    def _batch(self, body: bytes) -> None:
        objects = []
        for asked in json.loads(body)["objects"]:
            href = f"{self.hub.storage_url}/{asked['oid']}"
            actions = {"upload": {"href": href}, "verify": {"href": f"{self.hub.url}/verify"}}
            known = asked["oid"] in self.hub.stored
            objects.append(asked if known else {**asked, "actions": actions})
        self.tell(200, {"transfer": "basic", "objects": objects})

    def _commit(self, revision: str, body: bytes) -> None:
        lines = [json.loads(line) for line in body.splitlines()]
        if self.hub.overtaken:
            self.hub.overtaken = False
            self.hub.branches[revision].append(Commit("f" * 40, "somebody else's", self.hub.head.files))
        header, now = lines[0]["value"], self.hub.commit_at(revision)
        if now is None:
            self.reply(404, X_Error_Code="RevisionNotFound", X_Error_Message="Invalid rev id")
        elif header.get("parentCommit") not in (None, now.oid):
            self.tell(412, {"error": "A commit has happened since."})
        else:
            files = dict(now.files)
            for line in lines[1:]:
                files[line["value"]["path"]] = self._content(line)
            oid = hashlib.sha1(body + now.oid.encode()).hexdigest()
            self.hub.branches[revision].append(Commit(oid, header["summary"], files))
            self.tell(200, {"commitUrl": f"{self.hub.url}/{REPO}/commit/{oid}", "commitOid": oid})

    def _content(self, line: dict[str, Any]) -> bytes:
        value = line["value"]
        return base64.b64decode(value["content"]) if line["key"] == "file" else self.hub.stored[value["oid"]]


class _TakingStorage(_Fates, _StorageHandler):
    def answer(self) -> None:
        hub = self.server.state
        assert isinstance(hub, PushHub)
        if self.fated():
            return
        if self.command != "PUT":
            super().answer()
        elif hashlib.sha256(self.body).hexdigest() == self.path.removeprefix("/"):
            hub.stored[self.path.removeprefix("/")] = self.body
            self.reply(200)
        else:
            self.reply(400)

    def do_PUT(self) -> None:
        hub = self.server.state
        assert isinstance(hub, PushHub)
        if hub.cut is None:
            super().do_PUT()
            return
        hub.requests.append(Request("PUT", self.path, None, None))
        self.rfile.read(hub.cut)
        hub.cut = None
        self.connection.shutdown(socket.SHUT_RDWR)


def _oid(path: str, data: bytes) -> str:
    if path.endswith(LARGE):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
