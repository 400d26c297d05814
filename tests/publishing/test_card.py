"""publishing/card.py and history.py: what a model card says, and what it does not make up."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from nircolor.hub import HubRef
from nircolor.publishing.card import Subject, own_card, write_card

DATA = {
    "sources": [{"folder": "naip", "split": "train", "pairs": 220, "scenes": 120}],
    "validation": [{"folder": "epfl/val", "split": "val", "pairs": 24, "scenes": 20}],
}
HISTORY: dict[str, Any] = {
    "recipe": {"preset": "lite", "optim": {"steps": 900, "rate": 0.0004}, "start_from": "/home/me/pre.safetensors"},
    "step": 900,
    "data": DATA,
    "metrics": {"protocol": "srgb8", "scores": {"epfl/val": {"psnr": 17.004, "lpips-squeeze": 0.2461}}},
}
CONFIG = {"config": {"name": "lite"}}


def card(meta: dict[str, Any], revision: str | None = None) -> tuple[dict[str, Any], str]:
    """Front matter and page."""
    place = HubRef("acme/nir", revision, "model.safetensors")
    text = write_card(Subject(place, {**CONFIG, **meta}, 4_700_000, 9_400_000, "ab" * 32, ["pictures/a.png"]))
    _, front, page = text.split("---\n", 2)
    assert own_card(text)
    values = yaml.safe_load(front)
    assert isinstance(values, dict)
    return values, page


def test_of_a_run() -> None:
    front, page = card({**HISTORY, "license": "CC BY 4.0", "description": "orchards"}, "v1")
    assert (front["library_name"], front["license"], front["pipeline_tag"]) == (
        "nircolor",
        "cc-by-4.0",
        "image-to-image",
    )
    assert {"near-infrared", "colorization"} <= set(front["tags"])
    (result,) = front["model-index"][0]["results"]
    assert [(row["type"], row["value"]) for row in result["metrics"]] == [("psnr", 17.004), ("lpips-squeeze", 0.2461)]
    assert "| set | protocol | PSNR dB | lpips-squeeze |" in page
    assert "| epfl/val | srgb8 | 17.00 | 0.2461 |" in page
    assert (
        "Trained on:\n\n| data | split | pairs | scenes |\n| --- | --- | --- | --- |\n| naip | train | 220 | 120 |"
        in page
    )
    assert "never trained on:\n" in page
    assert "went on from the weights `pre.safetensors`" in page
    assert "/home/me" not in page
    assert "recipe `lite`: step 900, steps 900, rate 0.0004" in page
    assert "4,700,000 parameters, 9.4 MB" in page
    assert "--weights hf://acme/nir@v1\n" in page
    assert 'from_pretrained("acme/nir", revision="v1")' in page
    assert "](pictures/a.png)" in page


def test_what_is_not_known_is_said() -> None:
    front, page = card({})
    assert "license" not in front
    assert "model-index" not in front
    assert "Nobody has measured these weights yet" in page
    assert "nircolor evaluate PAIRS --weights hf://acme/nir --protocol srgb8 --report scores.html" in page
    assert "What they were trained on is not in the file." in page
    assert "None are stated" in page


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("MIT", {"license": "mit"}),
        ("Apache 2.0", {"license": "apache-2.0"}),
        ("CC BY-NC 4.0", {"license": "cc-by-nc-4.0"}),
        ("for research and education", {"license": "other", "license_name": "for-research-and-education"}),
        ("研究", {"license": "other", "license_name": "see-card"}),
    ],
)
def test_licences_that_the_hub_knows(text: str, licence: dict[str, str]) -> None:
    front, page = card({"license": text})
    assert {key: value for key, value in front.items() if key.startswith("license")} == licence
    assert f"## Terms\n\n{text}\n" in page


def test_several_runs_are_told_one_by_one() -> None:
    other = {**HISTORY, "step": 800}
    for key, word in (("members", "member"), ("average_of", "run")):
        front, page = card({key: [HISTORY, other]})
        assert "model-index" not in front
        assert f"| {word} 1 | epfl/val |" in page
        assert f"| {word} 2 | epfl/val |" in page
        assert "what they make together was not measured" in page
        assert page.count("| naip |") == 1
        assert f"- {word} 2 `lite`: step 800" in page


def test_scores_of_before_an_export_are_none_of_the_weights() -> None:
    metrics = {**HISTORY["metrics"], "measured_before": ["chroma 1 -> 1.2"]}
    front, page = card({**HISTORY, "metrics": metrics})
    assert "model-index" not in front
    assert r"Measured before this was changed: chroma 1 -\> 1.2." in page


def test_a_file_of_anybody_writes_no_page_of_its_own() -> None:
    evil = "a | b\n# <script>alert(1)</script> `x` [y](http://z)"
    meta = {
        "data": {"sources": [{"folder": evil, "pairs": {"a": 1}}, 7], "validation": "x"},
        "metrics": {"scores": {evil: {"psnr": 1e400, evil: 2.0}, "x": 3}, "measured_before": [evil]},
        "recipe": {"preset": evil, "optim": [], "start_from": evil}, "members": {}, "step": evil, "license": evil,
        "description": evil, "camera": {"pairs": evil},
    }  # fmt: skip
    front, page = card(meta)
    assert front["license"] == "other"
    page = re.sub(r"`[^`\n]*`", "", page)  # what stands between backticks is shown as it is
    assert "<script>" not in page
    assert re.findall("^# .*", page, flags=re.M) == ["# nir"]
    assert not re.search(r"(?<!\\)\]\(http", page)
    card({"data": 3, "metrics": [1], "recipe": "x", "members": [1, 2], "license": 5, "description": None, "camera": 1})


def test_a_card_that_somebody_edited_is_known() -> None:
    text = write_card(Subject(HubRef("acme/nir", None, "model.safetensors"), CONFIG, 1, 1, "ab"))
    assert own_card(text)
    assert own_card(text.replace("library_name: nircolor", "library_name: nircolor\nlanguage: en"))  # as the Hub does
    assert own_card(text.replace("\n", "\r\n"))
    assert own_card("---\nlicense: mit\n---\n")
    assert own_card("")
    assert not own_card(text.replace("# nir", "# My own"))
    assert not own_card(text + "More.")
    assert not own_card("---\nlicense: mit\n---\n# Mine")
    assert not own_card("# Mine")
