"""A folder beside the output in which it grows, so that it gets its name only once it is complete.

Whoever works in one holds a lock on it, which ends with the process, however that ends: so the next one knows which
folders a killed process has left, and removes them.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nircolor.errors import OutputError, OutputExistsError, display_name
from nircolor.files import final_path, write_reason

_YOUNG = 2.0  # seconds: one that has just been made may not have its lock yet

if sys.platform == "win32":  # which cannot lock a folder: there they stay

    def _lock(folder: Path) -> int | None:
        return None
else:
    import fcntl

    def _lock(folder: Path) -> int | None:
        """What to close to let go of the lock; None where another holds it, or the disk has none."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return None
        return handle


@contextmanager
def workplace(target: Path) -> Iterator[Path]:
    """A new folder, removed with all that is left in it, whatever happens, Ctrl-C included. Those of killed processes
    beside it are removed before.

    An OSError within becomes an OutputError that names ``target``.
    """
    home, handle = final_path(target).parent, None
    folder = home / f".nircolor-{secrets.token_hex(8)}.tmp"
    _sweep(home)
    try:
        folder.mkdir()
        handle = _lock(folder)
        yield folder
    except FileExistsError as error:
        raise OutputExistsError(f"{display_name(target)}: has been created meanwhile; add --overwrite") from error
    except OSError as error:
        raise OutputError(f"{display_name(target)}: {write_reason(error)}; nothing was written") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def _sweep(home: Path) -> None:
    for folder in home.glob(".nircolor-*.tmp"):
        with suppress(OSError):
            status = folder.lstat()
            old = time.time() - status.st_mtime > _YOUNG
            if stat.S_ISDIR(status.st_mode) and old and (handle := _lock(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(handle)


def publish(finished: Path, target: Path, overwrite: bool) -> None:
    """Give a file its name. Raises FileExistsError where another one has taken it and ``overwrite`` is not set."""
    with finished.open("rb") as stream:
        os.fsync(stream.fileno())
    if overwrite or not hasattr(os, "link"):
        finished.replace(target)
        return
    try:
        os.link(finished, target)
    except FileExistsError:
        raise
    except OSError:  # a disk without links
        finished.replace(target)
