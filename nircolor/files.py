"""Where an output goes, whether it can go there, and how it gets there: whole, or not at all. The order of names."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from nircolor.errors import OutputError, OutputExistsError

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES, errno.EXDEV}
_YOUNG = 2.0  # seconds: what has just been made may not have its lock yet
_NUMBER = re.compile(r"([0-9]+)")

if sys.platform == "win32":  # which cannot lock a folder: what is left stays there

    def _lock(place: Path) -> int | None:
        return None
else:
    import fcntl

    def _lock(place: Path) -> int | None:
        """What to close to let go of the lock; None where another holds it, or the disk has none."""
        handle = os.open(place, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return None
        return handle


def final_path(path: Path) -> Path:
    """The file that ``path`` stands for: the end of a symbolic link, so that writing leaves the link in place."""
    return Path(os.path.realpath(path))


def check_output(path: Path, overwrite: bool) -> None:
    """Raise what writing ``path`` would raise, before the work: ``OutputExistsError`` or ``OutputError``.

    Only a regular file may be replaced, with ``overwrite``; never a folder, a pipe or a device.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        status = None
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or error)
        raise OutputError(reason, path=path, remedy="choose another name") from error
    if status is not None:
        _check_replaceable(path, status, overwrite)
    _check_folder(final_path(path).parent)


def _check_replaceable(path: Path, status: os.stat_result, overwrite: bool) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise OutputError("is a folder", path=path, remedy="name a file in it")
    if not stat.S_ISREG(status.st_mode):
        remedy = "use `sys.stdout.buffer` for standard output"
        raise OutputError("is no regular file and is not replaced", path=path, remedy=remedy)
    if not overwrite:
        raise OutputExistsError("exists already", path=path, remedy="choose another name or add `overwrite=True`")


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        problem = "is no folder" if folder.exists() else "this folder does not exist"
        raise OutputError(problem, path=folder, remedy="create it first or choose another output")
    # the rights that count are the effective ones, where the system can tell the difference
    effective = os.access in os.supports_effective_ids
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=effective):
        remedy = "change its permissions or choose another output"
        raise OutputError("this folder cannot be written to", path=folder, remedy=remedy)


@contextmanager
def atomic_file(path: Path, overwrite: bool) -> Iterator[BinaryIO]:
    """A stream, open for writing and reading, that becomes ``path`` when the block ends without an exception.

    Until then the data lies under a temporary name in the same folder, which is removed whatever happens, Ctrl-C
    included. A symbolic link is followed and stays. Raises ``OutputExistsError`` and ``OutputError``.
    """
    check_output(path, overwrite)
    final = final_path(path)
    temporary = temporary_in(final.parent)
    with output_errors(path):
        try:
            with temporary.open("x+b") as stream, _locked(temporary):  # "x" obeys the umask, which tempfile does not
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            publish(temporary, final, overwrite)
        finally:
            with suppress(OSError):
                temporary.unlink()


@contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` in which it grows; see ``folder_in``.

    What killed processes have left there is removed first. Raises ``OutputExistsError`` and ``OutputError``.
    """
    home = final_path(target).parent
    remove_abandoned(home)
    with output_errors(target), folder_in(home) as folder:
        yield folder


@contextmanager
def folder_in(home: Path, mode: int = 0o777) -> Iterator[Path]:
    """A new folder in ``home``; removed with all that is left in it, whatever happens, Ctrl-C included. ``mode``: its
    rights, less those that the umask takes.
    """
    folder = temporary_in(home)
    try:
        folder.mkdir(mode)
        with _locked(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """A lock that ends with the process, however that ends."""
    handle = _lock(place)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def remove_abandoned(home: Path) -> None:
    """Remove the temporary files and folders of processes that were killed; those still at work hold a lock on theirs.

    It lists the folder: where there are many files, once for many outputs.
    """
    for place in home.glob(".nircolor-*.tmp"):
        with suppress(OSError):
            old = time.time() - place.lstat().st_mtime > _YOUNG
            if old and not place.is_symlink() and (handle := _lock(place)) is not None:
                if place.is_dir():
                    shutil.rmtree(place, ignore_errors=True)
                else:
                    place.unlink()
                os.close(handle)


def temporary_in(folder: Path) -> Path:
    """A name for what is not complete yet; short, since one made from the target's could be too long."""
    return folder / f".nircolor-{secrets.token_hex(8)}.tmp"


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """What the system refuses within becomes an ``OutputExistsError`` or ``OutputError`` about the output ``path``."""
    try:
        yield
    except FileExistsError as error:
        raise OutputExistsError("has been created meanwhile", path=path, remedy="add `overwrite=True`") from error
    except OSError as error:
        raise OutputError(write_reason(error), path=path, remedy="nothing was written") from error


def write_reason(error: OSError) -> str:
    """What went wrong, in the system's words."""
    # numpy reports a short write without saying why; there is no other reason for one on a regular file
    return error.strerror or f"the disk is full or the file too large ({error})"


def publish(temporary: Path, final: Path, overwrite: bool) -> None:
    """Give a complete file, on the disk already, its name.

    Raises FileExistsError where another file has taken it since the check and ``overwrite`` is not set.
    """
    if overwrite or not _link(temporary, final):
        temporary.replace(final)
    _sync_folder(final.parent)


def clear_leftovers(folder: Path) -> None:
    """Remove the temporary files of a process that was killed. Nobody else may be writing to ``folder`` meanwhile."""
    for leftover in folder.glob(".nircolor-*.tmp"):
        with suppress(OSError):  # a folder cannot be
            leftover.unlink()
    remove_abandoned(folder)


def _link(temporary: Path, final: Path) -> bool:
    """Give the file its name only if nobody else has taken it since the check; False where the disk has no links."""
    try:
        os.link(temporary, final)
    except OSError as error:
        if error.errno in _NO_LINKS and not os.path.lexists(final):
            return False
        raise
    return True


def _sync_folder(folder: Path) -> None:
    # the new name is safe only once its folder is; some systems cannot open a folder, and then need not
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def natural(text: str) -> tuple[tuple[str | int, ...], str]:
    """Sort key in which ``x2`` comes before ``x10``."""
    parts = _NUMBER.split(text.casefold())  # text and digits in turn
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts)), text
