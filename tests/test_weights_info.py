"""Which weights there are, and what a file says of itself, from Python."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import nircolor
from nircolor import weights
from nircolor.events import Ended, Event, Warned
from nircolor.weights import OWN_FOLDER


def test_the_packaged_ones_and_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights.save(tmp_path / "nircolor-mine.safetensors", {}, {"config": {"name": "small"}})
    (tmp_path / "torn.safetensors").write_bytes(b"\x10")
    monkeypatch.setenv(OWN_FOLDER, str(tmp_path))
    events: list[Event] = []
    rows = nircolor.list_weights(on_event=events.append)
    assert [row.name for row in rows] == [*weights.list_packaged(), "mine"]
    assert {row.source for row in rows[:-1]} == {"packaged"}
    mine = rows[-1]
    assert (mine.source, mine.network, Path(mine.path).name) == ("own", "small", "nircolor-mine.safetensors")
    assert str(mine) == f"mine  own  0.0 MB  small  {mine.path}"
    warning, end = events
    assert isinstance(warning, Warned)
    assert str(tmp_path / "torn.safetensors") in warning.text
    assert end == Ended()


def test_a_sound_file_and_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    weights.save(path, {}, {"license": "CC0-1.0", "step": 3})
    info = nircolor.verify_weights(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (info.sha256, info.bytes, info.network, info.meta["step"]) == (digest, path.stat().st_size, None, 3)
    assert str(info) == f"{path}: sound\nsha256: {digest}\nlicense: CC0-1.0\nstep: 3"
    assert list(info.to_json()) == ["name", "path", "bytes", "network", "sha256", "meta"]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(nircolor.WeightsError, match=r"x\.safetensors"):
        nircolor.verify_weights(path)
