"""Which files there are, what their outputs are called, what is left to do: all before any work."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from batch_tools import picture
from clock import cost

from nircolor.batch.disk import Disk
from nircolor.batch.plan import Plan, check_formats, check_outputs, find, settle
from nircolor.batch.walk import Naming, Selection, name_outputs
from nircolor.errors import InputError, OutputExistsError, UsageError


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def names(root: Path, **selection: object) -> list[str]:
    return [entry.source for entry in plan(root, **selection).entries]


def plan(root: Path, target: Path | None = None, naming: Naming = Naming(), **selection: object) -> Plan:  # noqa: B008
    return find(Disk(root), Disk(target or root.parent / "out"), Selection(**selection), naming, {})  # type: ignore[arg-type]


def test_folders_are_kept_and_numbers_sort_as_numbers(tmp_path: Path) -> None:
    root = tmp_path / "in"
    touch(root, "x10.png", "x2.png", "b/c/y.TIF", "b/x.txt", ".hidden.png", "@eaDir/x.png")
    found = plan(root)
    assert [e.source for e in found.entries] == ["b/c/y.TIF", "x2.png", "x10.png"]
    assert [e.output for e in found.entries] == ["b/c/y_rgb.TIF", "x2_rgb.png", "x10_rgb.png"]
    assert names(root, recursive=False) == ["x2.png", "x10.png"]


def test_links_in_circles_end(tmp_path: Path) -> None:
    root = tmp_path / "in"
    touch(root, "a/x.png")
    (root / "a" / "up").symlink_to(root)
    (root / "self").symlink_to(root / "self")
    assert names(root) == ["a/x.png"]


def test_globs_and_lists(tmp_path: Path) -> None:
    root = tmp_path / "in"
    touch(root, "a/x_nir.png", "a/x_rgb.png", "old/y_nir.png", "z.dat")
    assert names(root, include=("*_nir.*",)) == ["a/x_nir.png", "old/y_nir.png"]
    assert names(root, include=("*_nir.*",), exclude=("old",)) == ["a/x_nir.png"]
    assert names(root, include=("a/*",)) == ["a/x_nir.png", "a/x_rgb.png"]
    assert names(root, include=("*.dat",)) == ["z.dat"]
    assert names(root, listed=("a/x_nir.png", str(root / "a" / "x_rgb.png"), "./a/x_nir.png")) == [
        "a/x_nir.png", "a/x_rgb.png",
    ]  # fmt: skip
    problems = plan(root, listed=("gone.png", "../other.png")).problems
    assert ["No such file" in problems[0].reason, "not below" in problems[1].reason] == [True, True]


def test_names_of_any_bytes(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    for name in (b"a\nb.png", b"inv\xff.png"):
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(b"x")
    assert [os.fsencode(name) for name in names(root)] == [b"a\nb.png", b"inv\xff.png"]


def test_names_that_differ_by_extension_stay_apart(tmp_path: Path) -> None:
    both = ["x.png", "x.tif", "y.tif"]
    assert name_outputs(both, Naming(), False) == ["x_rgb.png", "x_rgb.tif", "y_rgb.tif"]
    assert name_outputs(both, Naming(), False, "png") == ["x_rgb.png", "x_tif_rgb.png", "y_rgb.png"]
    assert name_outputs(["x.jpg", "x.jpeg"], Naming(""), False, "png") == ["x_jpg.png", "x_jpeg.png"]


def test_collisions_are_found_before_any_work() -> None:
    with pytest.raises(UsageError, match=r"x_tif.png and x.tif: both would become x_tif_rgb.png"):
        name_outputs(["x.png", "x_tif.png", "x.tif"], Naming(), False, "png")
    assert len(name_outputs(["x.png", "X.png"], Naming(), ignore_case=False)) == 2
    with pytest.raises(UsageError, match="both would become"):
        name_outputs(["x.png", "X.png"], Naming(), ignore_case=True)


def test_outputs_are_never_inputs(tmp_path: Path) -> None:
    root = tmp_path / "in"
    touch(root, "x.png", "out/x_rgb.png", "out/y.png")
    assert names(root) == ["out/x_rgb.png", "out/y.png", "x.png"]
    assert [e.source for e in plan(root, root / "out").entries] == ["x.png"]
    touch(root, "x_rgb.png", "x_rgb_rgb.png")
    assert plan(root, root, exclude=("out",)).own == 2
    assert [e.source for e in plan(root, root, exclude=("out",)).entries] == ["x.png"]
    with pytest.raises(UsageError, match="OUTDIR is INDIR"):
        plan(root, root, Naming(""))


def test_folders_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        plan(tmp_path / "gone")
    with pytest.raises(InputError, match="nircolor colorize"):
        plan(picture(tmp_path / "x.png"))


def test_existing_outputs(tmp_path: Path) -> None:
    root, target = tmp_path / "in", tmp_path / "out"
    touch(root, "x.png", "y.png", "z.png")
    touch(target, "x_rgb.png", "y_rgb.png")
    place = Disk(target)
    found = find(Disk(root), place, Selection(), Naming(), {})

    def left(policy: str) -> Plan:
        return settle(found, Disk(root), place.sizes(), policy, {}, "")  # type: ignore[arg-type]

    for policy in ("refuse", "resume"):  # strangers' files, both
        with pytest.raises(OutputExistsError, match=r"x_rgb.png: exists already \(and 1 more\)"):
            check_outputs(left(policy).entries, place, place.sizes())
    assert [entry.source for entry in left("skip").entries] == ["z.png"]
    assert (left("skip").skipped, [entry.replace for entry in left("overwrite").entries]) == (2, [True] * 3)


def test_depth_and_format_are_checked_against_all_suffixes(tmp_path: Path) -> None:
    root = tmp_path / "in"
    touch(root, "x.tif", "y.jpg")
    check_formats(plan(root), 8, None)
    with pytest.raises(UsageError, match="JPEG cannot hold 16 bits"):
        check_formats(plan(root), 16, None)


def test_work_grows_as_the_files_do_and_little_memory_is_taken(tmp_path: Path) -> None:
    import tracemalloc

    def least(root: Path, count: int) -> float:
        """Seconds of the processor."""
        touch(root, *(f"{i % 50}/f{i}.png" for i in range(count)))
        return min(cost(lambda: find(Disk(root), Disk(tmp_path / "out"), Selection(), Naming(), {})) for _ in range(3))

    root, number = tmp_path / "in", 4000
    assert least(root, number) < 80 * least(tmp_path / "few", 200)  # 20 times the files
    found = find(Disk(root), Disk(tmp_path / "out"), Selection(), Naming(), {})
    tracemalloc.start()
    again = find(Disk(root), Disk(tmp_path / "out"), Selection(), Naming(), {})
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found.entries) == len(again.entries) == number
    assert kept / number < 600  # bytes a file


def test_what_is_not_written_becomes_another_format() -> None:
    assert name_outputs(["x.jp2", "y.PGM", "z.npy"], Naming(), False) == ["x_rgb.tif", "y_rgb.png", "z_rgb.tif"]
    assert name_outputs(["x.jp2", "x.tif"], Naming(), False) == ["x_jp2_rgb.tif", "x_rgb.tif"]
    assert name_outputs(["x.pgm", "x.jp2"], Naming(), False, "jxl") == ["x_pgm_rgb.jxl", "x_jp2_rgb.jxl"]


def test_pictures_that_cannot_be_read_here_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "in"
    touch(root, "a.png", "b.pgm", "c.nef", "d.jxl")
    monkeypatch.setitem(sys.modules, "rawpy", None)
    found = plan(root)
    assert ([entry.source for entry in found.entries], found.left_out) == (["a.png", "b.pgm", "d.jxl"], {".nef": 1})
