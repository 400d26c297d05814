"""A lock on an open file that ends with the process that holds it, however that ends."""

from __future__ import annotations

import errno
import logging
import sys
from typing import BinaryIO

_FAR = 0x7FFF0000  # Windows locks bytes, not files, and nobody else may read them: one far beyond the end

if sys.platform == "win32":
    import msvcrt

    def _take(stream: BinaryIO) -> None:
        stream.seek(_FAR)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        stream.seek(0)
else:
    import fcntl

    def _take(stream: BinaryIO) -> None:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock(stream: BinaryIO) -> bool:
    """Whether the lock is ours now; False when another process holds it. It is let go when ``stream`` is closed.

    A file system that has no locks is used without one, with a warning.
    """
    try:
        _take(stream)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        logging.getLogger("nircolor").warning(
            "%s: this disk has no locks (%s); do not run two batches on it at once", stream.name, error.strerror
        )
    return True
