"""Objects on storage that is no disk: ``s3://bucket/folder``, ``gs://...``, ``http://...``, whatever fsspec reaches.

Pictures are read and written whole, in one request each: an object is there entirely or not at all. Keys, regions and
endpoints come from where fsspec's own file systems look for them (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, ...).
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nircolor.errors import InputError, NircolorError, OutputError, UsageError
from nircolor.image.limits import MAX_BYTES

_MARKS = ("ETag", "etag", "md5Hash", "LastModified", "mtime", "updated", "last_modified")  # of a version of an object


@dataclass(frozen=True)
class Stored:
    """An object: its name below the folder, its size, and a number that changes when its content does (0: unknown)."""

    name: str
    bytes: int
    changed: int


@dataclass(frozen=True)
class Remote:
    """A folder, or an object, by its URL; ``/`` goes below it, as in a Path."""

    url: str

    def __truediv__(self, name: str) -> Remote:
        return Remote(f"{self.url}/{name}" if name else self.url)

    def __str__(self) -> str:
        return self.url

    @property
    def name(self) -> str:
        return posixpath.basename(self.url)

    def read(self) -> bytes:
        """All of an object. Raises InputError, without the URL, which the caller knows."""
        with _ours(InputError):
            data: bytes = self._system().cat_file(self._path())
        if len(data) > MAX_BYTES:
            raise InputError(f"is larger than {MAX_BYTES >> 30} GiB", remedy="cut it into parts first")
        return data

    def write(self, data: bytes) -> None:
        """Make or replace an object. Raises OutputError, without the URL."""
        with _ours(OutputError):
            self._system().pipe_file(self._path(), data)

    def size(self) -> int:
        """Bytes of an object. Raises OutputError."""
        with _ours(OutputError):
            return int(self._system().size(self._path()) or 0)

    def remove(self) -> None:
        """Raises OutputError."""
        with _ours(OutputError):
            self._system().rm_file(self._path())

    def open(self) -> None:
        """Raises UsageError for a URL that nothing here can open."""
        self._system()

    def list(self, recursive: bool = True) -> Iterator[Stored]:
        """All objects below this folder, none where there is no such folder. Raises InputError with the URL."""
        with _ours(InputError, self.url):
            system, path = self._system(), self._path()
            system.invalidate_cache()
            found: dict[str, Any] = system.find(path, maxdepth=None if recursive else 1, detail=True)
        for full, info in found.items():
            name = full[len(path) :].lstrip("/") if full.startswith(path) else ""
            if name and "?" not in name:  # how web servers write "sort this page"
                yield Stored(name, int(info.get("size") or 0), _version(info))

    def _system(self) -> Any:
        return _open(self.url)[0]

    def _path(self) -> str:
        return str(_open(self.url)[1]).rstrip("/")


def _open(url: str) -> tuple[Any, str]:
    """fsspec's file system, which it keeps, and the path in it."""
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]

        system, path = url_to_fs(url)
    except ImportError as error:
        remedy = "pip install 'nircolor[remote]'"
        raise UsageError(f"needs a package that is not here ({error})", path=url, remedy=remedy) from error
    except ValueError as error:
        remedy = "give s3://, gs://, http:// or a path"
        raise UsageError(f"no storage that fsspec knows ({error})", path=url, remedy=remedy) from error
    return system, path


@contextmanager
def _ours(kind: type[NircolorError], path: str | None = None) -> Iterator[None]:
    """Whatever a file system raises becomes one of our errors: each brings exceptions of its own."""
    keys = "check the keys in the environment"
    try:
        yield
    except NircolorError:
        raise
    except FileNotFoundError as error:
        raise kind("does not exist", path=path, remedy="check the name") from error
    except PermissionError as error:
        raise kind(f"is forbidden ({error})", path=path, remedy=keys) from error
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        remedy = f"check the address and {keys.removeprefix('check ')}"
        raise kind(f"cannot be reached ({reason})", path=path, remedy=remedy) from error


def _version(info: dict[str, Any]) -> int:
    for mark in _MARKS:
        if info.get(mark):
            return int.from_bytes(hashlib.sha256(str(info[mark]).encode()).digest()[:6], "big")
    return 0
