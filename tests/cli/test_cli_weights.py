"""``nircolor weights``: list, fetch, verify, export."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from cli_tools import HEAVY, Run, environment, save
from hub_server import HubServer
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from nircolor import weights
from nircolor.cli import main
from nircolor.model import PRESETS
from nircolor.scenes import quantise, render
from nircolor.weights import OWN_FOLDER
from nircolor.weights_file import encode

RECIPE = """
preset = "lite"
save_every = 2
validate_every = 2
[model]
name = "small"
rgb = { widths = [8, 8], blocks = [0, 1] }
prior = { widths = [8, 8, 8, 8], blocks = [0, 0, 0, 1] }
[[sources]]
folder = "train"
[[validation]]
folder = "val"
[augment]
size = 24
[optim]
steps = 4
batch = 2
precision = "fp32"
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a real run of four steps, validated twice, on rendered pairs."""
    root = tmp_path_factory.mktemp("trained")
    for number, folder in enumerate(("train", "train", "val")):
        scene = render(number, 48, 56)
        (root / folder).mkdir(exist_ok=True)
        save(root / folder / f"{number}_nir.png", quantise(scene.nir, 8))
        save(root / folder / f"{number}_rgb.png", quantise(scene.rgb, 8)[..., ::-1])
    (root / "small.toml").write_text(RECIPE)
    assert main(["train", f"{root}/small.toml", "--data", str(root), "--run", f"{root}/run", "-q"]) == 0
    return root / "run"


@pytest.fixture
def packaged(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one weights file that comes with nircolor here."""
    monkeypatch.delenv(OWN_FOLDER, raising=False)
    folder = tmp_path / "packaged"
    folder.mkdir()
    monkeypatch.setattr("nircolor.weights._packaged_folder", lambda: folder)
    return Path(shutil.copy(tiny_weights, folder / "nircolor-lite.safetensors"))


def test_list(inside: Run, packaged: Path) -> None:
    expected = {"name": "lite", "source": "packaged", "path": str(packaged), "network": "tiny"}
    values = inside("weights", "list", "--json").json
    assert values == {"weights": [{**expected, "bytes": packaged.stat().st_size}], "warnings": []}
    (line,) = inside("weights", "list").out.decode().splitlines()
    assert line.startswith(f"lite  packaged  {packaged.stat().st_size / 1e6:.1f} MB  ")
    assert line.endswith(str(packaged))
    packaged.unlink()
    nothing = inside("weights", "list")
    assert (nothing.code, nothing.out) == (0, b"")
    assert "no weights are packaged" in nothing.err


def test_list_own(inside: Run, packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for name in ("mine", "nircolor-theirs", "lite", "._mine"):
        shutil.copy(packaged, own / f"{name}.safetensors")
    (own / "torn.safetensors").write_bytes(packaged.read_bytes()[:100])
    (own / "notes.txt").touch()
    monkeypatch.setenv(OWN_FOLDER, str(own))
    values = inside("weights", "list", "--json").json
    assert [(row["name"], row["source"]) for row in values["weights"]] == [
        ("lite", "packaged"),
        ("mine", "own"),
        ("theirs", "own"),
    ]
    assert values["weights"][2]["path"] == str(own / "nircolor-theirs.safetensors")
    (warning,) = values["warnings"]
    assert str(own / "torn.safetensors") in warning


def test_list_without_the_own_folder(
    inside: Run, packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OWN_FOLDER, str(tmp_path / "gone"))
    result = inside("weights", "list")
    assert (result.code, len(result.out.splitlines())) == (0, 1)
    assert result.err.startswith(f"nircolor: warning: {OWN_FOLDER}={tmp_path}/gone: cannot be read (No such file")


def test_verify(inside: Run, tiny_weights: Path) -> None:
    values = inside("weights", "verify", tiny_weights, "--json").json
    digest = hashlib.sha256(tiny_weights.read_bytes()).hexdigest()
    assert (values["sha256"], values["network"], values["meta"]["license"]) == (digest, "tiny", "CC0-1.0")
    text = inside("weights", "verify", tiny_weights).out.decode()
    assert text.startswith(f"{tiny_weights}: sound\nsha256: {digest}\nlicense: CC0-1.0\nconfig:\n")


def test_verify_tells_in_short_lines(inside: Run, tmp_path: Path) -> None:
    deep: dict[str, object] = {}
    for _ in range(50):
        deep = {"in": deep}
    meta = {
        "recipe": {"optim": {"rate": 6e-4, "betas": [0.9, 0.99]}, "start_from": ""},
        "description": "orchards\n" + "from a drone " * 20,
        "data": {"sources": [{"folder": "naip", "pairs": 220}, {"folder": "epfl", "pairs": 170}]},
        "evil\x1b[2J": None,
        "deep": deep,
    }
    weights.save(tmp_path / "x.safetensors", {}, meta)
    text = inside("weights", "verify", "x.safetensors").out.decode()
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert text.splitlines()[2].startswith("description: orchards from a drone from")
    assert "data:\n  sources:\n    1: folder naip, pairs 220\n    2: folder epfl, pairs 170\n" in text
    assert 'recipe:\n  optim:\n    betas: 0.9, 0.99\n    rate: 0.0006\n  start_from: ""\n' in text
    assert inside("weights", "verify", "x.safetensors", "--json").json["meta"] == meta


def newer(good: bytes) -> bytes:
    return good.replace(b'"format_version":"1"', b'"format_version":"2"')


def pickled(good: bytes) -> bytes:
    stream = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, stream)
    return stream.getvalue()


def giant(good: bytes) -> bytes:
    tensors = save_tensors(load_tensors(good))
    return encode(tensors, {"config": PRESETS["colormamba"].to_dict(), "members": [0] * 1000})


def infinite(good: bytes) -> bytes:
    return encode(save_tensors({"head": torch.tensor([0.0, float("inf")])}), {})


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (newer, "written by a newer nircolor (weights format 2, this one reads up to 1): upgrade nircolor"),
        (lambda good: good[:-1], "not a sound safetensors file"),
        (lambda good: good[:20], "cut off"),
        (pickled, "a PyTorch pickle"),
        (lambda good: b"", "it is empty"),
        (giant, "describes more than the"),
        (infinite, "tensor 'head' holds a value that is no number (NaN) or infinite: give weights from before that"),
    ],
    ids=["newer", "truncated", "header truncated", "pickle", "empty", "giant", "infinite"],
)
def test_verify_what_is_not_sound(
    inside: Run, tiny_weights: Path, tmp_path: Path, spoil: Callable[[bytes], bytes], words: str
) -> None:
    (tmp_path / "x.safetensors").write_bytes(spoil(tiny_weights.read_bytes()))
    result = inside("weights", "verify", "x.safetensors", "--json")
    assert (result.code, result.json["exit_code"], result.err.count("\n")) == (4, 4, 1)
    assert result.err.startswith("nircolor: error: x.safetensors: ")
    assert words in result.err


def test_verify_a_checkpoint(inside: Run, trained: Path) -> None:
    result = inside("weights", "verify", trained / "checkpoint.safetensors")
    assert (result.code, result.out, result.err.count("\n")) == (4, b"", 1)
    assert "a training checkpoint; export it with `nircolor weights export RUN" in result.err


def test_from_a_run_to_colours(
    inside: Run, trained: Path, nir8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OWN_FOLDER, str(tmp_path))
    line = ("weights", "export", trained, "nircolor-mine.safetensors")
    told = inside(*line, "--last", "--license", "CC BY 4.0", "--json").json
    assert (told["step"], told["dtype"], told["path"]) == (4, "fp32", "nircolor-mine.safetensors")
    assert told["warnings"] == []
    assert told["meta"]["metrics"]["protocol"] == "srgb8"
    assert set(told["meta"]["metrics"]["scores"]["val"]) == {"psnr", "psnr_ev", "ssim", "angle", "colour-ratio"}
    checked = inside("weights", "verify", "mine", "--json").json
    assert (checked["sha256"], checked["meta"]) == (told["sha256"], told["meta"])
    assert "license: CC BY 4.0\nstep: 4\nmetrics:\n" in inside("weights", "verify", "mine").out.decode()
    pictures = []
    for number, name in enumerate((trained / "weights.safetensors", "mine")):
        assert inside("colorize", nir8, "-o", f"{number}.png", "--weights", name).code == 0
        pictures.append((tmp_path / f"{number}.png").read_bytes())
    assert pictures[0] == pictures[1]


def test_export_warns_and_refuses(inside: Run, trained: Path, tmp_path: Path) -> None:
    done = inside("weights", "export", trained, "x.safetensors")
    assert (done.code, done.out) == (0, b"")
    warning, told = done.err.splitlines()
    assert "licence cannot be passed on" in warning
    assert re.match(r"x\.safetensors: \d+\.\d MB, fp32, step 2 of ", told)
    before = (tmp_path / "x.safetensors").read_bytes()
    for words, code, args in (
        ("x.safetensors: exists already; .*--overwrite", 2, (trained, "x.safetensors")),
        ("holds no run", 3, (tmp_path, "y.safetensors")),
        ("y.pth: ", 2, (trained, "y.pth")),
        ("--brightness -1.0: ", 2, (trained, "y.safetensors", "--brightness", "-1")),
        ("gone: this folder does not exist", 1, (trained, "gone/y.safetensors")),
        ("--prior-size", 2, (trained, "y.safetensors", "--prior-size", "0")),
    ):
        refused = inside("weights", "export", *args, "--json")
        assert (refused.code, refused.json["exit_code"], refused.err.count("\n")) == (code, code, 1), words
        assert re.search(words, refused.err)
    assert [path.name for path in tmp_path.glob("*.*")] == ["x.safetensors"]
    assert (tmp_path / "x.safetensors").read_bytes() == before


def test_help_of_export_needs_no_heavy_package(command: Run, poison: Callable[..., Path], tmp_path: Path) -> None:
    result = command("weights", "export", "--help", cwd=tmp_path, first=(poison(*HEAVY),))
    assert (result.code, result.err) == (0, "")
    text = result.out.decode()
    options = "best last license description dtype overwrite brightness chroma prior-size paint-size json"
    assert all(f"--{name}" in text for name in options.split())
    assert max(map(len, text.splitlines())) <= 80


def test_fetch_once_then_colorize_offline(
    command: Run, forked: Run, tiny_weights: Path, nir8: Path, tmp_path: Path
) -> None:
    name = "hf://acme/nir/tiny.safetensors"
    home = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_TELEMETRY": "1"}
    with HubServer({"tiny.safetensors": tiny_weights.read_bytes()}) as server:
        env = {**environment(), **home, "HF_ENDPOINT": server.url}
        result = command("weights", "fetch", name, "-q", cwd=tmp_path, env=env)
        assert (result.code, result.err) == (0, "")
    path = Path(result.out.decode().strip())
    assert path.read_bytes() == tiny_weights.read_bytes()
    result = forked("colorize", nir8.name, "--json", "--weights", name, cwd=tmp_path, **home, HF_HUB_OFFLINE="1")
    assert (result.code, result.json["weights"]) == (0, name)
    assert f"weights {name} (" in result.err


def test_fetch_what_cannot_be_had(command: Run, tmp_path: Path) -> None:
    env = {**environment(), "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    result = command("weights", "fetch", "hf://acme/nir/x.safetensors", cwd=tmp_path, env=env)
    assert result.code == 4
    assert result.err.startswith("nircolor: error: hf://acme/nir/x.safetensors: not in the cache")
