"""``nircolor batch``: the same bytes as ``nircolor colorize``, picture by picture, and what a person is told."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from cli_batch_tools import ENGINE, manifest, outputs
from cli_tools import HEAVY, Run, one_line, save

from nircolor.batch.manifest import NAME


@pytest.mark.parametrize("options", [(), ("--depth", "8", "--stretch", "minmax", "--tile", "32", "--overlap", "8")])
def test_every_picture_has_the_bytes_that_colorize_gives_it(
    options: tuple[str, ...], batch: Run, inside: Run, folder: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    result = batch(*options)
    assert (result.code, result.out) == (0, b""), result.err
    made = outputs(tmp_path / "out")
    assert sorted(made) == [
        "a_nir_rgb.png", "b_nir_rgb.tif", "e_nir_rgb.png", "sub/c_nir_rgb.jpg", "sub/deep/d_nir_rgb.png",
    ]  # fmt: skip
    for path in folder.rglob("*.*"):
        assert inside("colorize", path, "--weights", tiny_weights, *ENGINE, *options).code == 0
    assert {name: data for name, data in outputs(folder).items() if "_rgb" in name} == made


def test_the_manifest_has_a_row_for_each_picture(batch: Run, tmp_path: Path) -> None:
    assert batch().code == 0
    done = [row for row in manifest(tmp_path / "out") if row["status"] == "done"]
    assert len(done) == 5
    for row in done:
        assert row["bytes"] == (tmp_path / "in" / str(row["input"])).stat().st_size
        assert row["output_bytes"] == (tmp_path / "out" / str(row["output"])).stat().st_size
        assert row["options"]["tile"] == 576  # type: ignore[index]
        assert len(str(row["sha256"])) == 64


def test_resume_does_what_is_missing_or_changed_and_nothing_else(
    batch: Run, folder: Path, tmp_path: Path, scene: np.ndarray
) -> None:
    assert batch("--resume").code == 0
    target = tmp_path / "out"
    before = {name: (target / name).stat().st_mtime_ns for name in outputs(target)}
    nothing = batch("--resume", "--json")
    assert (nothing.code, nothing.json["done"], nothing.json["kept"]) == (0, 0, 5)
    assert "device" not in nothing.json  # not even the network was loaded
    save(folder / "a_nir.png", np.rint(scene[::-1] * 255).astype(np.uint8))  # changed
    os.utime(folder / "e_nir.png")  # touched, not changed
    (target / "b_nir_rgb.tif").unlink()  # lost
    save(folder / "new_nir.png", np.rint(scene * 255).astype(np.uint8))  # added
    again = batch("--resume", "--json")
    assert (again.code, again.json["done"], again.json["kept"]) == (0, 3, 3)
    after = {name: (target / name).stat().st_mtime_ns for name in outputs(target)}
    assert {name for name in after if after[name] != before.get(name)} == {
        "a_nir_rgb.png", "b_nir_rgb.tif", "new_nir_rgb.png",
    }  # fmt: skip
    assert batch("--resume", "--json").json["kept"] == 6
    other = batch("--resume", "--json", "--depth", "8")  # other options: all anew
    assert (other.code, other.json["done"]) == (0, 6)


def test_existing_outputs_stay_unless_asked(batch: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a_nir_rgb.png").write_text("precious")
    for option in ((), ("--resume",)):
        refused = batch(*option)
        assert refused.code == 2
        assert "a_nir_rgb.png: exists already" in refused.err
        assert list((tmp_path / "out").iterdir()) == [tmp_path / "out" / "a_nir_rgb.png"]
    skipped = batch("--skip-existing", "--json")
    assert (skipped.code, skipped.json["done"], skipped.json["kept"]) == (0, 4, 1)
    assert (tmp_path / "out" / "a_nir_rgb.png").read_text() == "precious"
    assert batch("--overwrite").code == 0
    assert (tmp_path / "out" / "a_nir_rgb.png").read_bytes().startswith(b"\x89PNG")
    assert "--overwrite and --resume" in batch("--overwrite", "--resume").err


def test_a_bad_file_is_named_and_the_rest_done(batch: Run, folder: Path, tmp_path: Path) -> None:
    for name in ("z1.png", "z2.png"):
        (folder / name).write_bytes(b"")
    (folder / "cut.png").write_bytes((folder / "a_nir.png").read_bytes()[:99])
    result = batch("--json")
    assert (result.code, result.json["done"], result.json["failed"]) == (1, 5, 3)
    assert {row["input"] for row in result.json["failures"]} == {"z1.png", "z2.png", "cut.png"}
    errors = [line for line in result.err.splitlines() if "error" in line]
    assert len(errors) == 2  # by reason
    assert "2 files failed: is empty (0 bytes); get a fresh copy: z1.png, z2.png" in errors[0]
    assert {row["input"] for row in manifest(tmp_path / "out") if row["status"] == "failed"} == {
        "z1.png", "z2.png", "cut.png",
    }  # fmt: skip
    assert len(outputs(tmp_path / "out")) == 5


def test_fail_fast_stops_and_resume_goes_on(batch: Run, folder: Path, tmp_path: Path, scene: np.ndarray) -> None:
    (folder / "0.png").write_bytes(b"")
    for number in range(40):
        save(folder / f"m{number}.png", np.rint(scene * 255).astype(np.uint8))
    result = batch("--fail-fast", "--json")
    assert (result.code, result.json["failed"]) == (1, 1)
    assert result.json["left"] > 0
    assert "go on with --resume" in result.err
    (folder / "0.png").unlink()
    assert batch("--resume").code == 0
    assert len(outputs(tmp_path / "out")) == 45


def test_dry_run_tells_the_plan_and_writes_nothing(batch: Run, tmp_path: Path) -> None:
    result = batch("--dry-run")
    assert result.code == 0
    assert "sub/deep/d_nir.png -> sub/deep/d_nir_rgb.png: 80 x 60, 0.00 MP" in result.out.decode()
    assert re.search(r"5 pictures, 0\.0 MB, 0\.0 MP, about \d+ s; 0 done already; nothing was written", result.err)
    values = batch("--dry-run", "--json").json
    assert (values["files"], values["megapixels"]) == (5, 0.024)
    assert values["plan"][0] == {
        "input": "a_nir.png", "output": "a_nir_rgb.png", "height": 60, "width": 80,
        "bytes": (tmp_path / "in" / "a_nir.png").stat().st_size,
    }  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_a_list_from_standard_input(forked: Run, folder: Path, tiny_weights: Path, tmp_path: Path) -> None:
    odd = os.fsencode(folder) + b"/new\nline\xff.png"
    Path(os.fsdecode(odd)).write_bytes((folder / "a_nir.png").read_bytes())
    line = ("batch", "in", "out", "--list", "-", "--format", "tiff", "--suffix", "", "--weights", tiny_weights)
    result = forked(*line, cwd=tmp_path, stdin=b"e_nir.png\0new\nline\xff.png\0")
    assert result.code == 0, result.err
    assert {os.fsencode(name) for name in outputs(tmp_path / "out")} == {b"e_nir.tif", b"new\nline\xff.tif"}


def test_a_list_that_is_no_file_or_too_large(inside: Run, folder: Path, tiny_weights: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate((256 << 20) + 1)
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name, reason in {"pipe": "no regular", "large": "larger than", "zero": "no regular", "in": "a folder"}.items():
        error = one_line(inside("batch", "in", "out", "--list", name, "--weights", tiny_weights), 3)
        assert error.startswith(f"nircolor: error: {name}: cannot be read (it is {reason}")
        assert error.endswith("; check the name of the list, or pipe it in with --list -\n")


def test_output_inside_the_input_does_not_eat_itself(inside: Run, folder: Path, tiny_weights: Path) -> None:
    for target in ("in/out", "in"):
        for again in (False, True):
            result = inside("batch", "in", target, "--weights", tiny_weights, "--json", *(("--resume",) * again))
            assert result.code == 0, result.err
            assert result.json["kept" if again else "done"] == 5
        for made in Path(target).rglob("*_rgb.*"):
            if target == "in/out":
                made.unlink()
        if target == "in/out":
            (Path(target) / NAME).unlink()


def test_the_contact_sheet_shows_before_and_after(batch: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "<b>.png").write_bytes(b"")
    assert batch("--contact-sheet", "sheet.html").code == 1
    page = (tmp_path / "sheet.html").read_text()
    images = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    assert len(images) == 10
    before, after = (cv2.imdecode(np.frombuffer(base64.b64decode(i), np.uint8), 1) for i in images[:2])
    assert before.shape == after.shape == (60, 80, 3)
    assert (np.ptp(before, 2).mean(), np.ptp(after, 2).mean() > 2) == (0, True)
    assert "&lt;b&gt;.png" in page
    assert not re.search(r"<script|https?://|<b>", page)
    assert "sheet.html: exists already" in batch("--skip-existing", "--contact-sheet", "sheet.html").err


def test_refused_before_torch_is_loaded(
    command: Run, inside: Run, folder: Path, tmp_path: Path, poison: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (poison("torch"),)  # type: ignore[operator]
    empty = tmp_path / "empty"
    empty.mkdir()
    save(folder / "a_nir.tif", np.zeros((4, 4), np.uint8))
    cases = (
        (("gone", "out"), 3, "gone: does not exist"),
        (("empty", "out"), 3, "empty: no pictures in it"),
        (("in", "out", "--include", "*.dat"), 3, "no pictures that --include"),
        (("in/a_nir.png", "out"), 3, "nircolor colorize"),
        (("in", "out", "--device", "gpu"), 2, "--device gpu"),
        (("in", "out", "--overwrite", "--skip-existing"), 2, "one excludes the other"),
        (("in", "out", "--depth", "16"), 2, "JPEG cannot hold 16 bits"),
        (("in", "out", "--suffix", "a/b"), 2, "--suffix"),
        (("in", "in", "--suffix", ""), 2, "OUTDIR is INDIR"),
        (("in", "out", "--weights", "gone.safetensors"), 4, "no such weights file"),
        (("in", "empty/x.html", "--contact-sheet", "none/x.html"), 1, "this folder does not exist"),
    )
    args, code, words = cases[0]
    result = command("batch", *args, cwd=tmp_path, first=first)
    assert (result.code, words in result.err) == (code, True), result.err
    monkeypatch.delattr("nircolor.colorizer.Colorizer")  # the others in this process: an engine would be another error
    for args, code, words in cases[1:]:
        result = inside("batch", *args)
        assert (result.code, words in result.err) == (code, True), result.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "in"]


def test_help_needs_no_heavy_package_and_fits_80_columns(command: Run, tmp_path: Path, poison: object) -> None:
    result = command("batch", "--help", cwd=tmp_path, first=(poison(*HEAVY),))  # type: ignore[operator]
    text = result.out.decode()
    assert (result.code, result.err) == (0, "")
    assert max(map(len, text.splitlines())) <= 80
    options = "no-recursive include exclude list suffix format depth overwrite skip-existing resume dry-run watch"
    options += " fail-fast contact-sheet workers ray weights device precision prior tile batch stretch"
    for name in options.split():
        assert f"--{name}" in text
