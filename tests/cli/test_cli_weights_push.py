"""``nircolor weights push``: the command in processes of its own, against a Hub on the loopback that takes uploads."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Result, Run, environment, one_line
from export_tools import add_weights, write_run
from hub_uploads import PushHub, first
from small_network import SMALL

from nircolor import weights
from nircolor.model import BranchConfig
from nircolor.publishing.card import own_card

BARE = BranchConfig((8, 8), (0, 0), stride=2)
TINY = replace(SMALL, rgb=BARE, prior=BARE)  # without scans
OTHER = replace(TINY, name="other", fusion_width=4)
PICTURES = ["pictures/lake.png", "pictures/meadow.png"]
FILES = [".gitattributes", "README.md", "model.safetensors", *PICTURES]
Push = Callable[..., Result]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = write_run(tmp_path_factory.mktemp("runs") / "mine")
    add_weights(run, "weights.safetensors", 40, TINY)
    add_weights(run, "best.safetensors", 20, TINY)
    return run


@pytest.fixture
def hub() -> Iterator[PushHub]:
    with PushHub() as server:
        yield server


def settings(hub: PushHub, folder: Path, **more: str) -> dict[str, str]:
    """For huggingface_hub; by default somebody who may write is logged in."""
    home = {"HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "home"), "HF_TOKEN": hub.write_token}
    return {**home, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "0", **more}


@pytest.fixture
def push(hub: PushHub, forked: Run, tmp_path: Path) -> Push:
    def run(*args: str | Path, **env: str) -> Result:
        result = forked("weights", "push", *args, cwd=tmp_path, **settings(hub, tmp_path, **env))
        for token in (hub.write_token, env.get("HF_TOKEN") or hub.write_token):
            assert token not in result.err + result.out.decode()
        return result

    return run


def writes(hub: PushHub) -> list[str]:
    return [request.path for request in hub.requests if request.method != "GET" and request.method != "HEAD"]


def test_from_a_run_to_the_hub_and_back(
    hub: PushHub, command: Run, forked: Run, push: Push, run_folder: Path, tmp_path: Path
) -> None:
    line = (run_folder, "acme/nir", "--private", "--license", "CC BY 4.0")
    known = settings(hub, tmp_path)
    told = command("weights", "push", *line, "--json", cwd=tmp_path, env={**environment(), **known}).json
    assert hub.private
    assert [commit.message for commit in hub.branches["main"]] == ["initial commit", "Weights of nircolor, step 20"]
    assert (told["name"], told["commit"], told["changed"]) == ("hf://acme/nir", hub.head.oid, True)
    assert sorted(hub.head.files) == sorted(FILES)
    assert hub.head.files["README.md"].decode() == told["card"]
    assert {name: len(hub.head.files[name]) for name in told["files"]} == told["files"]
    checked = forked("weights", "verify", "hf://acme/nir", "--json", cwd=tmp_path, **known).json
    assert (checked["meta"]["license"], checked["meta"]["step"], checked["network"]) == ("CC BY 4.0", 20, "tiny")
    sent, again = len(hub.sent), push(*line)
    assert again.out.decode().startswith(f"hf://acme/nir: unchanged since {hub.head.oid}\n")
    assert (len(hub.sent), len(hub.branches["main"])) == (sent, 2)


def test_from_pretrained(hub: PushHub, tiny_weights: Path, tmp_path: Path) -> None:
    hub.branches = {"main": first({"model.safetensors": tiny_weights.read_bytes(), "b.safetensors": b""})}
    hub.branches["v1"] = first({"sub/one.safetensors": tiny_weights.read_bytes()})
    code = """
import sys
import nircolor
for options in ({}, {"revision": "v1"}, {"revision": "v1", "file": "sub/one.safetensors"}, {"revision": "v2"}):
    try:
        engine = nircolor.Colorizer.from_pretrained("acme/nir", device="cpu", **options)
        print(engine.info.weights, engine.info.weights_sha256)
    except nircolor.NircolorError as error:
        print(error)
"""
    env = {**environment(), **settings(hub, tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    sha = weights.load(tiny_weights).short_sha256
    names = ("hf://acme/nir", "hf://acme/nir@v1", "hf://acme/nir@v1/sub/one.safetensors")
    assert done.stdout.splitlines()[:3] == [f"{name} {sha}" for name in names]
    assert done.stdout.splitlines()[3].startswith("hf://acme/nir@v2: no such revision in the repository; ")


def test_a_dry_run_shows_all_of_it_and_asks_nothing(hub: PushHub, push: Push, run_folder: Path) -> None:
    line = (run_folder, "acme/nir", "--dry-run", "--license", "CC BY 4.0", "--description", "orchards")
    result = push(*line, HF_TOKEN="", HF_HUB_OFFLINE="1")
    assert (result.code, result.err) == (0, "")
    text = result.out.decode()
    listed, _, card = text.partition("\n\n")
    assert listed.startswith("would go to hf://acme/nir; nothing was sent\n")
    assert [line.split()[1] for line in listed.splitlines()[1:]] == ["README.md", "model.safetensors", *PICTURES[::-1]]
    assert own_card(card)
    assert "library_name: nircolor\nlicense: cc-by-4.0\n" in card
    assert "\norchards\n" in card
    assert "| naip/val | srgb8 | 12.50 | 5.50 |" in card
    assert hub.requests == []


@pytest.mark.parametrize(
    ("words", "code", "args", "env"),
    [
        ("acme/nir: nobody is logged in .* set HF_TOKEN; it needs the right to write", 1, (), {"HF_TOKEN": ""}),
        ("acme/nir: HF_HUB_OFFLINE forbids to talk to the Hub; unset it", 1, (), {"HF_HUB_OFFLINE": "1"}),
        ("acme: the repository must be org/repo in letters", 2, ("acme",), {}),
        ("--revision: 'a..b' is not a branch, a tag or a commit; give a branch", 2, ("--revision", "a..b"), {}),
        (f"--revision {'a' * 40}: is a commit, .*; give a branch", 2, ("--revision", "a" * 40), {}),
        ("--device tpu: unknown", 2, ("--device", "tpu"), {}),
    ],
)
def test_what_cannot_be_sent(
    hub: PushHub, push: Push, run_folder: Path, words: str, code: int, args: tuple[str, ...], env: dict[str, str]
) -> None:
    where = () if args and not args[0].startswith("-") else ("acme/nir",)
    line = one_line(push(run_folder, *where, *args, **env), code)
    assert re.search(words, line), line
    assert hub.requests == []


def test_what_is_no_run_and_no_weights(hub: PushHub, push: Push, run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    add_weights(tmp_path, "checkpoint.safetensors", 20, TINY, kind="checkpoint")
    for words, code, args in (
        ("empty: holds no run", 3, ("empty",)),
        ("no packaged weights named 'gone'", 4, ("gone",)),
        ("a training checkpoint; export it", 4, ("checkpoint.safetensors",)),
        ("--license: is for the folder of a run", 2, (run_folder / "best.safetensors", "--license", "MIT")),
        ("--best or --last: is for the folder of a run", 2, (run_folder / "best.safetensors", "--last")),
    ):
        source, *options = args
        assert words in one_line(push(source, "acme/nir", *options), code)
    assert hub.requests == []


def test_a_hub_that_is_not_there(hub: PushHub, push: Push, run_folder: Path) -> None:
    hub.stop()
    line = one_line(push(run_folder, "acme/nir"), 1)
    assert re.search("hf://acme/nir: talking to http://127.0.0.1.* failed .*; try again", line)


def test_a_public_repository_does_not_become_private(hub: PushHub, push: Push, run_folder: Path) -> None:
    hub.branches = {"main": first()}
    line = one_line(push(run_folder, "acme/nir", "--private"), 2)
    assert "--private: acme/nir is there already, and everybody can see it; make it private" in line
    assert writes(hub) == []


def test_weights_of_others_stay_unless_they_may_go(hub: PushHub, push: Push, run_folder: Path, tmp_path: Path) -> None:
    add_weights(tmp_path, "theirs.safetensors", 20, OTHER)
    theirs = (tmp_path / "theirs.safetensors").read_bytes()
    foreign = b"\x02\0\0\0\0\0\0\0{}"
    for words, files in (
        ("holds weights of another network .other. in model.safetensors", {"model.safetensors": theirs}),
        ("holds no nircolor weights in model.safetensors", {"model.safetensors": foreign}),
        ("its model card was written or changed by somebody", {"README.md": b"---\nlicense: mit\n---\nMy words."}),
    ):
        hub.branches = {"main": first(files)}
        line = one_line(push(run_folder, "acme/nir", "--license", "MIT"), 2)
        assert re.search(f"^nircolor: error: hf://acme/nir: {words}", line), line
        assert "choose another repository, a branch of its own with --revision NAME, or add --overwrite" in line
        assert writes(hub) == []
    hub.branches = {"main": first({"x.safetensors": theirs, "README.md": b"My words."})}
    told = push(run_folder, "acme/nir", "--license", "MIT", "--overwrite")
    assert told.code == 0, told.err
    assert re.search(r"^hf://acme/nir: commit [0-9a-f]{40}\n +[\d,]+  README.md\n", told.out.decode())
    assert hub.head.files["x.safetensors"] != theirs
    assert "model.safetensors" not in hub.head.files
    assert hub.branches["main"][0].files["x.safetensors"] == theirs


def test_an_interrupted_push_changes_nothing_and_is_repeated(
    hub: PushHub, push: Push, run_folder: Path, tmp_path: Path
) -> None:
    hub.branches, hub.holds_at = {"main": first()}, f"PUT /{'.' * 64}$"
    line = [sys.executable, "-m", "nircolor", "weights", "push", str(run_folder), "acme/nir", "--license", "MIT"]
    env = {**environment(), **settings(hub, tmp_path), "TMPDIR": str(tmp_path / "temporary")}
    (tmp_path / "temporary").mkdir()
    with subprocess.Popen(line, env=env, cwd=tmp_path, stdout=-1, stderr=-1, text=True) as process:
        assert hub.reached.wait(300)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "nircolor: error: interrupted\n")
    assert len(hub.branches["main"]) == 1
    assert list((tmp_path / "temporary").iterdir()) == []
    assert push(run_folder, "acme/nir", "--license", "MIT").code == 0
    assert sorted(hub.head.files) == sorted(FILES)


def test_weights_that_are_a_file_say_themselves_what_they_are(
    hub: PushHub, push: Push, run_folder: Path, tmp_path: Path
) -> None:
    """And a branch of its own leaves the others alone."""
    hub.branches = {"main": first({"README.md": b"---\nlicense: mit\n---\n"})}
    weights.save(tmp_path / "mine.safetensors", *unknown(run_folder / "best.safetensors"))
    result = push("mine.safetensors", "acme/nir", "--revision", "orchards/v2", "--json")
    assert result.code == 0, result.err
    assert {name: len(history) for name, history in hub.branches.items()} == {"main": 1, "orchards/v2": 2}
    files = hub.branches["orchards/v2"][-1].files
    assert files["model.safetensors"] == (tmp_path / "mine.safetensors").read_bytes()
    card = json.loads(result.out)["card"]
    assert json.loads(result.out)["name"] == "hf://acme/nir@orchards%2Fv2"
    assert 'from_pretrained("acme/nir", revision="orchards/v2")' in card
    assert "Nobody has measured these weights yet" in card
    assert "nircolor evaluate PAIRS --weights hf://acme/nir@orchards%2Fv2 --protocol srgb8" in card


def unknown(path: Path) -> tuple[dict[str, Any], dict[str, object]]:
    """The weights of a file of which only the network is known."""
    loaded = weights.load(path)
    return loaded.state, {"config": loaded.meta["config"]}
