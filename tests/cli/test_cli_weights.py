"""``nircolor weights``: list, fetch, verify."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from cli_tools import Run, environment
from hub_server import HubServer


def test_list(inside: Run, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nircolor.weights._packaged_folder", lambda: tmp_path)
    nothing = inside("weights", "list")
    assert (nothing.code, nothing.out) == (0, b"")
    assert "no weights are packaged" in nothing.err
    path = tmp_path / "nircolor-lite.safetensors"
    shutil.copy(tiny_weights, path)
    rows = inside("weights", "list", "--json").json["weights"]
    assert rows == [{"name": "lite", "path": str(path), "bytes": path.stat().st_size, "network": "tiny"}]
    (line,) = inside("weights", "list").out.decode().splitlines()
    assert line.startswith("lite  0.")
    assert line.endswith(str(path))


def test_verify(inside: Run, tiny_weights: Path) -> None:
    values = inside("weights", "verify", tiny_weights, "--json").json
    digest = hashlib.sha256(tiny_weights.read_bytes()).hexdigest()
    assert (values["sha256"], values["network"], values["meta"]["license"]) == (digest, "tiny", "CC0-1.0")
    text = inside("weights", "verify", tiny_weights).out.decode()
    assert text.startswith(f"{tiny_weights}: sound\nsha256: {digest}\n")
    assert "license: CC0-1.0" in text


def test_verify_what_is_not_sound(command: Run, tiny_weights: Path, tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(tiny_weights.read_bytes()[:-1])
    result = command("weights", "verify", "x.safetensors", "--json", cwd=tmp_path)
    assert (result.code, result.json["exit_code"]) == (4, 4)
    assert result.err.startswith("nircolor: error: x.safetensors: ")


def test_fetch_once_then_colorize_offline(command: Run, tiny_weights: Path, nir8: Path, tmp_path: Path) -> None:
    name = "hf://acme/nir/tiny.safetensors"
    home = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_TELEMETRY": "1"}
    with HubServer({"tiny.safetensors": tiny_weights.read_bytes()}) as server:
        env = {**environment(), **home, "HF_ENDPOINT": server.url}
        result = command("weights", "fetch", name, "-q", cwd=tmp_path, env=env)
        assert (result.code, result.err) == (0, "")
    path = Path(result.out.decode().strip())
    assert path.read_bytes() == tiny_weights.read_bytes()
    offline = {**environment(), **home, "HF_HUB_OFFLINE": "1"}
    result = command("colorize", nir8.name, "--json", "--weights", name, cwd=tmp_path, env=offline)
    assert (result.code, result.json["weights"]) == (0, name)
    assert f"weights {name} (" in result.err


def test_fetch_what_cannot_be_had(command: Run, tmp_path: Path) -> None:
    env = {**environment(), "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    result = command("weights", "fetch", "hf://acme/nir/x.safetensors", cwd=tmp_path, env=env)
    assert result.code == 4
    assert result.err.startswith("nircolor: error: hf://acme/nir/x.safetensors: not in the cache")
