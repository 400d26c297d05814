"""Which prediction belongs to which pair."""

from __future__ import annotations

from pathlib import Path

import dataset_trees as trees
import pytest
from dataset_trees import put, put_pairs

from nircolor.datasets import match_predictions, open_dataset
from nircolor.errors import InputError


def matched(folder: Path, root: Path) -> dict[str, str]:
    found, problems = match_predictions(folder, open_dataset(root).pairs)
    assert not problems
    return {name: path.relative_to(folder).as_posix() for name, path in found.items()}


@pytest.mark.parametrize("name", ["a.png", "a_rgb.TIF", "a_nir.png", "a_nir_rgb.jpg", "deep/er/a_rgb.png", "NIR/a.png"])
def test_a_prediction_is_called_like_its_pair(name: str, tmp_path: Path) -> None:
    root = put_pairs(tmp_path / "set", ("a",))
    put(tmp_path / "out" / name, "rgb")
    assert matched(tmp_path / "out", root) == {"a": name}


@pytest.mark.parametrize(
    "names",
    ["{}/0000_nir_rgb.tiff", "{}/0000.png", "nirscene1/NIR/{}/0000_rgb.png", "{}_0000.png", "{}_0000_nir_rgb.png"],
)
def test_folders_of_an_id_tell_predictions_apart(names: str, tmp_path: Path) -> None:
    root = trees.rgb2nir(tmp_path / "nirscene1")
    if names.startswith("nirscene1"):
        names = names.removeprefix("nirscene1/")
    for category in ("country", "water"):
        put(tmp_path / "out" / names.format(category), "rgb")
    found, problems = match_predictions(tmp_path / "out", open_dataset(root).pairs)
    assert {name: path.relative_to(tmp_path / "out").as_posix() for name, path in found.items()} == {
        "country/0000": names.format("country"),
        "water/0000": names.format("water"),
    }
    assert [str(problem) for problem in problems] == [
        f"country/0001: no prediction of it in {tmp_path / 'out'}; expected 0001_nir_rgb.*, or its id for a name"
    ]


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (trees.vcip2020, "NIR/country_0000_nir_rgb.png Validation/validation_0001_nir_rgb.png"),
        (trees.fanvid, "Train/paired_NIR1/Train_00001_rgb.bmp Test/paired_NIR1/Test_00002.bmp"),
        (trees.omsiv, "train/Y/NIR_001_rgb.png test/Y/NIR_002_rgb.png"),
    ],
)
def test_predictions_that_mirror_a_benchmark(build, names: str, tmp_path: Path) -> None:
    pairs = open_dataset(build(tmp_path / "set")).pairs
    for name in names.split():
        put(tmp_path / "out" / name, "rgb")
    found, problems = match_predictions(tmp_path / "out", pairs)
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in found.values()) == sorted(names.split())
    assert len(problems) == len(pairs) - 2
    assert {problem.kind for problem in problems} == {"unpaired"}


def test_equal_names_in_folders_are_not_mixed_up(tmp_path: Path) -> None:
    root = put_pairs(tmp_path / "set", ("x", "sub/x"))
    put(tmp_path / "out" / "sub" / "x.png")
    found, problems = match_predictions(tmp_path / "out", open_dataset(root).pairs)
    assert found == {"sub/x": tmp_path / "out" / "sub" / "x.png"}
    assert [problem.pair for problem in problems] == ["x"]


def test_missing_doubled_and_foreign_predictions(tmp_path: Path) -> None:
    root = put_pairs(tmp_path / "set", ("a", "b", "c"))
    out = tmp_path / "out"
    for name in ("a.png", "b.png", "b_nir_rgb.png", "z1.png"):
        put(out / name, "rgb")
    found, problems = match_predictions(out, open_dataset(root).pairs)
    assert found == {"a": out / "a.png"}
    assert {(Path(problem.name).name, problem.kind, problem.pair) for problem in problems} == {
        ("c", "unpaired", "c"),
        ("b_nir_rgb.png", "doubled", "b"),
        ("z1.png", "stray", ""),
    }
    for number in range(2, 12):
        put(out / f"z{number}.png")
    strays = [problem for problem in match_predictions(out, open_dataset(root).pairs)[1] if problem.kind == "stray"]
    assert [str(problem) for problem in strays] == [
        f"{out}: 11 pictures belong to no pair of this split (z1.png, z2.png, z3.png ...); they are not measured"
    ]


def test_predictions_beside_their_inputs(tmp_path: Path) -> None:
    root = put_pairs(tmp_path, ("a", "b"))
    assert matched(root, root) == {"a": "a_rgb.png", "b": "b_rgb.png"}  # the truth against itself
    pairs = open_dataset(root).pairs
    put(tmp_path / "a_nir_rgb.png", "rgb")
    found, problems = match_predictions(root, pairs)
    assert found["a"] == tmp_path / "a_nir_rgb.png"
    assert not problems


def test_truth_alone(tmp_path: Path) -> None:
    for name in ("a.png", "sub/b_rgb.png", "c.png"):
        put(tmp_path / "truth" / name)
    for name in ("a_nir_rgb.png", "sub/b.jpg", "c_rgb.png"):
        put(tmp_path / "out" / name, "rgb")
    assert matched(tmp_path / "out", tmp_path / "truth") == {
        "a": "a_nir_rgb.png",
        "sub/b": "sub/b.jpg",
        "c": "c_rgb.png",
    }


def test_no_folder_of_predictions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone: no such folder"):
        match_predictions(tmp_path / "gone", ())


def test_development_data_matches_itself(shared: Path) -> None:
    dataset = open_dataset(shared / "data" / "vcip2020", split="val")
    found, problems = match_predictions(shared / "data" / "vcip2020" / "RGB-Registered", dataset.pairs)
    assert found == {pair.id: pair.rgb for pair in dataset.pairs}
    assert [problem.kind for problem in problems] == ["stray"]
