"""nircolor/hub.py: fetching from a Hub on the loopback, in processes of their own, with all that can go wrong."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_client import Answer, Client
from hub_server import COMMIT, REVISIONS, Faults, HubServer
from rights import need_rights_that_count

from nircolor.weights_file import encode

FILE = "nircolor-test.safetensors"
REF = f"hf://acme/nir/{FILE}"


def plain_safetensors(tensors: dict[str, bytes]) -> bytes:
    """Safetensors bytes of 8-bit tensors, without the help of the library."""
    header, start = {}, 0
    for name, data in tensors.items():
        header[name] = {"dtype": "U8", "shape": [len(data)], "data_offsets": [start, start + len(data)]}
        start += len(data)
    packed = json.dumps(header).encode()
    return len(packed).to_bytes(8, "little") + packed + b"".join(tensors.values())


@pytest.fixture(scope="module")
def weights_bytes() -> bytes:
    return encode(plain_safetensors({"a": bytes(range(256)) * 500, "b": b"123"}), {"recipe": "test"})


@pytest.fixture
def hub(weights_bytes: bytes) -> Iterator[HubServer]:
    with HubServer({FILE: weights_bytes, "README.md": b"# a model card"}) as server:
        yield server


@pytest.fixture
def client(hub: HubServer, tmp_path: Path) -> Iterator[Callable[..., Client]]:
    """Start a client of ``hub`` with an empty cache, shared by all clients of a test."""
    started: list[Client] = []

    def start(obedient: bool = False, **environment: str) -> Client:
        settings = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home")}
        started.append(Client(obedient, **settings | environment))
        return started[-1]

    yield start
    for one in started:
        one.close()


def failed(answer: Answer, *words: str) -> str:
    """Assert that the answer is a good error: exit code 4, one line, a way out; return it."""
    assert answer.exit_code == 4
    assert "\n" not in answer.error
    assert re.search(r"`weights=/path/to/\S+\.safetensors`, or put it at /\S+\.safetensors and set", answer.error)
    for word in words:
        assert word in answer.error
    return answer.error


def test_a_file_is_fetched_once_and_then_cached(
    hub: HubServer, client: Callable[..., Client], weights_bytes: bytes
) -> None:
    online = client()
    first = online.ask(REF)
    assert Path(str(first.path)).read_bytes() == weights_bytes
    assert first.meta == {"recipe": "test"}
    assert len(hub.downloads) == 1
    assert online.ask(REF) == Answer(path=first.path, meta=first.meta)
    assert len(hub.downloads) == 1


def test_a_cached_commit_asks_the_network_nothing(hub: HubServer, client: Callable[..., Client]) -> None:
    online = client()
    name = f"hf://acme/nir@{COMMIT}/{FILE}"
    first = online.ask(name)
    hub.requests.clear()
    assert online.ask(name).path == first.path
    assert hub.requests == []


def test_revisions_are_fetched_and_found_again_offline(
    hub: HubServer, client: Callable[..., Client], weights_bytes: bytes
) -> None:
    online, offline = client(), client(HF_HUB_OFFLINE="1")
    for revision in ("v1", "release%2F1.0", "refs/pr/3", COMMIT):
        name = f"hf://acme/nir@{revision}"
        failed(offline.ask(name), "HF_HUB_OFFLINE")
        first = online.ask(name)
        assert Path(str(first.path)).read_bytes() == weights_bytes
        assert offline.ask(name).path == first.path
        shutil.rmtree(Path(str(first.path)).parents[3])


def test_offline_uses_the_cache_and_never_the_network(hub: HubServer, client: Callable[..., Client]) -> None:
    fetched = client().ask(REF).path
    hub.requests.clear()
    offline = client(HF_HUB_OFFLINE="1")
    assert offline.ask(REF).path == fetched
    assert offline.ask("hf://acme/nir").path == fetched
    failed(offline.ask("hf://acme/nir@v1"), "HF_HUB_OFFLINE")
    assert hub.requests == []


def test_a_file_put_by_hand_where_the_error_says_is_found(client: Callable[..., Client], weights_bytes: bytes) -> None:
    offline = client(HF_HUB_OFFLINE="1")
    for name in (f"hf://acme/nir/{FILE}", f"hf://acme/nir@v1/sub/{FILE}", "hf://acme/other"):
        place = re.search(r"put it at (/\S+)", failed(offline.ask(name)))
        assert place is not None
        Path(place[1]).parent.mkdir(parents=True)
        Path(place[1]).write_bytes(weights_bytes)
        assert offline.ask(name) == Answer(path=place[1], meta={"recipe": "test"})


def test_what_the_hub_does_not_have_is_said_even_with_a_cache(hub: HubServer, client: Callable[..., Client]) -> None:
    online = client()
    assert online.ask(f"hf://acme/nir@v1/{FILE}").path
    failed(online.ask(f"hf://acme/nir@v2/{FILE}"), "@v2", "no such revision")
    failed(online.ask("hf://acme/nir@v2"), "no such revision")
    failed(online.ask("hf://acme/nir@v1/other.safetensors"), "no such file", "other.safetensors")
    failed(online.ask(f"hf://acme/other/{FILE}"), "acme/other", "no such repository", "HF_TOKEN")
    hub.revisions = frozenset({"main"})
    failed(online.ask(f"hf://acme/nir@v1/{FILE}"), "@v1", "no such revision")
    hub.revisions, hub.files = REVISIONS, {}
    failed(online.ask(f"hf://acme/nir@v1/{FILE}"), FILE, "no such file")


def test_corrupt_bytes_are_refused_and_the_remedy_works(
    hub: HubServer, client: Callable[..., Client], weights_bytes: bytes
) -> None:
    hub.faults = Faults(flip_byte=True)
    online = client()
    answer = online.ask(REF)
    assert answer.exit_code == 4
    assert "checksum" in answer.error
    assert "checksum" in online.ask(REF).error  # the bad copy is cached: asking again does not help ...
    hub.faults = Faults()
    damaged = re.search(r"delete (/\S+)", answer.error)
    assert damaged is not None
    Path(damaged[1]).unlink()
    again = online.ask(REF)  # ... but what the message says does
    assert Path(str(again.path)).read_bytes() == weights_bytes
    assert again.meta == {"recipe": "test"}


def test_a_broken_transfer_is_resumed(hub: HubServer, client: Callable[..., Client]) -> None:
    chunk = 10 * 2**20  # what huggingface_hub writes at once: it goes on from the last whole chunk
    large = encode(plain_safetensors({"a": bytes(chunk + 2**20)}), {"recipe": "large"})
    hub.files = {FILE: large}
    hub.faults = Faults(send_at_most=chunk + 1000)
    assert Path(str(client().ask(REF).path)).read_bytes() == large
    first, second = hub.downloads
    assert first.range is None
    assert re.fullmatch(r"bytes=[1-9]\d*-", str(second.range))


def test_a_transfer_broken_early_starts_again_by_itself(
    hub: HubServer, client: Callable[..., Client], weights_bytes: bytes
) -> None:
    hub.faults = Faults(send_at_most=1000)
    assert Path(str(client().ask(REF).path)).read_bytes() == weights_bytes
    assert len(hub.downloads) == 2


def test_a_server_gone_half_way_ends_in_an_error_and_later_in_the_file(
    hub: HubServer, client: Callable[..., Client], weights_bytes: bytes, tmp_path: Path
) -> None:
    hub.faults = Faults(send_at_most=100_000, then_die=True)
    online = client()
    failed(online.ask("hf://acme/nir"), hub.url, f"/path/to/{FILE}")
    assert not list(tmp_path.rglob(f"snapshots/**/{FILE}"))
    hub.restart()
    assert Path(str(online.ask(REF).path)).read_bytes() == weights_bytes


def test_a_hub_in_trouble_is_given_up_and_the_cache_used(hub: HubServer, client: Callable[..., Client]) -> None:
    """A silent one never answers: whoever waits for it without end hangs here."""
    fetched = client().ask(REF)
    patient, hasty = (client(HF_HUB_ETAG_TIMEOUT=seconds) for seconds in ("600", "1"))
    for asks, faults in ((patient, Faults(status=500)), (patient, Faults(status=429)), (hasty, Faults(silent=True))):
        hub.faults = faults
        for name in (REF, "hf://acme/nir", f"hf://acme/nir@v1/{FILE}", "hf://acme/nir@v1"):
            hub.requests.clear()
            answer = asks.ask(name)
            if "@" in name:
                failed(answer, hub.url, "try again")
            else:
                assert answer.path == fetched.path
            while not hub.requests:  # of whoever has not waited for the server
                time.sleep(0.01)
            assert len(hub.requests) == 1  # huggingface_hub by itself asks six times, with pauses


def test_a_dead_hub_is_given_up_and_the_cache_used(hub: HubServer, client: Callable[..., Client]) -> None:
    online = client()
    fetched = online.ask(REF)
    hub.stop()
    assert online.ask(REF).path == fetched.path
    failed(online.ask(f"hf://acme/nir@v1/{FILE}"), hub.url, "try again")


def test_a_token_opens_a_gated_repository_and_stays_on_the_hub(hub: HubServer, client: Callable[..., Client]) -> None:
    hub.token = "hf_secret"
    failed(client().ask(REF), "restricted", "HF_TOKEN")
    failed(client(HF_TOKEN="hf_wrong").ask("hf://acme/nir"), "restricted")
    assert client(HF_TOKEN="hf_secret").ask(REF).meta == {"recipe": "test"}
    assert [request.authorization for request in hub.downloads] == [None]


def test_without_a_file_the_only_safetensors_is_meant(
    hub: HubServer, client: Callable[..., Client], weights_bytes: bytes
) -> None:
    online = client()
    assert Path(str(online.ask("hf://acme/nir").path)).name == FILE
    hub.files |= {"big/other.safetensors": weights_bytes}
    several = online.ask("hf://acme/nir")
    assert several.exit_code == 4
    assert FILE in several.error
    assert "big/other.safetensors" in several.error
    assert Path(str(online.ask("hf://acme/nir/big/other.safetensors").path)).read_bytes() == weights_bytes
    hub.files = {"pytorch_model.bin": b"no"}
    nothing = online.ask("hf://acme/nir")
    assert nothing.exit_code == 4
    assert "no .safetensors file" in nothing.error


def test_a_listing_cannot_lead_out_of_the_cache(
    hub: HubServer, client: Callable[..., Client], weights_bytes: bytes
) -> None:
    hub.files = {"../../../../evil.safetensors": weights_bytes}
    answer = client().ask("hf://acme/nir")
    assert answer.exit_code == 4
    assert "not a plain path" in answer.error
    assert hub.downloads == []


def test_a_cache_that_can_only_be_read_is_read(
    hub: HubServer, client: Callable[..., Client], weights_bytes: bytes, tmp_path: Path
) -> None:
    need_rights_that_count()
    hub.files |= {"other.safetensors": weights_bytes}
    fetched = client().ask(REF).path
    for folder in [path for path in (tmp_path / "home").rglob("*") if path.is_dir()]:
        folder.chmod(0o555)
    reader = client(obedient=True)
    assert reader.ask(REF).path == fetched
    failed(reader.ask("hf://acme/nir/other.safetensors"), "home/hub cannot be written to", "set HF_HOME")


def test_a_cache_that_cannot_be_written_is_an_error(client: Callable[..., Client], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    failed(client(HF_HOME=str(tmp_path / "file")).ask(REF), f"{tmp_path}/file/hub cannot be written to", "set HF_HOME")
