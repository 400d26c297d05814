"""Where an output goes, and whether it can go there: decided before the work is done."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from nircolor.errors import OutputError, OutputExistsError, display_name
from nircolor.image.formats import FORMATS, by_name, by_suffix


def default_output(path: Path, format: str | None = None) -> Path:
    """``photo_nir.tif`` -> ``photo_nir_rgb.tif`` beside it.

    The suffix stays as it is written (``.jpeg`` stays ``.jpeg``) unless ``format`` names another family. Raises
    ``UsageError`` for an unknown ``format``.
    """
    path = Path(path)
    name = None if format is None else by_name(format)
    suffix = path.suffix if name is None or name == by_suffix(path) else FORMATS[name].suffixes[0]
    return path.with_name(f"{path.stem}_rgb{suffix}")


def final_path(path: Path) -> Path:
    """The file that ``path`` stands for: the end of a symbolic link, so that writing leaves the link in place."""
    return Path(os.path.realpath(path))


def check_output(path: Path, overwrite: bool) -> None:
    """Raise what writing ``path`` would raise, before the work: ``OutputExistsError`` or ``OutputError``.

    Only a regular file may be replaced, with ``overwrite``; never a folder, a pipe or a device.
    """
    name = display_name(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        status = None
    except (OSError, ValueError) as error:
        raise OutputError(f"{name}: {getattr(error, 'strerror', None) or error}; choose another name") from error
    if status is not None:
        _check_replaceable(name, status, overwrite)
    _check_folder(final_path(path).parent)


def _check_replaceable(name: str, status: os.stat_result, overwrite: bool) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise OutputError(f"{name}: is a folder; name a file in it")
    if not stat.S_ISREG(status.st_mode):
        raise OutputError(f"{name}: is no regular file and is not replaced; use - for standard output")
    if not overwrite:
        raise OutputExistsError(f"{name}: exists already; choose another name or add --overwrite")


def _check_folder(folder: Path) -> None:
    name = display_name(folder)
    if not folder.is_dir():
        problem = "is no folder" if folder.exists() else "this folder does not exist"
        raise OutputError(f"{name}: {problem}; create it first or choose another output")
    # the rights that count are the effective ones, where the system can tell the difference
    effective = os.access in os.supports_effective_ids
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=effective):
        raise OutputError(f"{name}: this folder cannot be written to; change its permissions or choose another output")
