"""publishing/repository.py: small files, sent to a Hub on the loopback by a process of its own, and what can go wrong.

huggingface_hub reads its environment when it is imported: hence the process.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_uploads import PushHub, first

ROOT = Path(__file__).resolve().parents[2]
FILES = {"README.md": "---\nlicense: mit\n---\n# A card", "model.safetensors": "weights", "pictures/a.png": "a picture"}
PUSHES = """
import json, sys
from dataclasses import asdict
from nircolor.errors import NircolorError
from nircolor.events import Note, Reporter
from nircolor.hub import HubRef
from nircolor.publishing.repository import Upload, look, send
for line in sys.stdin:
    asked, notes = json.loads(line), []
    place = HubRef("acme/nir", asked.pop("revision", None))
    hear = lambda event: notes.append(event.text) if isinstance(event, Note) and not event.detail else None
    try:
        remote = look(place)
        files = {name: text.encode() for name, text in asked.pop("files").items()}
        commit = send(Upload(place, files, "a push", **asked), remote, Reporter(hear))
        print(json.dumps({"commit": commit, "remote": asdict(remote), "notes": notes}), flush=True)
    except NircolorError as error:
        print(json.dumps({"error": str(error), "exit_code": error.exit_code, "notes": notes}), flush=True)
"""


class Pusher:
    """A process that pushes ``FILES``; what it says beside its answers is in ``chatter`` once it is closed."""

    def __init__(self, hub: PushHub, home: Path, **env: str) -> None:
        kept = {
            key: value for key, value in os.environ.items() if not re.match("HF_|TRANSFORMERS_|.*_proxy$", key, re.I)
        }
        known = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_TOKEN": hub.write_token, "HF_HUB_DISABLE_XET": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", PUSHES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**kept, **known, "PYTHONPATH": str(ROOT), **env},
        )
        self.chatter = ""

    def push(self, files: dict[str, str] | None = None, **options: object) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"files": FILES if files is None else files, **options}) + "\n")
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        assert isinstance(found, dict)
        return found

    def close(self) -> None:
        _, self.chatter = self._process.communicate()


@pytest.fixture
def hub() -> Iterator[PushHub]:
    with PushHub() as server:
        yield server


@pytest.fixture
def pusher(hub: PushHub, tmp_path: Path) -> Iterator[Pusher]:
    """With it, nothing but answers was said, and no token."""
    started = Pusher(hub, tmp_path / "home")
    yield started
    started.close()
    assert started.chatter == ""


def failed(answer: dict[str, Any], words: str) -> None:
    assert answer.get("exit_code") == 1, answer
    assert re.search(f"^hf://acme/nir[^:]*: .*{words}", answer["error"]), answer
    assert "\n" not in answer["error"]
    assert "mayWrite" not in json.dumps(answer)


def content(hub: PushHub, branch: str = "main") -> dict[str, str]:
    return {name: data.decode() for name, data in hub.branches[branch][-1].files.items() if name in FILES}


def test_a_repository_is_made_once_and_what_is_there_is_not_sent_again(hub: PushHub, pusher: Pusher) -> None:
    made = pusher.push(private=True)
    assert (hub.private, made["commit"], made["remote"]["commit"]) == (True, hub.head.oid, None)
    assert made["notes"] == ["made the private repository acme/nir"]
    assert content(hub) == FILES
    assert len(hub.sent) == 2
    again = pusher.push()
    assert (again["commit"], again["remote"]["commit"], again["notes"]) == (hub.head.oid, hub.head.oid, [])
    assert (len(hub.sent), len(hub.branches["main"])) == (2, 2)
    assert again["remote"]["card"] == FILES["README.md"]
    changed = FILES | {"model.safetensors": "new weights"}
    assert pusher.push(changed)["commit"] == hub.head.oid
    assert (len(hub.sent), content(hub)) == (3, changed)


def test_a_branch_is_made_once(hub: PushHub, pusher: Pusher) -> None:
    hub.branches = {"main": first()}
    for files in (FILES, FILES | {"model.safetensors": "more"}):
        assert pusher.push(files, revision="orchards/v2")["commit"] == hub.branches["orchards/v2"][-1].oid
        assert content(hub, "orchards/v2") == files
    assert len(hub.branches["main"]) == 1


@pytest.mark.parametrize("fault", ["cut", "500"])
def test_an_upload_that_breaks_off_goes_on_by_itself(hub: PushHub, pusher: Pusher, fault: str) -> None:
    hub.branches = {"main": first()}
    hub.cut, hub.fails_at = (3, "") if fault == "cut" else (None, "PUT ")
    done = pusher.push()
    assert done["notes"] == ["the Hub does not answer as it should; trying again"]
    assert len(hub.sent) == 3
    assert content(hub) == FILES


def test_a_push_that_failed_is_repeated_where_it_was(hub: PushHub, pusher: Pusher) -> None:
    hub.branches = {"main": first()}
    for words, at, status in (
        ("answered 507; push again later; what is up already is not sent again", "PUT .*", 507),
        ("answered 503; push again later; what is up already is not sent again", "POST .*/commit/main", 503),
        ("does not accept the token; log in with `hf auth login`", "POST .*/commit/main", 401),
        ("this token may not write there .*; use one with the right to write", "POST .*/commit/main", 403),
        ("refuses this push .*; check the names", "POST .*/preupload/main", 400),
        ("refuses this push .*; check the names", "POST .*/objects/batch", 404),
        ("was changed at the same time, .*; look at it on the Hub, then push again", "POST .*/commit/main", 409),
        ("is no Hub .*; check HF_ENDPOINT", "POST .*/commit/main", 200),
        ("is no Hub .*; check HF_ENDPOINT", "POST .*/preupload/main", 200),
        ("is no Hub .*; check HF_ENDPOINT", "POST .*/objects/batch", 200),
        ("is no Hub .*; check HF_ENDPOINT", "POST /api/validate-yaml", 200),
    ):
        hub.answers = {at: (status, b"<html>\n")}
        failed(pusher.push(), words)
        assert len(hub.branches["main"]) == 1
    hub.answers, hub.requests[:] = {}, []
    assert pusher.push()["commit"] == hub.head.oid
    assert (hub.sent, content(hub)) == ([], FILES)


def test_a_hub_in_trouble_is_told_before_anything_is_sent(hub: PushHub, pusher: Pusher) -> None:
    for words, status, body in (
        ("is no Hub .*; check HF_ENDPOINT", 200, b"<html>hello</html>"),
        ("is no Hub .*; check HF_ENDPOINT", 200, b"[]"),
        ("is no Hub .*; check HF_ENDPOINT", 200, b'{"id": "acme/nir", "siblings": [1]}'),
        ("answered 503; push again later", 503, b""),
    ):
        hub.answers = {"GET /api/models": (status, body)}
        failed(pusher.push(), words)
    assert {request.method for request in hub.requests} == {"GET"}


def test_a_hub_that_dies_before_the_commit_has_all_but_that(hub: PushHub, pusher: Pusher) -> None:
    hub.branches, hub.dies_at = {"main": first()}, "POST .*/commit/"
    failed(pusher.push(), f"talking to {hub.url} failed .*; try again")
    hub.restart()
    hub.requests.clear()
    assert pusher.push()["commit"] == hub.head.oid
    assert hub.sent == []


def test_what_was_pushed_in_between_is_not_lost(hub: PushHub, pusher: Pusher) -> None:
    hub.branches, hub.overtaken = {"main": first()}, True
    failed(pusher.push(), "was changed at the same time, .*A commit has happened since.*; look at it on the Hub")
    assert hub.head.message == "somebody else's"
    assert pusher.push()["remote"]["commit"] == hub.branches["main"][-2].oid


def test_whoever_may_not_write_or_see(hub: PushHub, tmp_path: Path) -> None:
    stranger = Pusher(hub, tmp_path / "home", HF_TOKEN="hf_readOnly")
    failed(stranger.push(), "this token may not write there .*You need write permission.*; use one with the right")
    hub.branches = {"main": first()}
    failed(stranger.push(), "this token may not write there ")
    hub.token = "hf_somebody"
    failed(stranger.push(), "access to the repository is restricted; ask for it on its page")
    stranger.close()
    assert stranger.chatter == ""


def test_the_other_way_of_large_files_says_what_is_wrong(hub: PushHub, tmp_path: Path) -> None:
    """With hf_xet, large files go to a storage of another kind, for which the Hub gives a token of its own."""
    pytest.importorskip("hf_xet")
    hub.branches, pusher = {"main": first()}, Pusher(hub, tmp_path / "home", HF_HUB_DISABLE_XET="0")
    for words, status in (
        ("this token may not write there .*; use one with the right to write", 403),
        ("the Hub does not accept the token; log in", 401),
        ("the Hub refuses this push .*; check the names", 404),
    ):
        hub.answers = {"GET .*/xet-write-token/main": (status, b"{}")}
        failed(pusher.push(), words)
    pusher.close()
    assert (pusher.chatter, len(hub.branches["main"])) == ("", 1)


def test_passwords_of_an_endpoint_are_not_told(hub: PushHub, tmp_path: Path) -> None:
    address = hub.url.replace("//", "//me:topsecret@")
    hub.answers = {"GET ": (500, b"")}
    pusher = Pusher(hub, tmp_path / "home", HF_ENDPOINT=address)
    failed(told := pusher.push(), f"the Hub at {hub.url} answered 500")
    hub.stop()
    failed(dead := pusher.push(), f"talking to {hub.url} failed")
    pusher.close()
    assert "topsecret" not in json.dumps([told, dead]) + pusher.chatter


def test_what_is_there_is_seen(hub: PushHub, pusher: Pusher) -> None:
    header = b'{"__metadata__":{"format":"nircolor","config":"{}"}}'
    sound = len(header).to_bytes(8, "little") + header
    hub.private = True
    for files, file, network in (
        (
            {"model.safetensors": sound, "x.safetensors": b""},
            "model.safetensors",
            {"format": "nircolor", "config": "{}"},
        ),
        ({"x.safetensors": sound}, "x.safetensors", {"format": "nircolor", "config": "{}"}),
        ({"a.safetensors": sound, "b.safetensors": sound}, "model.safetensors", None),
        ({"x.safetensors": b"\xff" * 20}, "x.safetensors", {}),
        ({"x.safetensors": b"\5\0\0\0\0\0\0\0[1,2]"}, "x.safetensors", {}),
        ({"x.safetensors": b""}, "x.safetensors", {}),
        ({"pytorch_model.bin": b"no"}, "model.safetensors", None),
    ):
        hub.branches = {"main": first(files)}
        seen = pusher.push({"README.md": FILES["README.md"]})["remote"]
        assert (seen["file"], seen["network"], seen["private"], seen["card"]) == (file, network, True, None)
