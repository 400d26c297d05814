"""What is wrong with a data set is told by name, and the rest is used."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import dataset_trees as trees
import pytest
from clock import cost
from dataset_trees import ids, put, put_pairs
from rights import need_rights_that_count, obey_rights

from nircolor.datasets import Dataset, open_dataset


def told(dataset: Dataset) -> dict[str, str]:
    """Kind of problem by the name of its file."""
    return {Path(problem.name).name: problem.kind for problem in dataset.problems}


@pytest.mark.parametrize(
    ("build", "left_out", "count"),
    [
        (trees.vcip2020, "RGB-Registered/field_0001_rgb_reg.png", 5),
        (trees.fanvid, "Train/paired_NIR1/Train_00002.bmp", 4),
        (trees.omsiv, "train/X/RGBR_003.jpg", 2),
        (trees.rgb2nir, "country/0001_nir.tiff", 2),
    ],
)
def test_a_missing_partner_in_each_layout(build, left_out: str, count: int, tmp_path: Path) -> None:
    root = build(tmp_path)
    (root / left_out).unlink()
    dataset = open_dataset(root)
    assert len(dataset.pairs) == count
    (problem,) = dataset.problems
    assert problem.kind == "unpaired"
    assert "partner is missing" in str(problem)
    assert Path(problem.name).is_file()
    assert problem.pair not in ids(dataset)


def test_missing_doubled_and_stray_files(tmp_path: Path) -> None:
    put_pairs(tmp_path, ("a", "b", "c"))
    put(tmp_path / "lonely_nir.png")
    put(tmp_path / "widow_rgb.png")
    put(tmp_path / "b_rgb.jpg")
    put(tmp_path / "preview.png")
    put(tmp_path / "c_nir_rgb.png")  # what nircolor colorize leaves beside its input
    dataset = open_dataset(tmp_path)
    assert ids(dataset) == ["a", "c"]
    assert told(dataset) == {
        "lonely_nir.png": "unpaired",
        "widow_rgb.png": "unpaired",
        "b_rgb.png": "doubled",
        "preview.png": "stray",
        "c_nir_rgb.png": "stray",
    }
    texts = [str(problem) for problem in dataset.problems]
    assert f"{tmp_path / 'lonely_nir.png'}: its rgb partner is missing; add it, or move this one away" in texts
    assert f"{tmp_path / 'widow_rgb.png'}: its nir partner is missing; add it, or move this one away" in texts
    assert any(text.endswith(f"beside {tmp_path / 'b_rgb.jpg'}; keep one of them") for text in texts)


def test_a_problem_of_another_split_does_not_disturb(tmp_path: Path) -> None:
    put_pairs(tmp_path / "train", ("a", "b"))
    put_pairs(tmp_path / "val", ("c",))
    (tmp_path / "train" / "b_rgb.png").unlink()
    assert not open_dataset(tmp_path, split="val").problems
    assert told(open_dataset(tmp_path, split="train")) == {"b_nir.png": "unpaired"}


def test_hidden_files_and_leftovers_of_archives_are_ignored(tmp_path: Path) -> None:
    put_pairs(tmp_path, ("a",))
    for name in (".a_nir.png", "._a_rgb.png", "@eaDir/a_nir.png", "__MACOSX/a_rgb.png", ".cache/b_nir.png"):
        put(tmp_path / name)
    (tmp_path / "notes.txt").write_text("of no interest")
    (tmp_path / "folder.png").mkdir()
    dataset = open_dataset(tmp_path)
    assert (ids(dataset), dataset.problems) == (["a"], ())


def test_links_may_run_in_circles_and_lead_nowhere(tmp_path: Path) -> None:
    put_pairs(tmp_path / "set", ("a",))
    try:
        (tmp_path / "set" / "again").symlink_to(tmp_path / "set", target_is_directory=True)
        (tmp_path / "set" / "b_nir.png").symlink_to(tmp_path / "gone.png")
        (tmp_path / "set" / "itself").symlink_to(tmp_path / "set" / "itself")
        (tmp_path / "link").symlink_to(tmp_path / "set", target_is_directory=True)
    except OSError:
        pytest.skip("this system allows no links")
    dataset = open_dataset(tmp_path / "link")
    assert ids(dataset) == ["a"]
    assert [str(problem) for problem in dataset.problems] == [
        f"{tmp_path / 'link' / 'b_nir.png'}: a link that leads to no file; mend it or remove it"
    ]


READ = """
import sys
from nircolor.datasets import open_dataset
from nircolor.errors import InputError
print([(problem.name, problem.kind) for problem in open_dataset(sys.argv[1]).problems])
try:
    open_dataset(sys.argv[1] + "/closed")
except InputError as error:
    print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    need_rights_that_count()
    put_pairs(tmp_path, ("a", "closed/b"))
    (tmp_path / "closed").chmod(0)
    line = [sys.executable, "-c", READ, str(tmp_path)]
    try:
        told = subprocess.run(line, preexec_fn=obey_rights, capture_output=True, text=True, check=True).stdout
    finally:
        (tmp_path / "closed").chmod(0o700)
    found, refused = told.splitlines()
    assert re.fullmatch(r"\[\('[^']*closed', 'unreadable'\)\]", found), found
    assert "cannot be listed" in refused


def test_work_grows_as_the_names_do_and_no_picture_is_opened(tmp_path: Path) -> None:
    def least(folder: Path, count: int) -> float:
        """Seconds of the processor."""
        for side in ("nir", "rgb"):
            (folder / side).mkdir(parents=True)
            for number in range(count):
                (folder / side / f"{number}.png").touch()  # empty: whoever opens one, fails
        return min(cost(lambda: open_dataset(folder)) for _ in range(3))

    assert least(tmp_path / "many", 4000) < 80 * least(tmp_path / "few", 200)  # 20 times the names
    dataset = open_dataset(tmp_path / "many")
    assert ids(dataset)[:3] == ["0", "1", "2"]
    assert len(dataset.pairs) == 4000
