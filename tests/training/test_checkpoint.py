"""What differs between two recipes."""

from __future__ import annotations

import json

import pytest
from tiny_run import recipe

from nircolor.training.checkpoint import differences

pytestmark = pytest.mark.usefixtures("tiny_preset")


def test_a_recipe_equals_itself_read_back_from_a_file() -> None:
    values = recipe().to_dict()
    assert differences(json.loads(json.dumps(values)), values) == []


def test_every_difference_is_named_with_its_place() -> None:
    then, now = recipe(6).to_dict(), recipe(8).to_dict()
    now["sources"][0]["weight"] = 2.0
    now["sources"][0]["leave_out"] = ("s1", "s2")
    now["model"]["rgb"]["widths"] = (8, 16)
    del then["patience"]
    assert set(differences(json.loads(json.dumps(then)), now)) == {
        "optim.steps was 6, is 8 now",
        "sources.0.weight was 1.0, is 2.0 now",
        "sources.0.leave_out was [], is ['s1', 's2'] now",
        "model.rgb.widths was [8, 8], is [8, 16] now",
        "patience was absent, is 0 now",
    }


def test_a_table_more_is_a_difference() -> None:
    assert differences([{"a": 1}], [{"a": 1}, {"a": 2}], "sources") == ["sources.1 was absent, is {'a': 2} now"]
