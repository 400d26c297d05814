"""One run at a time on one output: a lock beside it, which ends with the process, however that ends."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nircolor.errors import OutputError
from nircolor.files import final_path

_HELD = -1
_AGAIN = 0.2  # seconds: who removes what killed runs have left holds a lock for a moment

if sys.platform == "win32":  # where an open draft cannot be removed by another run

    def _take(handle: int) -> bool:
        return True
else:
    import fcntl

    def _take(handle: int) -> bool:
        """Whether the lock is ours now. A disk without locks is used without one."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in (errno.EAGAIN, errno.EACCES)
        return True


@contextmanager
def claimed(target: object) -> Iterator[None]:
    """While entered, no other run can claim the same ``target``; what is no path can be claimed by all.

    What a killed run has left does not count. A folder that cannot be written to is left to who will say so. Raises
    OutputError where another run is at work.
    """
    lock = _place(target) if isinstance(target, Path) else None
    try:
        handle = _opened(lock) if lock else None
    except OSError:
        handle = None
    if handle == _HELD:
        remedy = "wait for it, or choose another output"
        raise OutputError("another nircolor is at work on it", path=str(target), remedy=remedy)
    try:
        yield
    finally:
        if lock and handle is not None:
            with suppress(OSError):
                lock.unlink()
            os.close(handle)


def _place(target: Path) -> Path:
    """Named like a draft, so that later runs remove what killed ones have left."""
    final = final_path(target)
    return final.with_name(f".nircolor-{hashlib.sha256(os.fsencode(final)).hexdigest()[:16]}.tmp")


def _opened(lock: Path, tries: int = 3) -> int:
    """The lock, open and taken; ``_HELD`` where another has it. Raises OSError."""
    for attempt in range(tries):
        if attempt:
            time.sleep(_AGAIN)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        if _take(handle) and _is_there(handle, lock):
            return handle
        os.close(handle)
    return _HELD


def _is_there(handle: int, lock: Path) -> bool:
    """Whether it is still the file of this name: another run may have removed it meanwhile."""
    try:
        return os.path.samestat(os.fstat(handle), lock.stat())
    except OSError:
        return False
