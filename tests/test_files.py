"""What is found out about an output before the work; it is written whole or not at all, whatever goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nircolor.errors import OutputError, OutputExistsError
from nircolor.files import atomic_file, check_output
from nircolor.image import read_rgb, write_rgb

COLOUR = np.full((8, 8, 3), 0.5, np.float32)


def test_a_good_output_passes_and_is_not_touched(tmp_path: Path) -> None:
    check_output(tmp_path / "new.png", overwrite=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "old.png").write_bytes(b"old")
    check_output(tmp_path / "old.png", overwrite=True)
    assert (tmp_path / "old.png").read_bytes() == b"old"


def test_an_existing_file_needs_overwrite(tmp_path: Path) -> None:
    (tmp_path / "old.png").touch()
    with pytest.raises(OutputExistsError, match=r"old.png: exists already; .*`overwrite=True`"):
        check_output(tmp_path / "old.png", overwrite=False)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    with pytest.raises(OutputError, match=rf"{folder}: this folder does not exist; create it first"):
        check_output(folder / "a.png", overwrite=False)


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Not a directory"):
        check_output(tmp_path / "file" / "a.png", overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_folders_pipes_and_devices_are_never_replaced(overwrite: bool, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder; name a file in it"):
        check_output(tmp_path, overwrite)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(OutputError, match=r"not replaced; use `sys\.stdout\.buffer` for standard output"):
            check_output(path, overwrite)


def test_a_folder_without_write_permission() -> None:
    privileged = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        if privileged:  # permissions do not bind the superuser
            os.seteuid(65534)
        try:
            with pytest.raises(OutputError, match=f"{folder}: this folder cannot be written to"):
                check_output(Path(folder) / "a.png", overwrite=False)
        finally:
            if privileged:
                os.seteuid(0)
            Path(folder).chmod(0o755)


def test_a_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "a.png")
    with pytest.raises(OutputError, match="Too many levels of symbolic links"):
        check_output(tmp_path / "a.png", overwrite=True)


def test_the_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with atomic_file(path, overwrite=False) as stream:
        stream.write(b"all of it")
        assert not path.exists()
        (temporary,) = tmp_path.iterdir()
        assert temporary.name.startswith(".nircolor-")
    assert path.read_bytes() == b"all of it"
    assert list(tmp_path.iterdir()) == [path]


def interrupted_write(path: Path, overwrite: bool, interruption: Callable[[], object]) -> None:
    with atomic_file(path, overwrite) as stream:
        stream.write(b"half of it")
        interruption()


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("failure", [RuntimeError, MemoryError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_folder_as_it_was(failure: type[BaseException], overwrite: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    if overwrite:
        path.write_bytes(b"old")
    before = list(tmp_path.iterdir())
    with pytest.raises(failure):
        interrupted_write(path, overwrite, lambda: _raise(failure))
    assert list(tmp_path.iterdir()) == before
    assert not overwrite or path.read_bytes() == b"old"


def _raise(failure: type[BaseException]) -> None:
    raise failure


def test_ctrl_c_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted_write(tmp_path / "a.bin", False, lambda: signal.raise_signal(signal.SIGINT))
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_picture_leaves_nothing(tmp_path: Path) -> None:
    # a real Ctrl-C while a large picture is being compressed
    program = textwrap.dedent("""
        import signal, sys, numpy
        from nircolor.image import write_rgb
        rgb = numpy.random.default_rng(0).random((600, 600, 3), dtype="f4")
        write_rgb(sys.argv[1] + "/small.tif", rgb[:9, :9])  # so that everything is imported
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
        number = 0
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            for number in range(1000):
                write_rgb(sys.argv[1] + f"/{number}.tif", rgb, depth=16)
        except KeyboardInterrupt:
            print("interrupted", number)
    """)
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    word, number = done.stdout.split()
    assert word == "interrupted"
    whole = {"small.tif", *(f"{n}.tif" for n in range(int(number)))}
    assert {path.name for path in tmp_path.iterdir()} - {f"{number}.tif"} == whole  # this one may just have been done
    assert all(len(read_rgb(path).pixels) in (9, 600) for path in tmp_path.iterdir())


def test_a_full_disk_is_an_output_error_with_its_reason_and_leaves_nothing(tmp_path: Path) -> None:
    # a limit on file size is as real as a full disk, and needs no rights
    program = textwrap.dedent("""
        import pathlib, resource, sys, numpy
        from nircolor.errors import OutputError
        from nircolor.image import ImageInfo, write_rgb
        rgb = numpy.random.default_rng(0).random((200, 300, 3), dtype="f4")
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        for name in ("a.png", "a.tif", "a.jpg", "a.webp", "a.bmp"):
            for compression in ("none", "lzw", "deflate"):
                try:
                    write_rgb(pathlib.Path(sys.argv[1], name), rgb, ImageInfo("TIFF", "uint8", compression=compression))
                except OutputError as error:
                    print(error)
    """)
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 15
    for line in lines:
        assert line.startswith(str(tmp_path / "a."))
        assert "File too large; nothing was written" in line or "the disk is full or the file too large" in line
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with pytest.raises(OutputExistsError, match="created meanwhile"):
        interrupted_write(path, False, lambda: path.write_bytes(b"theirs"))
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_symbolic_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link, target = tmp_path / "link.png", tmp_path / "there" / "target.png"
    link.symlink_to(target)
    write_rgb(link, COLOUR)  # dangling: the target is new
    assert link.is_symlink()
    size = target.stat().st_size
    with pytest.raises(OutputExistsError):
        write_rgb(link, COLOUR)
    write_rgb(link, np.tile(COLOUR, (9, 9, 1)), overwrite=True)
    assert link.is_symlink()
    assert target.stat().st_size != size
    assert [path.name for path in target.parent.iterdir()] == ["target.png"]


def test_a_new_file_obeys_the_umask(tmp_path: Path) -> None:
    previous = os.umask(0o027)
    try:
        write_rgb(tmp_path / "a.png", COLOUR)
    finally:
        os.umask(previous)
    assert (tmp_path / "a.png").stat().st_mode & 0o777 == 0o640


def test_the_longest_possible_name(tmp_path: Path) -> None:
    name = "n" * 251 + ".png"
    write_rgb(tmp_path / name, COLOUR)
    assert (tmp_path / name).exists()
    with pytest.raises(OutputError, match="File name too long"):
        write_rgb(tmp_path / ("n" + name), COLOUR)
