"""``reference``: pictures of a data set are references of one another."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import small_network
from pictures import save

import nircolor
from nircolor import scenes
from nircolor.cli import main
from nircolor.datasets import Pair
from nircolor.errors import UsageError
from nircolor.evaluation.references import ReferenceWay
from nircolor.evaluation.results import Results
from nircolor.evaluation.summary import SummaryRow


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    return small_network.save(folder / "tiny.safetensors", small_network.network(small_network.PLAIN))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two views of a meadow, which are one, two of a street, and one of a lake."""
    root, rows = tmp_path_factory.mktemp("data"), ["id,split,scene"]
    views = {"meadow": ("meadow_0", "meadow_1"), "street": ("street_0", "street_1"), "lake": ("lake",)}
    for seed, (kind, names) in enumerate(views.items(), 3):
        scene = scenes.render(seed, 96, 128, kind)
        for name in names:
            save(root / f"{name}_nir.png", scenes.quantise(scene.nir, 8))
            save(root / f"{name}_rgb.png", scenes.quantise(scene.rgb, 8))
            rows.append(f"{name},val,{kind}")
    (root / "split.csv").write_text("\n".join(rows))
    return root


@pytest.fixture(scope="module")
def mates(data: Path, weights: Path) -> Results:
    return nircolor.evaluate(data, str(weights), reference="mates", metrics=["psnr", "angle"])


def led(results: Results) -> list[SummaryRow]:
    return [row for row in results.rows if row.reference]


def _pairs(**scenes_of: str) -> list[Pair]:
    return [Pair(name, Path(f"{name}_nir.png"), Path(f"{name}_rgb.png"), scene) for name, scene in scenes_of.items()]


def test_mates_show_one_scene_and_the_rest_is_left_out(mates: Results, weights: Path) -> None:
    assert mates.methods == (str(weights), f"{weights} reference=mates")
    found = {row.id: (row.reference or {})["id"] for row in led(mates)}
    pairs = {"meadow_0": "meadow_1", "meadow_1": "meadow_0", "street_0": "street_1", "street_1": "street_0"}
    assert found == pairs
    assert {row.id for row in mates.rows} == set(pairs)
    assert "another picture of the same scene, seed 0, mode auto" in mates.settings[mates.methods[1]]


def test_a_picture_of_the_place_makes_colours_right(mates: Results) -> None:
    (gain,) = mates.references
    before, after = ([row.values for row in mates.rows if row.method == name] for name in mates.methods)
    expected = fmean(float(b["psnr"] or 0) for b in after) - fmean(float(a["psnr"] or 0) for a in before)
    assert gain.psnr == pytest.approx(expected)
    assert gain.psnr > 3
    assert gain.angle is not None
    assert gain.angle < -0.3
    assert (gain.method, gain.pictures, gain.worse) == (mates.methods[1], 4, 0)
    assert gain.modes == {"place": 4}
    assert str(gain).startswith(f"{mates.methods[1]}, 4 pictures: PSNR +")
    assert str(gain).endswith("4 by place")


def test_every_row_tells_its_reference_and_the_evidence(mates: Results) -> None:
    printed = json.loads(json.dumps(mates.to_json()))
    assert printed["references"] == [mates.references[0].to_json()]
    bare, guided = printed["rows"][:2]
    assert "reference" not in bare
    assert guided["reference"]["id"] == "meadow_1"
    assert guided["reference"]["mode"] == "place"
    assert guided["reference"]["inliers"] >= 12


def test_other_is_drawn_from_another_scene_by_seed(data: Path, weights: Path) -> None:
    results = nircolor.evaluate(data, str(weights), reference="other", reference_mode="place", metrics=["psnr"])
    scene_of = {row.id: row.scene for row in results.rows}
    assert len(led(results)) == 5
    assert all(scene_of[str((row.reference or {})["id"])] != row.scene for row in led(results))
    assert results.references[0].modes == {"none": 5}
    assert results.references[0].psnr == 0
    assert results.references[0].angle is None


def test_what_is_chosen_depends_on_seed_and_names_alone() -> None:
    pairs = _pairs(**{f"{scene}{i}": scene for scene in "abcdef" for i in range(5)})
    for way in ("mates", "other"):
        chosen = ReferenceWay(way).choose(pairs)
        assert chosen == ReferenceWay(way).choose(pairs[::-1])
        assert chosen != ReferenceWay(way, seed=1).choose(pairs)
        assert all((chosen[pair.id].scene == pair.scene) == (way == "mates") for pair in pairs)
        assert all(chosen[pair.id].id != pair.id for pair in pairs)
    strange = [replace(pair, id=f"\udcff{pair.id}") for pair in pairs]
    assert len(ReferenceWay("other").choose(strange)) == len(pairs)


def test_one_that_cannot_be_used_is_named_and_the_rest_measured(data: Path, weights: Path, tmp_path: Path) -> None:
    for file in data.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    grey = np.full((96, 128, 3), 90, np.uint8)
    grey[:48] = 20
    save(tmp_path / "street_1_rgb.png", grey)
    results = nircolor.evaluate(tmp_path, str(weights), reference="mates", metrics=["psnr"])
    (problem,) = results.problems
    assert problem.name.endswith("street_1_rgb.png")
    assert "grey" in problem.reason
    assert [row.id for row in led(results)] == ["meadow_0", "meadow_1", "street_1"]


def test_mistakes_are_refused_before_the_work(data: Path, weights: Path) -> None:
    for methods, more, words in (
        (str(weights), {"reference": "twins"}, "`reference=twins`: unknown; give mates or other"),
        (str(weights), {"reference": "mates", "reference_mode": "here"}, "`reference_mode=here`: unknown"),
        ("grey", {"reference": "mates"}, "`reference` is for what is colorized now: add `weights`"),
        (f"{weights} resize=64", {"reference": "mates"}, "leave `resize` out"),
    ):
        with pytest.raises(UsageError) as caught:
            nircolor.evaluate(data, methods, **more)  # type: ignore[arg-type]
        assert words in str(caught.value)
    for pairs, way, words in (
        (_pairs(a="1", b="2"), "mates", "no two"),
        (_pairs(a="1", b="1"), "other", "all pictures"),
    ):
        with pytest.raises(UsageError, match=words):
            ReferenceWay(way).choose(pairs)


def test_the_command_says_what_they_are_worth(data: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = ["evaluate", "--weights", str(weights), str(data), "--metrics", "psnr"]
    assert main([*start, "--reference", "mates", "--reference-mode", "place"]) == 0
    assert "4 pictures: PSNR +" in " ".join(capsys.readouterr().out.split())
    assert main([*start, "--reference", "twins"]) == 2
    assert "--reference twins: unknown; give mates or other" in " ".join(capsys.readouterr().err.split())
