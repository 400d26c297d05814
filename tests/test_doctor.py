"""``examine`` from Python: what it found prints well, and is what the command prints as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nircolor
from nircolor.doctor import Trouble
from nircolor.events import Ended, Event, Progress


def test_what_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nircolor.weights._packaged_folder", lambda: tmp_path)  # an empty one
    events: list[Event] = []
    found = nircolor.examine(on_event=events.append)
    assert events == [Progress("examining"), Ended()]
    assert found.scan
    assert found.scan["sound"]
    assert found.problems == (Trouble("no weights are packaged; reinstall nircolor", 4),)
    assert not found.usable
    assert str(found).splitlines()[0] == f"nircolor {nircolor.__version__}"
    assert str(found).splitlines()[-1] == "NOT usable:"
    values = json.loads(json.dumps(found.to_json()))
    assert list(values)[-2:] == ["problems", "usable"]
    assert values["problems"] == [{"message": "no weights are packaged; reinstall nircolor", "exit_code": 4}]
