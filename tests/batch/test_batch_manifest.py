"""The manifest: whole lines whatever happens, one batch at a time, and what a later one makes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nircolor.batch.disk import Disk
from nircolor.batch.entry import Row, is_inside
from nircolor.batch.manifest import NAME, Manifest, Past, history, rows, sweep
from nircolor.errors import OutputError

DONE = Row("a\n\udcff.png", "a_rgb.png", "done", 7, (7, 1, 2, 3), "ab", {"tile": 576}, "cd", 9, 4, 3, 0.5, "now")


def test_a_row_survives_the_file_whatever_its_name(tmp_path: Path) -> None:
    with Manifest(Disk(tmp_path / "out")) as manifest:
        manifest.add([DONE])
    assert list(rows(Disk(tmp_path / "out"))) == [DONE]
    (line,) = (tmp_path / "out" / NAME).read_text("ascii").splitlines()
    expected = {"input", "bytes", "sha256", "options", "weights", "output", "seconds", "status"}
    assert expected <= set(json.loads(line))


def test_a_torn_line_is_passed_over_and_spoils_no_other(tmp_path: Path) -> None:
    whole = DONE.to_json()
    for cut in (1, len(whole) // 2, len(whole) - 1, len(whole)):
        (tmp_path / NAME).write_text(whole + "\n" + whole[:cut])
        with Manifest(Disk(tmp_path)) as manifest:
            manifest.add([DONE])
        assert list(rows(Disk(tmp_path))) == [DONE] * (3 if cut == len(whole) else 2)


def test_history_tells_finished_outputs_from_begun_ones(tmp_path: Path) -> None:
    def row(output: str, status: str) -> Row:
        return Row("x", output, status, sha256="ab" if status == "done" else None)  # type: ignore[arg-type]

    with Manifest(Disk(tmp_path)) as manifest:
        manifest.add([row("whole", "done"), row("again", "done"), row("bad", "begun"), row("bad", "failed")])
        manifest.add([row("again", "begun"), row("new", "begun"), row("never", "failed")])
    past = history(Disk(tmp_path))
    assert {name: (what.finished, what.sha256) for name, what in past.items()} == {
        "whole": (True, "ab"), "again": (False, None), "bad": (True, None), "new": (False, None),
    }  # fmt: skip


def test_sweep_removes_temporary_files_beside_unfinished_outputs_only(tmp_path: Path) -> None:
    for folder in ("killed", "sound"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / ".nircolor-0123.tmp").write_text("half")
    with Manifest(Disk(tmp_path)) as manifest:
        manifest.add([Row("x", "killed/x.png", "begun"), Row("y", "sound/y.png", "begun")])
        manifest.add([Row("y", "sound/y.png", "done")])
    sweep(Disk(tmp_path), history(Disk(tmp_path)))
    assert [path.parent.name for path in tmp_path.rglob("*.tmp")] == ["sound"]


ROW = {"input": "a.png", "output": "a_rgb.png", "status": "begun"}
DEEP = json.loads("[" * 900 + "]" * 900)
ODD: dict[str, object] = {
    **{f"output {value!r:.30}": {**ROW, "output": value} for value in (
        None, 5, {}, [1], True, "", ".", "..", "../x.png", "a/../../x.png", "/etc/x.png", "a\0b", "\ud800/x",
        "d" * 5000, "../victim/*/x.png",
    )},
    **{f"status {value!r:.30}": {**ROW, "status": value} for value in (None, "", "finished", {"x": 1}, [], 1)},
    **{key: {**ROW, "status": "done", key: value} for key, value in {
        "input": 3, "bytes": "7", "stamp": 5, "sha256": 7, "output_bytes": "x", "options": 5, "weights": [1],
        "width": 1.5, "height": True, "seconds": "1", "time": 0, "error": {}, "errno": "28", "warnings": "none",
    }.items()},
    "stamp of texts": {**ROW, "stamp": ["7"]},
    "deep options": {**ROW, "status": "done", "options": {"x": DEEP}},
    "nothing": {}, "list": [], "number": 5, "text": "begun", "null": None,
    "no input": {"output": "a_rgb.png", "status": "begun"},
    "no output": {"input": "a.png", "status": "begun"},
}  # fmt: skip
LINES = {name: json.dumps(value).encode() for name, value in ODD.items()} | {
    "bytes": b"\xff\xfe\0garbage",
    "deep": b"[" * 100_000,
    "huge number": b'{"input": "a.png", "output": "b.png", "status": "done", "bytes": ' + b"9" * 5000 + b"}",
    "long": b'{"input": "' + b"x" * (2 << 20) + b'"}',
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_line_that_is_no_row_is_named_and_passed_over(line: bytes, tmp_path: Path) -> None:
    places = [tmp_path, tmp_path / "victim", tmp_path / "out", tmp_path / "out" / "sub"]
    for place in places[::-1]:
        place.mkdir(parents=True, exist_ok=True)
        (place / ".nircolor-0123456789abcdef.tmp").write_text("not ours")
    (tmp_path / "out" / NAME).write_bytes(
        DONE.to_json().encode() + b"\n" + line + b"\n" + DONE.to_json().encode() + b"\n"
    )
    odd: list[str] = []
    past = history(Disk(tmp_path / "out"), odd.append)
    assert list(past) == ["a_rgb.png"]
    (text,) = odd
    assert text.startswith(f"{tmp_path}/out/{NAME}, line 2: it")
    assert text.endswith("; passed over")
    assert len(text) < 250 + len(str(tmp_path))
    sweep(Disk(tmp_path / "out"), past)
    assert all((place / ".nircolor-0123456789abcdef.tmp").exists() for place in places)


def test_many_lines_that_are_no_rows_are_counted(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("{}\n" * 50)
    odd: list[str] = []
    assert history(Disk(tmp_path), odd.append) == {}
    assert [text[-40:] for text in odd[3:]] == [": 47 more lines are no rows; passed over"]


def test_what_a_crash_has_cut_off_is_worth_no_warning(tmp_path: Path) -> None:
    whole, odd = DONE.to_json(), list[str]()
    for cut in (len('{"input": '), len(whole) // 2, len(whole) - 1):
        (tmp_path / NAME).write_text(f"{whole}\n{whole[:cut]}\n\n{whole}\n")
        assert list(history(Disk(tmp_path), odd.append)) == ["a_rgb.png"]
    assert not odd


ANY = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3))


@given(st.dictionaries(st.sampled_from([*Row.__dataclass_fields__, "more"]), ANY | st.sampled_from(["done", "x/y"])))
def test_any_object_is_a_row_or_is_told(values: dict[str, object]) -> None:
    try:
        row = Row.from_json(json.dumps(values))
    except ValueError:
        return
    assert Row.from_json(row.to_json()) == row
    assert row.status == "failed" or not Path(row.output).is_absolute()
    assert row.made_with


def test_paths_that_are_inside() -> None:
    inside = ("x", "a/x.png", "..x/y..", "a//x", "./x", "a/./x", "\udcff\n", "é" * 120, "-", "d" * 255)
    for name in (*inside, "/".join("d" * 300)):
        assert is_inside(name), name
    outside = ("", ".", "a/", "a/.", "..", "a/..", "../x", "a/../x", "/x", "//x", "é" * 128, "\ud800")
    for name in (*outside, "d" * 256 + "/x"):
        assert not is_inside(name), name


def test_keys_of_a_newer_version_are_left_out() -> None:
    assert Row.from_json(json.dumps({**ROW, "newer": [1]})) == Row("a.png", "a_rgb.png", "begun")


def test_nothing_is_swept_beyond_a_link_that_leads_out(tmp_path: Path) -> None:
    for folder in ("out/real", "victim"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / ".nircolor-0123.tmp").write_text("half")
    (tmp_path / "out" / "away").symlink_to(tmp_path / "victim")
    (tmp_path / "out" / "near").symlink_to(tmp_path / "out" / "real")
    sweep(Disk(tmp_path / "out"), {"away/x.png": Past(), "near/x.png": Past(), "gone/x.png": Past()})
    assert [path.parent.name for path in tmp_path.rglob("*.tmp")] == ["victim"]


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")], ids=range(3))
def test_a_manifest_that_is_no_file_is_told(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / NAME)
    with pytest.raises(OutputError, match=f"{NAME}: cannot be read .it is .*; .*choose another output folder"):
        list(rows(Disk(tmp_path)))


@pytest.mark.parametrize("replaced", [False, True])
def test_a_manifest_that_vanished_is_told(replaced: bool, tmp_path: Path) -> None:
    with Manifest(Disk(tmp_path / "out")) as manifest:
        manifest.add([DONE])
        manifest.check()
        (tmp_path / "out" / NAME).unlink()
        if replaced:
            (tmp_path / "out" / NAME).write_text("")
        for act in (manifest.check, lambda: manifest.add([DONE])):
            with pytest.raises(
                OutputError, match=f"{NAME}: has vanished .*run the batch again with a new output folder"
            ):
                act()


def test_two_batches_on_one_folder_and_a_dead_one(tmp_path: Path) -> None:
    code = "import sys, pathlib, nircolor.batch.manifest as m, nircolor.batch.disk as d"
    code += "; held = m.Manifest(d.Disk(pathlib.Path(sys.argv[1]))).__enter__()"
    holder = [sys.executable, "-c", f"{code}; print('locked', flush=True); sys.stdin.read()", str(tmp_path)]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"locked\n"
        with pytest.raises(OutputError, match="another nircolor batch is at work"), Manifest(Disk(tmp_path)):
            pass
        process.kill()
    with Manifest(Disk(tmp_path)):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space left on device"), Manifest(Disk(tmp_path)) as manifest:
        manifest.add([DONE])


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written to"), Manifest(Disk(tmp_path / "file" / "out")):
        pass


def test_the_manifest_speaks_of_options_of_the_command_line(tmp_path: Path) -> None:
    row = Row("a.png", "a_rgb.png", "failed", error="has 3 bands; choose `band=1`", warnings=("add `range=0,4095`",))
    with Manifest(Disk(tmp_path)) as manifest:
        manifest.add([row])
    (read,) = rows(Disk(tmp_path))
    assert (read.error, read.warnings) == ("has 3 bands; choose --band 1", ("add --range 0,4095",))
