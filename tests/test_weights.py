"""nircolor/weights.py: names to files, and weights written and read."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nircolor.errors import OutputError, UsageError, WeightsError
from nircolor.weights import OWN_FOLDER, list_own, list_packaged, load, locate, read_meta, save, verify
from nircolor.weights_file import encode

PACKAGE = Path(__file__).resolve().parents[1] / "nircolor"
DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.uint8, torch.bool)
STATE = {"conv.weight": torch.linspace(-1, 1, 24).reshape(2, 3, 4), "steps": torch.tensor(7)}


@pytest.fixture
def weights_path(tmp_path: Path) -> Path:
    path = tmp_path / "mine.safetensors"
    save(path, STATE, {"recipe": "test"})
    return path


def python(code: str, *arguments: str | Path, folder: Path) -> str:
    """What a Python of its own prints, started in ``folder``."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=folder).stdout


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Equal in dtype, shape and every bit, NaN included."""
    raw = [tensor.contiguous().reshape(-1).view(torch.uint8) for tensor in (one, other)]
    return one.dtype == other.dtype and one.shape == other.shape and torch.equal(*raw)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(
    shapes=st.lists(st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 4), max_size=3)), max_size=5),
    seed=st.integers(0, 2**32),
)
def test_tensors_come_back_bit_for_bit(tmp_path: Path, shapes: list[tuple[torch.dtype, list[int]]], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    state = {
        f"layer.{number}": torch.randn(shape, generator=generator, dtype=torch.float64).mul(3).to(dtype)
        for number, (dtype, shape) in enumerate(shapes)
    }
    save(tmp_path / "x.safetensors", state, {"seed": seed})
    weights = load(tmp_path / "x.safetensors")
    assert weights.meta == {"seed": seed}
    assert weights.state.keys() == state.keys()
    assert all(same(weights.state[name], state[name]) for name in state)


def test_transposed_tied_and_trained_tensors_come_back(tmp_path: Path) -> None:
    parameter = torch.nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, -0.0]]))
    state = {"a": parameter, "tied": parameter, "transposed": parameter.t(), "part": parameter[:, 1]}
    save(tmp_path / "x.safetensors", state, {})
    loaded = load(tmp_path / "x.safetensors").state
    assert all(same(loaded[name], tensor.detach()) for name, tensor in state.items())
    loaded["a"].zero_()  # writable, and no longer tied
    assert same(loaded["tied"], parameter.detach())


def test_weights_say_what_they_are(weights_path: Path) -> None:
    weights = load(str(weights_path))
    assert (weights.name, weights.path, weights.meta) == (str(weights_path), weights_path, {"recipe": "test"})
    assert weights.sha256 == hashlib.sha256(weights_path.read_bytes()).hexdigest()
    assert weights.short_sha256 == weights.sha256[:12]
    assert verify(weights_path) == read_meta(weights_path) == weights.meta


def test_equal_weights_are_equal_files(tmp_path: Path, weights_path: Path) -> None:
    save(tmp_path / "again.safetensors", dict(reversed(STATE.items())), {"recipe": "test"})
    assert (tmp_path / "again.safetensors").read_bytes() == weights_path.read_bytes()


def test_damaged_weights_are_not_loaded(weights_path: Path) -> None:
    data = bytearray(weights_path.read_bytes())
    data[-1] ^= 1
    weights_path.write_bytes(data)
    for reader in (load, verify):
        with pytest.raises(WeightsError, match=f"{re.escape(str(weights_path))}: .*checksum .*copy it again"):
            reader(weights_path)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_is_never_loaded(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "model.safetensors"
    torch.save(Trap(tmp_path / "sprung"), path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match=r"pickle.* only safetensors"):
        load(path)
    assert not (tmp_path / "sprung").exists()


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_a_dtype_unknown_to_torch_is_an_error(tmp_path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F6_E2M3", "shape": [4], "data_offsets": [0, 3]}}).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(encode(len(header).to_bytes(8, "little") + header + b"123", {}))
    with pytest.raises(WeightsError, match="upgrade"):
        load(path)


def test_saving_replaces_the_old_file_and_leaves_nothing_else(weights_path: Path) -> None:
    save(weights_path, {}, {"second": True})
    assert load(weights_path).meta == {"second": True}
    assert [path.name for path in weights_path.parent.iterdir()] == [weights_path.name]


def test_a_failed_save_keeps_the_old_file(weights_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="file size limits are a POSIX thing")
    before = weights_path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OutputError, match=f"{re.escape(str(weights_path))}: .*too large"):
            save(weights_path, {"a": torch.zeros(9999)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(UsageError, match="JSON"):
        save(weights_path, {}, {"a": object()})
    assert weights_path.read_bytes() == before
    assert [path.name for path in weights_path.parent.iterdir()] == [weights_path.name]


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder.safetensors").mkdir()
    for path, named in ((tmp_path / "missing" / "x.safetensors", "missing"), (tmp_path / "folder.safetensors",) * 2):
        with pytest.raises(OutputError, match=re.escape(str(tmp_path / named))):
            save(path, {}, {})
    assert [path.name for path in tmp_path.iterdir()] == ["folder.safetensors"]


def test_local_names(weights_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(weights_path.parent)
    monkeypatch.setenv("HOME", str(weights_path.parent))
    shutil.copy(weights_path, "plain-name")
    for name in (weights_path, "mine.safetensors", "./mine.safetensors", "~/mine.safetensors", "plain-name"):
        assert verify(name) == {"recipe": "test"}
        assert locate(name).samefile(weights_path if "mine" in str(name) else "plain-name")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights_path: Path) -> Path:
    """The user's own folder, with two weights; the working folder is another."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("nircolor-one", "two"):
        shutil.copy(weights_path, folder / f"{name}.safetensors")
    monkeypatch.setenv(OWN_FOLDER, str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def test_own_names(own: Path) -> None:
    for name in ("nircolor-two.safetensors", ".hidden.safetensors", "notes.txt", "three.pth"):
        (own / name).touch()
    (own / "folder.safetensors").mkdir()
    assert list_own() == ["one", "two"]
    assert locate("one") == locate("nircolor-one") == own / "nircolor-one.safetensors"
    assert locate("two") == own / "nircolor-two.safetensors"
    with pytest.raises(WeightsError, match=r"no such weights file"):
        locate("one.safetensors")  # a path, and so one of the working folder
    with pytest.raises(WeightsError, match=r"'onne', did you mean 'one'\? .*your own: one, two"):
        locate("onne")


def test_no_file_takes_the_place_of_a_name(own: Path, monkeypatch: pytest.MonkeyPatch, weights_path: Path) -> None:
    packaged = ship(weights_path, own.parent / "packaged")
    monkeypatch.setattr("nircolor.weights._packaged_folder", lambda: packaged)
    for folder, name in ((own, "lite.safetensors"), (own, "nircolor-lite.safetensors"), (own.parent, "lite")):
        (folder / name).write_text("not these")
    (own.parent / "one").write_text("nor this")
    assert locate("lite") == locate("nircolor-lite") == packaged / "nircolor-lite.safetensors"
    assert locate("one") == own / "nircolor-one.safetensors"
    assert list_own() == ["one", "two"]
    assert locate("./lite") == Path("lite")


@pytest.mark.parametrize("make", [lambda path: None, Path.touch], ids=["missing", "a file"])
def test_an_own_folder_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "none")
    monkeypatch.setenv(OWN_FOLDER, f"{tmp_path}/none")
    for call in (list_own, lambda: locate("mine")):
        with pytest.raises(
            WeightsError, match=f"^{OWN_FOLDER}={re.escape(str(tmp_path))}/none: cannot be read .*unset"
        ):
            call()
    assert locate(str(weights_path)) == weights_path  # a path needs no such folder
    assert [locate(name).stem for name in list_packaged()] == [f"nircolor-{name}" for name in list_packaged()]
    monkeypatch.setenv(OWN_FOLDER, "")
    assert list_own() == []


def test_a_checkpoint_is_no_weights_to_use(tmp_path: Path) -> None:
    save(tmp_path / "checkpoint.safetensors", STATE, {"kind": "checkpoint", "step": 3})
    with pytest.raises(WeightsError, match="a training checkpoint; export it with `nircolor weights export RUN"):
        verify(tmp_path / "checkpoint.safetensors")
    assert load(tmp_path / "checkpoint.safetensors").meta["step"] == 3  # which is how a run goes on


@pytest.mark.parametrize(
    "name", ["none.safetensors", "no/such/file", "./none", Path("lite-none"), "x" * 300 + "/y"], ids=str
)
def test_a_missing_file_is_an_error_which_names_it(name: str | Path) -> None:
    with pytest.raises(WeightsError) as caught:
        locate(name)
    assert Path(name).name in str(caught.value)
    assert caught.value.exit_code == 4


@settings(deadline=None)
@given(st.text(max_size=30).filter(lambda name: not name.startswith("hf://")))
def test_any_name_is_a_file_or_a_weights_error(name: str) -> None:
    try:
        path = locate(name)
    except WeightsError:
        return
    assert path.is_file()


@pytest.fixture
def installed(tmp_path: Path, weights_path: Path) -> Path:
    """A folder to import nircolor from, laid out as a wheel, with two packaged weights."""
    shutil.copytree(PACKAGE, tmp_path / "wheel/nircolor", ignore=shutil.ignore_patterns("__pycache__", "packaged"))
    return ship(weights_path, tmp_path / "wheel/nircolor/packaged").parents[1]


def ship(weights_path: Path, folder: Path) -> Path:
    folder.mkdir()
    for name in ("nircolor-lite.safetensors", "nircolor-full.safetensors", "README.md"):
        shutil.copy(weights_path, folder / name)
    return folder


SHOW = """
import sys
from nircolor.weights import list_packaged, locate, verify
print(list_packaged())
for name in ("lite", "nircolor-full"):
    print(locate(name).relative_to(sys.argv[1]).as_posix(), verify(name))
print({"torch", "huggingface_hub"} & set(sys.modules))
try:
    locate("lit")
except Exception as error:
    print(error)
"""


@pytest.mark.parametrize("folder", ["nircolor/packaged", "weights"], ids=["wheel", "checkout"])
def test_packaged_weights_are_found_without_torch_or_network(installed: Path, folder: str) -> None:
    (installed / "nircolor/packaged").rename(installed / folder)
    (installed / "lite").write_text("a file of that name does not get in the way")
    shown = python(SHOW, installed, folder=installed)
    assert shown.splitlines()[:4] == [
        "['full', 'lite']",
        f"{folder}/nircolor-lite.safetensors {{'recipe': 'test'}}",
        f"{folder}/nircolor-full.safetensors {{'recipe': 'test'}}",
        "set()",
    ]
    error = shown.splitlines()[4]
    assert "did you mean 'lite'" in error
    assert "full, lite" in error
    assert "hf://" in error


def test_the_packaged_weights_are_sound() -> None:
    if not list_packaged():
        pytest.skip("no weights are packaged yet")
    for name in list_packaged():
        assert verify(name), name
