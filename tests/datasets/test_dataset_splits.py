"""Where a split comes from, and that it never divides a scene."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import dataset_trees as trees
import pytest
from dataset_trees import ids, put, put_pairs
from hypothesis import given
from hypothesis import strategies as st

from nircolor.datasets import Pair, open_dataset
from nircolor.datasets.splits import divide
from nircolor.errors import InputError

NAMES = ("a", "b", "c", "d")


@pytest.fixture
def four(tmp_path: Path) -> Path:
    return put_pairs(tmp_path / "four", NAMES)


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_list_in_the_folder_names_splits_scenes_and_kinds(four: Path) -> None:
    table = write(
        four / "split.csv",
        "\ufeffID, split ,scene,kind,width",
        "a,train,s1,natural,8",
        "b,Validation,s2,built,8",
        "c,leaky,s1,,8",
        "d,train,,",
    )
    train = open_dataset(four, split="train")
    assert [(pair.id, pair.scene, pair.kind) for pair in train.pairs] == [("a", "s1", "natural"), ("d", "d", "")]
    assert train.split_origin == f"listed in {table}"
    assert ids(open_dataset(four, split="val")) == ids(open_dataset(four, split="validation")) == ["b"]
    assert ids(open_dataset(four, split="leaky")) == ["c"]
    assert ids(open_dataset(four)) == list(NAMES)
    with pytest.raises(InputError, match=r"no pair in split 'test'.*there are train, val, leaky, all"):
        open_dataset(four, split="test")


def test_a_list_given_comes_first_then_the_folder_s_then_its_parent_s(four: Path) -> None:
    write(four.parent / "split.csv", "id,split", "a,val")
    assert ids(open_dataset(four, split="val")) == ["a"]
    write(four / "split.csv", "id,split", "b,val")
    assert ids(open_dataset(four, split="val")) == ["b"]
    given = write(four.parent / "mine.csv", "id,split", "c,val")
    assert ids(open_dataset(four, split="val", split_file=given)) == ["c"]
    (four / "split.csv").unlink()
    write(four.parent / "split.csv", "id,split", "stranger,val")  # of another data set
    assert open_dataset(four).split_origin.startswith("no split")


def test_a_list_and_the_files_may_differ(four: Path) -> None:
    write(four / "split.csv", "id,split", "a,train", "b,val", "ghost,train", "phantom,val", "a,val", "", ",train")
    found = {(problem.name, problem.kind) for problem in open_dataset(four).problems}
    assert found == {
        ("ghost", "absent"),
        ("phantom", "absent"),
        ("a", "doubled"),
        (str(four / "c_rgb.png"), "unlisted"),
        (str(four / "d_rgb.png"), "unlisted"),
    }
    of_val = {problem.name for problem in open_dataset(four, split="val").problems}
    assert of_val == {"phantom", str(four / "c_rgb.png"), str(four / "d_rgb.png")}


def test_a_list_beside_the_folder_may_be_of_more_than_this_folder(four: Path) -> None:
    write(four.parent / "split.csv", "id,split", *(f"{name},val" for name in NAMES), "elsewhere,train", "gone,val")
    assert [problem.name for problem in open_dataset(four).problems] == ["gone"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name,part\na,train\n", "needs columns id and split; it has name, part"),
        (b"", "needs columns id and split; it has none"),
        (b"id,split\n\xff\xfe,train\n", "cannot be read as a split file"),
        (b"id,split\n" + b"a" * 200_000 + b",train\n", "cannot be read as a split file .field larger than"),
        (b"id,split\n" + b"\n" * (64 << 20), "cannot be read as a split file .it is larger than 65536 KiB"),
        (os.mkfifo, "cannot be read as a split file .it is no regular file"),
        (Path.mkdir, "cannot be read as a split file .it is a folder"),
        (lambda path: path.symlink_to("/dev/zero"), "cannot be read as a split file .it is no regular file"),
        (lambda path: None, "cannot be read as a split file"),
    ],
    ids=range(9),
)
def test_a_list_that_is_none(content: bytes | Callable[[Path], None], words: str, four: Path) -> None:
    table = four / "list.csv"
    if isinstance(content, bytes):
        table.write_bytes(content)
    else:
        content(table)
    with pytest.raises(InputError, match=rf"list\.csv: .*{words}"):
        open_dataset(four, split_file=table)


@pytest.mark.parametrize(("folder", "split"), [("Train", "train"), ("VALIDATION", "val"), ("testing", "test")])
def test_folders_that_name_splits(folder: str, split: str, tmp_path: Path) -> None:
    put_pairs(tmp_path / "set" / folder, ("a",))
    put_pairs(tmp_path / "set" / "nir" / "train" / "..", ())
    dataset = open_dataset(tmp_path / "set", split=split)
    assert (ids(dataset), dataset.split_origin) == (["a"], "the folders of the data set")
    alone = open_dataset(tmp_path / "set" / folder, split=split)
    assert (ids(alone), alone.split_origin) == (["a"], f"the name of the folder, {folder}")
    put_pairs(tmp_path / "set", ("outside",))
    (problem,) = open_dataset(tmp_path / "set").problems
    assert (problem.kind, problem.pair) == ("unlisted", "outside")


def test_a_split_below_each_side(tmp_path: Path) -> None:
    for part, name in (("train", "a"), ("val", "b")):
        put_pairs(tmp_path, (name,), f"NIR/{part}/{{}}.png", f"RGB/{part}/{{}}.png")
    assert ids(open_dataset(tmp_path, split="val")) == ["b"]
    put_pairs(tmp_path, ("a",), "NIR/val/{}.png", "RGB/val/{}.png")
    assert ids(open_dataset(tmp_path)) == ["b", "train/a", "val/a"]


@pytest.fixture
def by_first_letter(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Scenes by the first letter of an id, instead of by matching pictures; counts how often it is asked."""
    calls: list[int] = []

    def group_scenes(pairs: Sequence[Pair], *, on_progress: Callable[[int, int], None] | None = None) -> dict[str, str]:
        calls.append(len(pairs))
        if on_progress:
            on_progress(len(pairs), len(pairs))
        return {pair.id: f"scene {pair.id[0]}" for pair in pairs}

    fake = ModuleType("nircolor.datasets.leaks")
    fake.group_scenes = group_scenes  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nircolor.datasets.leaks", fake)
    return calls


def test_a_draw_keeps_scenes_together(tmp_path: Path, by_first_letter: list[int]) -> None:
    names = [f"{letter}{number}" for letter in "abcdefghij" for number in (1, 2)]
    put_pairs(tmp_path, names)
    assert open_dataset(tmp_path).split_origin == "no split: every pair of the folder"
    assert not by_first_letter  # nobody has to look at pictures for all of them
    steps: list[tuple[int, int]] = []
    parts = {
        split: open_dataset(tmp_path, split=split, seed=3, on_progress=lambda *step: steps.append(step))
        for split in ("train", "val", "test")
    }
    assert steps == [(20, 20)] * 3
    assert sorted(name for part in parts.values() for name in ids(part)) == sorted(names)
    scenes = [{pair.scene for pair in part.pairs} for part in parts.values()]
    assert [len(found) for found in scenes] == [8, 1, 1]
    assert parts["val"].split_origin == "drawn by scene, 80/10/10 of 10 scenes, seed 3"
    drawn = {tuple(ids(open_dataset(tmp_path, split="val", seed=seed))) for seed in range(8)}
    assert len(drawn) > 2
    with pytest.raises(InputError, match=r"no pair in split 'vall' .* there are train, val, test, all"):
        open_dataset(tmp_path, split="vall")


def test_two_scenes_cannot_be_split_in_three(tmp_path: Path, by_first_letter: list[int]) -> None:
    put_pairs(tmp_path, ("a1", "b1"))
    assert ids(open_dataset(tmp_path, split="train")) == ["a1", "b1"]
    with pytest.raises(InputError, match=r"no pair in split 'val' .*there are train, all"):
        open_dataset(tmp_path, split="val")


@given(st.sets(st.text(max_size=8), max_size=200), st.integers(0, 2**32))
def test_every_scene_is_in_one_split_and_a_tenth_in_val_and_test(scenes: set[str], seed: int) -> None:
    drawn = divide(scenes, seed)
    assert drawn.keys() == scenes
    assert drawn == divide(scenes.copy(), seed)
    counts = {split: list(drawn.values()).count(split) for split in ("train", "val", "test")}
    assert sum(counts.values()) == len(scenes)
    assert counts["val"] == counts["test"]
    if len(scenes) >= 3:
        assert counts["train"] >= 1
        assert abs(counts["val"] - len(scenes) / 10) < 1


def test_a_real_draw_by_matching_pictures(tmp_path: Path) -> None:
    leaks = pytest.importorskip("nircolor.datasets.leaks")
    if not hasattr(leaks, "group_scenes"):
        pytest.skip("scenes cannot be matched yet")
    for number in range(9):  # three scenes, three times each
        for side in ("nir", "rgb"):
            put(tmp_path / f"{number}_{side}.png", side, seed=number)
    parts = [open_dataset(tmp_path, split=split) for split in ("train", "val", "test")]
    seeds = [{int(pair.id) % 3 for pair in part.pairs} for part in parts]
    assert [len(part.pairs) for part in parts] == [3, 3, 3]
    assert sorted(len(found) for found in seeds) == [1, 1, 1]


def test_development_data_has_the_documented_splits(shared: Path) -> None:
    data = shared / "data"
    parts = {
        (name, split): open_dataset(data / name, split=split)
        for name, splits in (("vcip2020", "train val leaky"), ("epfl", "train val"), ("naip", "train val"))
        for split in splits.split()
    }
    counts = {key: len(part.pairs) for key, part in parts.items()}
    assert list(counts.values()) == [290, 50, 32, 170, 52, 220, 30]
    scenes = {
        split: {pair.scene for name in ("vcip2020", "epfl") for pair in parts[name, split].pairs}
        for split in ("train", "val")
    }
    assert not scenes["train"] & scenes["val"]
    alone = open_dataset(data / "epfl" / "val")
    assert alone.pairs == parts["epfl", "val"].pairs
    assert not alone.problems
    assert {pair.kind for pair in alone.pairs} == {"natural", "built", "unknown"}
    assert alone.split_origin == f"listed in {(data / 'epfl' / 'split.csv').resolve()}"
    assert parts["naip", "val"].split_origin == "the folders of the data set"
    assert open_dataset(data / "naip" / "val").split_origin == "the name of the folder, val"
    with pytest.raises(InputError, match="there are val, all"):
        open_dataset(data / "epfl" / "val", split="train")
    with pytest.raises(InputError, match="there are train, val, leaky, all"):
        open_dataset(data / "vcip2020", split="test")


def test_no_layout_needs_a_draw_where_it_has_folders(tmp_path: Path, by_first_letter: list[int]) -> None:
    for build in (trees.vcip2020, trees.fanvid, trees.omsiv):
        open_dataset(build(tmp_path / build.__name__), split="train")
    assert not by_first_letter
