"""Which file is taken for a twin: the one that was made from these weights, unharmed, that computes what torch does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_tools import environment
from small_network import PLAIN, network, save

import nircolor
from nircolor import Colorizer, scenes
from nircolor.errors import DeviceError, NircolorError, UsageError, WeightsError
from nircolor.events import Event, Reporter, Retreat
from nircolor.twin.export import export_onnx
from nircolor.twin.file import PROBE, sealed
from nircolor.weights import list_packaged, locate

onnx = pytest.importorskip("onnx")

NIR = scenes.quantise(scenes.render(3, 40, 50).nir, 8)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = save(tmp_path_factory.mktemp("weights") / "x.safetensors", network(PLAIN))
    export_onnx(path, path.with_suffix(".onnx"))
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    """Weights and their twin, to be spoiled."""
    for file in made.parent.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path / made.name


def changed(path: Path, change: object) -> None:
    """The twin with another model in it, sealed as a good one is."""
    model = onnx.load(path)
    del model.metadata_props[-1:]  # its seal
    change(model)  # type: ignore[operator]
    path.write_bytes(sealed(model.SerializeToString()))


def reshaped(model: object) -> None:
    """One weight lies about its shape."""
    branch = next(node for node in model.graph.node if node.op_type == "If").attribute[0].g  # type: ignore[attr-defined]
    number = max(branch.initializer, key=lambda one: len(one.raw_data))
    number.dims[0] *= 2


def other_numbers(model: object) -> None:
    branch = next(node for node in model.graph.node if node.op_type == "If").attribute[0].g  # type: ignore[attr-defined]
    number = max(branch.initializer, key=lambda one: len(one.raw_data))
    number.raw_data = bytes(len(number.raw_data))


def other_model(model: object) -> None:
    """Right in its metadata alone."""
    x = onnx.helper.make_tensor_value_info("x", 1, [1])
    y = onnx.helper.make_tensor_value_info("y", 1, [1])
    model.graph.CopyFrom(onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y]))  # type: ignore[attr-defined]


def no_proof(model: object) -> None:
    del model.metadata_props[:]  # type: ignore[attr-defined]


def of_yesterday(model: object) -> None:
    """Without features, which twins had not at first."""
    probe = next(one for one in model.metadata_props if one.key == PROBE)  # type: ignore[attr-defined]
    probe.value = json.dumps(json.loads(probe.value)[:2])


def of_tomorrow(model: object) -> None:
    model.opset_import[0].version = 999  # type: ignore[attr-defined]


SPOILED = {
    "empty": (lambda path: path.write_bytes(b""), "is no ONNX file of nircolor"),
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:-100]), "is no ONNX file of nircolor"),
    "another file": (lambda path: path.write_bytes(b"<html>" * 100), "is no ONNX file of nircolor"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "cannot be read"),
    "a flipped bit": (
        lambda path: path.write_bytes(path.read_bytes()[:5000] + b"\xff" + path.read_bytes()[5001:]),
        "is damaged: its checksum",
    ),
    "shapes that lie": (lambda path: changed(path, reshaped), "cannot load|no network"),
    "other numbers": (lambda path: changed(path, other_numbers), "something else of"),
    "another model": (lambda path: changed(path, other_model), "is no network of nircolor"),
    "no metadata": (lambda path: changed(path, no_proof), "was made from other weights"),
    "an older one": (lambda path: changed(path, of_yesterday), "was made by an earlier version of nircolor; make it"),
    "a newer one": (lambda path: changed(path, of_tomorrow), "cannot load"),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_what_is_no_twin_is_refused_and_torch_takes_its_place(kind: str, path: Path) -> None:
    spoil, said = SPOILED[kind]
    spoil(path.with_suffix(".onnx"))
    with pytest.raises((WeightsError, DeviceError), match=said) as caught:
        Colorizer.from_weights(str(path), engine="onnx")
    assert len(str(caught.value)) < 600
    check_retreat(path, said)


def check_retreat(path: Path, said: str) -> None:
    """``auto`` announces it, and gives the picture of torch."""
    events: list[Event] = []
    config = nircolor.EngineConfig(str(path), "cpu", "fp32" if said else "auto")
    engine = config.load(Reporter(events.append))
    assert engine.info.kernel == "numba"
    told = [event.text for event in events if isinstance(event, Retreat)]
    assert len(told) == 1
    assert told[0].startswith("torch takes the place of onnxruntime: ")
    plain = Colorizer.from_weights(str(path), engine="torch", device="cpu", precision="fp32")
    np.testing.assert_array_equal(engine.colorize(NIR), plain.colorize(NIR))


def test_a_twin_of_other_weights_is_refused(path: Path) -> None:
    save(path, network(PLAIN, seed=1))
    with pytest.raises(WeightsError, match="was made from other weights than those beside it; make it again with"):
        Colorizer.from_weights(str(path), engine="onnx")
    check_retreat(path, "other weights")


def test_without_onnxruntime_torch_takes_its_place(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DeviceError, match=r"onnxruntime cannot be loaded .*; pip install onnxruntime"):
        Colorizer.from_weights(str(path), engine="onnx")
    check_retreat(path, "cannot be loaded")


def test_weights_without_a_twin_are_for_torch(path: Path) -> None:
    path.with_suffix(".onnx").unlink()
    assert Colorizer.from_weights(str(path), device="cpu").info.kernel == "numba"
    with pytest.raises(WeightsError, match="has no ONNX file; make one beside it with `nircolor weights export"):
        Colorizer.from_weights(str(path), engine="onnx")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"device": "cuda"}, "`device=cuda`: not with `engine=onnx`; give `device=cpu`, or `engine=torch`"),
        ({"precision": "bf16"}, "`precision=bf16`: not with `engine=onnx`; give `precision=fp32`, or `engine=torch`"),
        ({"engine": "tensorflow"}, "`engine=tensorflow`: unknown; give auto, torch or onnx"),
    ],
)
def test_what_it_cannot_do_is_refused_before_anything_is_read(options: dict[str, str], said: str) -> None:
    config = nircolor.EngineConfig(**{"engine": "onnx", **options})  # type: ignore[arg-type]
    with pytest.raises(UsageError) as caught:
        nircolor.colorize_file("no such file.png", engine=config)
    assert str(caught.value) == said


def test_bf16_is_for_torch(path: Path) -> None:
    assert Colorizer.from_weights(str(path), device="cpu", precision="bf16").info.kernel == "numba"


@pytest.mark.parametrize("name", list_packaged())
def test_packaged_weights_have_their_twin(name: str) -> None:
    """After new weights: ``nircolor weights export NAME weights/nircolor-NAME.onnx --overwrite``."""
    engine = Colorizer.from_weights(name, engine="onnx")
    assert engine.info.kernel == "onnxruntime"


def test_packaged_files_are_small() -> None:
    sizes = [path.stat().st_size for path in locate("lite").parent.iterdir()]
    assert max(sizes) <= 25e6
    assert sum(sizes) <= 40e6


def test_weights_are_no_onnx_file(path: Path) -> None:
    with pytest.raises(NircolorError, match="it is an ONNX file, which nircolor takes by itself"):
        Colorizer.from_weights(str(path.with_suffix(".onnx")))


def test_the_runtime_tells_nobody_about_this_machine(tmp_path: Path) -> None:
    """It would keep a number of the machine in a cache, and one of the session among temporary files."""
    code = (
        "import numpy, nircolor; nircolor.Colorizer.from_weights(engine='onnx').colorize(numpy.zeros((8, 8), 'uint8'))"
    )
    names = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "GITHUB_ACTIONS", "TF_BUILD", "XDG_CACHE_HOME")
    bare = {name: value for name, value in environment().items() if name not in names}  # where it is silent anyway
    places = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env={**bare, **places}, check=True)
    assert list(tmp_path.iterdir()) == []
