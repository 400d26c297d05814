"""``nircolor batch``: the same bytes as ``nircolor colorize``, picture by picture, and what a person is told."""

from __future__ import annotations

import base64
import ctypes
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from cli_tools import HEAVY, ROOT, Result, Run, environment, save

from nircolor.batch.manifest import NAME

ENGINE = ("--device", "cpu", "--precision", "fp32")


@pytest.fixture
def folder(tmp_path: Path, scene: np.ndarray) -> Path:
    """Five pictures of three formats in three folders."""
    source = tmp_path / "in"
    for number, name in enumerate(("a_nir.png", "b_nir.tif", "sub/c_nir.jpg", "sub/deep/d_nir.png", "e_nir.png")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.roll(scene, 7 * number, 1) * (65535 if name.endswith(".tif") else 255)
        save(source / name, np.rint(pixels).astype(np.uint16 if name.endswith(".tif") else np.uint8))
    return source


@pytest.fixture(scope="session")
def tiny_weights(tiny_weights: Path) -> Path:
    """Those of the other tests, untrained, only copy their input: shaken, they colour it."""
    import torch

    from nircolor import weights

    loaded, path = weights.load(tiny_weights), tiny_weights.with_name("shaken.safetensors")
    torch.manual_seed(1)
    shaken = {name: value + 0.1 * torch.randn_like(value) for name, value in loaded.state.items()}
    weights.save(path, shaken, loaded.meta)
    return path


@pytest.fixture
def batch(inside: Run, folder: Path, tiny_weights: Path) -> Run:
    """``nircolor batch in out`` with the tiny weights."""

    def run(*args: str | Path) -> Result:
        return inside("batch", "in", "out", "--weights", tiny_weights, *ENGINE, *args)

    return run


def outputs(target: Path) -> dict[str, bytes]:
    files = (path for path in target.rglob("*") if path.is_file() and path.name != NAME)
    return {str(path.relative_to(target)): path.read_bytes() for path in files}


def manifest(target: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (target / NAME).read_text("ascii").splitlines()]


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


def test_a_list_from_standard_input(command: Run, folder: Path, tiny_weights: Path, tmp_path: Path) -> None:
    odd = os.fsencode(folder) + b"/new\nline\xff.png"
    Path(os.fsdecode(odd)).write_bytes((folder / "a_nir.png").read_bytes())
    line = ("batch", "in", "out", "--list", "-", "--format", "tiff", "--suffix", "", "--weights", tiny_weights)
    result = command(*line, cwd=tmp_path, stdin=b"e_nir.png\0new\nline\xff.png\0")
    assert result.code == 0, result.err
    assert {os.fsencode(name) for name in outputs(tmp_path / "out")} == {b"e_nir.tif", b"new\nline\xff.tif"}


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


# --- signals, terminals, other processes ------------------------------------------------------------------------------


def start(tiny_weights: Path, cwd: Path, *args: str, **options: object) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "nircolor", "batch", "in", "out", "--weights", str(tiny_weights), *args]
    return subprocess.Popen(line, cwd=cwd, stderr=subprocess.PIPE, text=True, env=environment(), **options)  # type: ignore[call-overload,no-any-return]


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_ctrl_c_finishes_what_is_in_flight_and_resume_goes_on(
    batch: Run, folder: Path, tiny_weights: Path, tmp_path: Path, scene: np.ndarray
) -> None:
    for number in range(80):
        save(folder / f"m{number}.png", np.rint(scene * 255).astype(np.uint8))
    with start(tiny_weights, tmp_path, *ENGINE) as process:
        wait_for(tmp_path / "out" / "a_nir_rgb.png")
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()  # type: ignore[union-attr]
    assert process.returncode == 130, told
    assert told.endswith("nircolor: error: interrupted\n")
    done = {row["output"] for row in manifest(tmp_path / "out") if row["status"] == "done"}
    assert done == set(outputs(tmp_path / "out"))
    rest = batch("--resume", "--json").json
    assert (rest["done"] + len(done), rest["kept"]) == (85, len(done))


def test_watch_takes_new_files_once_settled_until_ctrl_c(
    folder: Path, tiny_weights: Path, tmp_path: Path, scene: np.ndarray
) -> None:
    with start(tiny_weights, tmp_path, "--watch") as process:
        wait_for(tmp_path / "out" / "a_nir_rgb.png")
        with start(tiny_weights, tmp_path, "--overwrite") as second:  # two at once
            assert "another nircolor batch is at work on this folder" in second.stderr.read()  # type: ignore[union-attr]
        assert second.returncode == 1
        save(folder / "late.png", np.rint(scene * 255).astype(np.uint8))
        wait_for(tmp_path / "out" / "late_rgb.png")
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()  # type: ignore[union-attr]
    assert process.returncode == 0, told  # nothing was left undone
    assert len(outputs(tmp_path / "out")) == 6


def obey_rights() -> None:
    """Called in a child process: root, too, may only do there what the permissions of files allow."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH of linux/capability.h
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def test_folders_and_files_without_rights(command: Run, folder: Path, tiny_weights: Path, tmp_path: Path) -> None:
    shut = (folder / "sub" / "deep", folder / "a_nir.png")
    for path in shut:
        path.chmod(0)
    line = ("--weights", tiny_weights)
    probe = [sys.executable, "-c", "import os, sys; sys.exit(os.access(sys.argv[1], os.R_OK))", shut[1]]
    if subprocess.run(probe, preexec_fn=obey_rights, check=False).returncode:
        pytest.skip("root keeps all its rights on this system")
    result = command("batch", "in", "out", "--json", *line, cwd=tmp_path, preexec_fn=obey_rights)
    assert (result.code, result.json["done"]) == (1, 3), result.err
    assert "cannot be listed (Permission denied)" in result.err
    assert "may not be read (permission denied)" in result.err
    refused = command("batch", shut[0], "out2", *line, cwd=tmp_path, preexec_fn=obey_rights)
    assert (refused.code, "cannot be listed" in refused.err) == (3, True), refused.err
    (tmp_path / "out").chmod(0o555)
    refused = command("batch", "in/sub", "out/new", *line, cwd=tmp_path, preexec_fn=obey_rights)
    assert (refused.code, "cannot be written to" in refused.err) == (1, True), refused.err
    for path in (*shut, tmp_path / "out"):
        path.chmod(0o755)


def test_on_a_terminal_a_bar_shows_files_speed_and_failures(folder: Path, tiny_weights: Path, tmp_path: Path) -> None:
    (folder / "zero.png").write_bytes(b"")
    terminal, inner = pty.openpty()
    line = [sys.executable, "-m", "nircolor", "batch", "in", "out", "--weights", str(tiny_weights)]
    env = {**environment(), "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(line, cwd=tmp_path, stdout=inner, stderr=inner, stdin=subprocess.DEVNULL, env=env) as process:
        os.close(inner)
        shown = b""
        while part := _read(terminal):
            shown += part
    os.close(terminal)
    assert process.returncode == 1
    assert re.search(rb"6/6.* MP/s.*1 failed", shown), shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


def test_killed_at_random_moments_no_output_is_partial_and_a_last_run_finishes(tiny_weights: Path) -> None:
    script = ROOT / "benchmarks" / "batch_kills.py"
    kills = os.environ.get("NIRCOLOR_KILLS", "2")
    line = [sys.executable, str(script), "--kills", kills, "--pictures", "12", "--weights", str(tiny_weights)]
    done = subprocess.run(line, capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 0, done.stderr
    assert f"{kills} kills" in done.stdout
