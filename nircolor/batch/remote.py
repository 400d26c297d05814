"""Folders on storage that is no disk: ``s3://bucket/folder``, ``gs://...``, ``http://...``, whatever fsspec reaches.

Pictures are read and written whole, in one request each: an object is there entirely or not at all. Keys, regions and
endpoints come from where fsspec's own file systems look for them (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, ...).
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
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
        """All of an object. Raises InputError, without the URL, which the caller's message has."""
        with _told(InputError):
            data: bytes = self._system().cat_file(self._path())
        if len(data) > MAX_BYTES:
            raise InputError(f"is larger than {MAX_BYTES >> 30} GiB; cut it into parts first")
        return data

    def write(self, data: bytes) -> None:
        """Make or replace an object. Raises OutputError, without the URL."""
        with _told(OutputError):
            self._system().pipe_file(self._path(), data)

    def size(self) -> int:
        """Bytes of an object. Raises OutputError."""
        with _told(OutputError):
            return int(self._system().size(self._path()) or 0)

    def remove(self) -> None:
        """Raises OutputError."""
        with _told(OutputError):
            self._system().rm_file(self._path())

    def list(self, recursive: bool = True) -> Iterator[Stored]:
        """All objects below this folder, none where there is no such folder. Raises InputError with the URL."""
        with _told(InputError, self.url):
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


Place = Path | Remote
"""Where pictures are, or go."""


def place(text: str) -> Place:
    """What a command line calls a folder. Raises UsageError for a URL that nothing here can open."""
    if "://" not in text:
        return Path(text)
    scheme, _, rest = text.partition("://")
    if scheme == "file":
        return Path(rest)
    remote = Remote(text.rstrip("/"))
    remote._system()
    return remote


def is_writable(remote: Remote) -> bool:
    """Whether the kind of storage is one that is written to: a web server is not."""
    return not remote.url.startswith(("http://", "https://"))


def _open(url: str) -> tuple[Any, str]:
    """fsspec's file system, which it keeps, and the path in it."""
    remedy = "pip install 'nircolor[remote]'"
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]

        system, path = url_to_fs(url)
    except ImportError as error:
        raise UsageError(f"{url}: needs a package that is not here ({error}); {remedy}") from error
    except ValueError as error:
        raise UsageError(
            f"{url}: no storage that fsspec knows ({error}); give s3://, gs://, http:// or a path"
        ) from error
    return system, path


@contextmanager
def _told(kind: type[NircolorError], prefix: str = "") -> Iterator[None]:
    """Whatever a file system raises becomes one of ours: each brings exceptions of its own."""
    lead = f"{prefix}: " if prefix else ""
    try:
        yield
    except NircolorError:
        raise
    except FileNotFoundError as error:
        raise kind(f"{lead}does not exist; check the name") from error
    except PermissionError as error:
        raise kind(f"{lead}is forbidden ({error}); check the keys in the environment") from error
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise kind(f"{lead}cannot be reached ({reason}); check the address and the keys in the environment") from error


def _version(info: dict[str, Any]) -> int:
    for mark in _MARKS:
        if info.get(mark):
            return int.from_bytes(hashlib.sha256(str(info[mark]).encode()).digest()[:6], "big")
    return 0
