"""``nircolor doctor``: what it finds, and that it notices what is broken."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import Run

from nircolor import __version__

KEYS = {
    "nircolor", "python", "packages", "cpu", "cuda", "mps", "scan", "weights", "onnx", "extras", "hub", "problems",
    "usable",
}  # fmt: skip


@pytest.fixture
def packaged(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small weights, in the place of the packaged ones."""
    path = tmp_path / "nircolor-lite.safetensors"
    shutil.copy(tiny_weights, path)
    monkeypatch.setattr("nircolor.weights._packaged_folder", lambda: tmp_path)
    return path


def test_all_is_well(inside: Run, packaged: Path) -> None:
    result = inside("doctor", "--json")
    values = result.json
    assert (result.code, result.err) == (0, "")
    assert set(values) == KEYS
    assert (values["nircolor"], values["usable"], values["problems"]) == (__version__, True, [])
    assert values["packages"]["torch"]
    assert values["cpu"]["model"]
    assert values["cpu"]["threads"] >= 1
    assert values["scan"]["sound"]
    assert Path(values["scan"]["cache"]).is_dir()
    (weights,) = values["weights"]
    assert weights.items() >= {"name": "lite", "path": str(packaged), "error": None}.items()
    assert values["onnx"] == [{"name": "lite", "file": None, "error": None}]
    assert [extra["name"] for extra in values["extras"]] == [
        "mamba",
        "ray",
        "lpips",
        "geo",
        "heic",
        "exr",
        "raw",
        "serve",
    ]


def test_for_people(inside: Run, packaged: Path) -> None:
    result = inside("doctor")
    text = result.out.decode()
    assert result.code == 0
    for word in ("python", "torch 2", "cpu", "cuda", "mps", "scan", "weights", "extra", "hub", "checksum is right"):
        assert word in text
    assert text.splitlines()[-1] == "ready to use"
    assert inside("doctor", "-q").out == b""


def test_the_hub_can_be_offline(forked: Run, tmp_path: Path) -> None:
    settings = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(tmp_path / "hub"), "HF_ENDPOINT": "https://me:key@mirror"}
    result = forked("doctor", "--json", cwd=tmp_path, **settings)
    assert result.json["hub"] == {"cache": str(tmp_path / "hub"), "offline": True, "endpoint": "https://mirror"}


def test_damaged_weights(inside: Run, packaged: Path) -> None:
    packaged.write_bytes(packaged.read_bytes()[:-1] + b"?")
    result = inside("doctor", "--json")
    assert (result.code, result.json["usable"]) == (4, False)
    assert "checksum" in result.json["weights"][0]["error"]
    assert "nircolor-lite.safetensors" in result.err
    assert inside("doctor").out.decode().splitlines()[-1] == "NOT usable:"


def test_no_weights(inside: Run, packaged: Path) -> None:
    packaged.unlink()
    result = inside("doctor", "-q")
    assert (result.code, result.out) == (4, b"")
    assert result.err == "nircolor: error: no weights are packaged; reinstall nircolor\n"


@pytest.fixture
def twin(packaged: Path) -> Path:
    pytest.importorskip("onnx")
    from nircolor.twin.export import export_onnx

    path = packaged.with_suffix(".onnx")
    export_onnx(packaged, path)
    return path


def test_onnxruntime_is_tried(inside: Run, twin: Path) -> None:
    result = inside("doctor", "--json")
    assert (result.code, result.json["onnx"]) == (0, [{"name": "lite", "file": str(twin), "error": None}])


def test_a_damaged_onnx_file(inside: Run, twin: Path) -> None:
    twin.write_bytes(twin.read_bytes()[:-1])
    result = inside("doctor")
    assert result.code == 5
    assert "lite: NOT run by onnxruntime" in result.out.decode()
    assert result.err.startswith("nircolor: error: ")
    assert "is no ONNX file of nircolor, or is cut off; reinstall nircolor (until then torch runs lite" in result.err


def test_no_onnxruntime(inside: Run, twin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    result = inside("doctor", "-q")
    assert result.code == 5
    assert "onnxruntime cannot be loaded" in result.err
    assert "pip install onnxruntime" in result.err


def test_a_scan_that_computes_something_else(inside: Run, packaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nircolor.scan import cross_scan_reference

    monkeypatch.setattr("nircolor.scan.cpu.cross_scan_cpu", lambda *args: cross_scan_reference(*args) + 1)
    result = inside("doctor", "--json", "-q")
    assert (result.code, result.json["scan"]["sound"]) == (5, False)
    assert "differs from the reference by" in result.json["problems"][0]["message"]


def test_a_torch_that_cannot_be_loaded(command: Run, poison: Callable[..., Path], tmp_path: Path) -> None:
    broken = (poison("torch"),)
    result = command("doctor", cwd=tmp_path, first=broken)
    assert result.code == 5
    assert "torch was imported" in result.err
    assert "Traceback" not in result.err
    values = command("doctor", "--json", cwd=tmp_path, first=broken).json
    assert values["cpu"] is None
    assert values["packages"]["numpy"]
    assert all(problem["exit_code"] in (4, 5) for problem in values["problems"])


def test_a_missing_package_and_a_missing_extra(inside: Run, packaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    monkeypatch.setattr("nircolor.checks.PACKAGES", ("torch", "no-such-package"))
    monkeypatch.setattr("nircolor.checks.EXTRAS", {"mamba": ("no_such_module", "torch"), "ray": ("torch",)})
    values = inside("doctor", "--json").json
    assert values["packages"] == {"torch": metadata.version("torch"), "no-such-package": None}
    assert (
        values["problems"][0]["message"] == "no-such-package is missing; install it with: pip install no-such-package"
    )
    mamba, ray = values["extras"]
    assert mamba == {"name": "mamba", "missing": ["no_such_module"], "install": "pip install 'nircolor[mamba]'"}
    assert ray["missing"] == []
