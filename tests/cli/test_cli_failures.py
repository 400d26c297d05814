"""``nircolor colorize`` where something other than the input fails: outputs, weights, devices, disks, bugs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Run, environment, one_line, unread
from rights import need_rights_that_count, obey_rights

# --- refused before torch is loaded -----------------------------------------------------------------------------------


@pytest.fixture
def refused(inside: Run, nir8: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs ``nircolor colorize`` on a sound picture, and returns its error; making an engine would be another."""
    import nircolor.colorizer

    monkeypatch.delattr(nircolor.colorizer, "Colorizer")

    def run(*args: str | Path, code: int) -> str:
        before = {path: path.stat().st_mtime_ns for path in nir8.parent.rglob("*")}
        line = one_line(inside("colorize", nir8.name, "--weights", tiny_weights, *args), code)
        assert {path: path.stat().st_mtime_ns for path in nir8.parent.rglob("*")} == before
        return line

    return run


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--device", "gpu"), "--device gpu"),
        (("--device", "cuda:x"), "--device cuda:x"),
        (("--tile", "0"), "--tile 0"),
        (("--tile", "64", "--overlap", "64"), "--overlap 64"),
        (("--batch", "0"), "--batch 0"),
        (("--stretch", "auto"), "--stretch 'auto'"),
        (("--stretch", "percentile:9,1"), "percentile"),
        (("--band", "0"), "--band 0"),
        (("--page", "0"), "--page 0"),
        (("--page", "some"), "--page some: a page is a number from 1, or all"),
        (("--format", "gif"), "'gif'"),
        (("-o", "out.gif"), ".gif"),
        (("-o", "out.png", "--format", "jpeg"), "suffix"),
        (("-o", "out.jpg", "--depth", "16"), "JPEG cannot hold 16 bits"),
        (("--depth", "32"), "PNG cannot hold 32 bits"),
        (("-q", "-v"), "--quiet and --verbose"),
        (("-o", "-", "--json"), "--json"),
        (("--weights", "hf://only-a-name"), None),
    ],
)
def test_wrong_usage(args: tuple[str, ...], words: str | None, refused: Callable[..., str], inside: Run) -> None:
    if args[-1] == "--json":
        result = inside("colorize", "photo_nir.png", *args)
        assert (result.code, result.json["exit_code"]) == (2, 2)
        assert words in result.err
    elif words is None:
        assert "hf://" in refused(*args, code=4)
    else:
        assert words in refused(*args, code=2)


def test_existing_output_stays_without_overwrite(refused: Callable[..., str], nir8: Path, tmp_path: Path) -> None:
    (tmp_path / "photo_nir_rgb.png").write_text("precious")
    assert "photo_nir_rgb.png: exists already" in refused(code=2)
    assert "photo_nir_rgb.png: exists already" in refused("-o", "photo_nir_rgb.png", code=2)
    assert (tmp_path / "photo_nir_rgb.png").read_text() == "precious"


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_the_input_is_never_the_output(
    link: Callable[[Path, Path], None] | None, refused: Callable[..., str], nir8: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.png"
    if link:
        link(nir8, other)
    name = other.name if link else f"../{tmp_path.name}/{nir8.name}"
    assert "is the input itself" in refused("-o", name, "--overwrite", code=2)


def test_nor_when_it_comes_by_redirection(command: Run, nir8: Path, tiny_weights: Path, tmp_path: Path) -> None:
    line = [sys.executable, "-m", "nircolor", "colorize", "-", "-o", nir8.name, "--overwrite"]
    with nir8.open("rb") as stream:
        done = subprocess.run(line, cwd=tmp_path, stdin=stream, stderr=subprocess.PIPE, env=environment(), check=False)
    assert done.returncode == 2
    assert b"is the input itself" in done.stderr


def test_output_places_that_cannot_be(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe.png")
    assert "gone: this folder does not exist" in refused("-o", "gone/out.png", code=1)
    assert "folder.png: is a folder" in refused("-o", "folder.png", "--overwrite", code=1)
    assert "file" in refused("-o", "file/out.png", code=1)
    assert "pipe.png: is no regular file" in refused("-o", "pipe.png", "--overwrite", code=1)


def test_weights_that_cannot_be(inside: Run, nir8: Path, tmp_path: Path, tiny_weights: Path) -> None:
    damaged = bytearray(tiny_weights.read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "damaged.safetensors").write_bytes(damaged)
    (tmp_path / "pickle.safetensors").write_bytes(b"PK\x03\x04" + bytes(100))
    for name, words in (
        ("gone.safetensors", "no such weights file"),
        ("nonsense", "no packaged weights named 'nonsense'"),
        ("pickle.safetensors", "only safetensors are loaded"),
        ("damaged.safetensors", "checksum"),
    ):
        assert words in one_line(inside("colorize", nir8.name, "--weights", name), 4)
    assert not (tmp_path / "photo_nir_rgb.png").exists()


# --- rights, which root does not lack ---------------------------------------------------------------------------------


def test_unreadable_input(command: Run, nir8: Path, tiny_weights: Path, tmp_path: Path) -> None:
    need_rights_that_count()
    nir8.chmod(0)
    line = ("colorize", nir8.name, "--weights", tiny_weights)
    error = one_line(command(*line, cwd=tmp_path, preexec_fn=obey_rights), 3)
    assert "photo_nir.png: may not be read (permission denied)" in error


def test_read_only_output_folder(command: Run, nir8: Path, tiny_weights: Path, tmp_path: Path) -> None:
    need_rights_that_count()
    tmp_path.chmod(0o555)
    line = ("colorize", nir8.name, "--weights", tiny_weights)
    assert "cannot be written to" in one_line(command(*line, cwd=tmp_path, preexec_fn=obey_rights), 1)
    assert list(tmp_path.iterdir()) == [nir8]
    tmp_path.chmod(0o755)


# --- found by the engine or later -------------------------------------------------------------------------------------


def test_a_device_that_is_not_there(inside: Run, nir8: Path, tiny_weights: Path, tmp_path: Path) -> None:
    line = ("colorize", nir8.name, "--weights", tiny_weights, "--device", "cuda:63")
    assert "--device cuda:63" in one_line(inside(*line), 5)
    assert list(tmp_path.iterdir()) == [nir8]


def test_a_torch_that_cannot_be_loaded(
    command: Run, nir8: Path, tiny_weights: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken = tmp_path_factory.mktemp("broken")
    (broken / "torch.py").write_text("raise OSError('libtorch_cpu.so: cannot open shared object file')")
    result = command("colorize", nir8.name, "--weights", tiny_weights, cwd=tmp_path, first=(broken,))
    assert "PyTorch cannot be loaded (libtorch_cpu.so" in one_line(result, 5)


def test_a_full_disk(forked: Run, nir8: Path, tiny_weights: Path, tmp_path: Path) -> None:
    line = ("colorize", nir8.name, "-q", "--weights", tiny_weights)
    assert "photo_nir_rgb.png: " in one_line(forked(*line, cwd=tmp_path, largest=1000), 1)
    assert list(tmp_path.iterdir()) == [nir8]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_standard_output(nir8: Path, tiny_weights: Path, tmp_path: Path) -> None:
    line = [sys.executable, "-m", "nircolor", "colorize", nir8.name, "-q", "-o", "-", "--weights", tiny_weights]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            line, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), check=False
        )
    assert done.returncode == 1
    assert done.stderr == "nircolor: error: output stream: No space left on device\n"


EACH = """
import os, sys
import imagecodecs, numba, rich.live, typer, nircolor
from nircolor.cli import main

nircolor.Colorizer  # loads torch, once for the three
for line in (("colorize", "in/x1.png", "-o", "out.png"), ("batch", "in", "batch"), ("video", "in", "-o", "video")):
    child = os.fork()
    if not child:
        sys.exit(main([*line, *sys.argv[1:]]))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 0, f"{line}: {code}"
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("behind", ["full disk", "no reader", "closed"])
def test_no_work_is_lost_because_a_message_could_not_be_written(
    nir8: Path, tiny_weights: Path, tmp_path: Path, behind: str
) -> None:
    (tmp_path / "in").mkdir()
    nir8.rename(tmp_path / "in" / "x1.png")
    line = [sys.executable, "-c", EACH, "-v", "--weights", tiny_weights]
    with Path("/dev/full").open("wb") as full, unread() as writer:
        stream = {"full disk": full.fileno(), "no reader": writer, "closed": subprocess.DEVNULL}[behind]
        shut = (lambda: os.close(2)) if behind == "closed" else None
        done = subprocess.run(
            line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=stream, preexec_fn=shut, env=environment(), check=False
        )
    assert (done.returncode, done.stdout) == (0, b"")
    for made in ("out.png", "batch/x1_rgb.png", "video/x1.png"):
        assert (tmp_path / made).is_file(), made


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_an_error_that_cannot_be_told_still_has_its_exit_code(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "nircolor", "colorize", "missing.png"]
    with Path("/dev/full").open("wb") as full:
        assert subprocess.run(line, cwd=tmp_path, stderr=full, env=environment(), check=False).returncode == 3


def test_a_reader_that_goes_away(nir8: Path, tiny_weights: Path, tmp_path: Path) -> None:
    line = ("colorize", nir8.name, "-q", "-o", "-", "--weights", tiny_weights)
    done = into_nothing(*line, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, b"nircolor: error: output stream: Broken pipe\n")


def test_a_reader_of_text_that_goes_away(tmp_path: Path) -> None:
    done = into_nothing("colorize", "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, b"")


def into_nothing(*args: str | Path, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """``nircolor`` whose standard output nobody reads, from the start: who is faster does not matter."""
    line = [sys.executable, "-m", "nircolor", *map(str, args)]
    with unread() as stream:
        return subprocess.run(line, cwd=cwd, stdout=stream, stderr=subprocess.PIPE, env=environment(), check=False)


# --- what nobody foresaw ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ZeroDivisionError("division by zero"), 1, "ZeroDivisionError: division by zero (this is a bug in nircolor"),
        (MemoryError(), 5, "not enough memory"),
    ],
)
def test_an_unforeseen_error_is_one_line_too(
    error: Exception, code: int, words: str, inside: Run, nir8: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr("nircolor.colorize.check_output", fail)
    assert words in one_line(inside("colorize", nir8.name), code)
    result = inside("colorize", nir8.name, "-vv")
    assert result.code == code
    assert result.err.startswith("Traceback (most recent call last):")
    assert words in result.err.splitlines()[-1]


def test_tracebacks_are_for_vv_alone(inside: Run, tmp_path: Path) -> None:
    for option, traceback in (("-q", False), ("-v", False), ("-vv", True)):
        result = inside("colorize", "gone.png", option)
        assert result.code == 3
        assert ("Traceback" in result.err) == traceback
        assert result.err.endswith("nircolor: error: gone.png: does not exist; check the name\n")
