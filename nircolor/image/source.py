"""Where a picture comes from: a regular file, or bytes from standard input."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nircolor.errors import InputError


@contextmanager
def open_source(source: str | Path | bytes) -> Iterator[BinaryIO]:
    """A seekable stream over ``source``. Raises ``InputError``, whose message has no path yet."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    try:
        path = Path(source)
        _check_regular(path.stat())
        stream = path.open("rb")
    except (OSError, ValueError) as error:
        raise _unopened(error) from error
    with stream:
        yield stream


def _check_regular(status: os.stat_result) -> None:
    # before opening: opening a pipe that nobody writes to would wait for ever
    if stat.S_ISDIR(status.st_mode):
        raise InputError("is a folder", remedy="give one picture, or use nircolor batch (nircolor video for frames)")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(
            "is no regular file", remedy="for a pipe use `sys.stdin.buffer` and redirect it to standard input"
        )


def _unopened(error: Exception) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError("does not exist", remedy="check the name")
    if isinstance(error, PermissionError):
        return InputError("may not be read (permission denied)", remedy="change its permissions")
    reason = getattr(error, "strerror", None) or error
    return InputError(f"cannot be opened ({reason})", remedy="check the name")
