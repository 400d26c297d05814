"""A file is written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from nircolor.errors import OutputError, OutputExistsError, display_name
from nircolor.image.paths import check_output, final_path

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES, errno.EXDEV}


@contextmanager
def atomic_file(path: Path, overwrite: bool) -> Iterator[BinaryIO]:
    """A stream, open for writing and reading, that becomes ``path`` when the block ends without an exception.

    Until then the data lies under a temporary name in the same folder, which is removed whatever happens, Ctrl-C
    included. A symbolic link is followed and stays. Raises ``OutputExistsError`` and ``OutputError``.
    """
    check_output(path, overwrite)
    final = final_path(path)
    # a short name of its own: one made from the target's could be too long for the file system
    temporary = final.with_name(f".nircolor-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("x+b") as stream:  # "x" obeys the umask, which tempfile does not
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _publish(temporary, final, overwrite)
    except FileExistsError as error:
        raise OutputExistsError(f"{display_name(path)}: has been created meanwhile; add --overwrite") from error
    except OSError as error:
        raise OutputError(f"{display_name(path)}: {write_reason(error)}; nothing was written") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def clear_leftovers(folder: Path) -> None:
    """Remove the temporary files of a process that was killed. Nobody else may be writing to ``folder`` meanwhile."""
    for leftover in folder.glob(".nircolor-*.tmp"):
        with suppress(OSError):  # a folder is one of a video, which looks after its own
            leftover.unlink()


def write_reason(error: OSError) -> str:
    """What went wrong, in the system's words."""
    # numpy reports a short write without saying why; there is no other reason for one on a regular file
    return error.strerror or f"the disk is full or the file too large ({error})"


def _publish(temporary: Path, final: Path, overwrite: bool) -> None:
    if overwrite or not _link(temporary, final):
        temporary.replace(final)
    _sync_folder(final.parent)


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
