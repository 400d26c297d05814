"""A folder beside the output in which it grows, so that it gets its name only once it is complete."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nircolor.errors import OutputError, OutputExistsError
from nircolor.image.atomic import write_reason
from nircolor.image.paths import final_path
from nircolor.image.source import display_name


@contextmanager
def workplace(target: Path) -> Iterator[Path]:
    """A new folder, removed with all that is left in it, whatever happens, Ctrl-C included.

    An OSError within becomes an OutputError that names ``target``.
    """
    folder = final_path(target).with_name(f".nircolor-{secrets.token_hex(8)}.tmp")
    try:
        folder.mkdir()
        yield folder
    except FileExistsError as error:
        raise OutputExistsError(f"{display_name(target)}: has been created meanwhile; add --overwrite") from error
    except OSError as error:
        raise OutputError(f"{display_name(target)}: {write_reason(error)}; nothing was written") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
