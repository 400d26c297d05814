"""What has been done of a video, written beside its output, so that work which was killed can be gone on with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from nircolor.errors import UsageError
from nircolor.files import atomic_file

_HEAD = 1 << 20  # bytes of a source that tell it from others
_LARGEST = 16 << 20  # bytes of a journal: some 100,000 parts
_VERSION = 1


@dataclass(frozen=True)
class Done:
    """One part that is complete. ``start``: when its first frame is shown, a fraction of seconds on the clock of the
    source; None where frames have no times.
    """

    number: int
    frames: int
    cuts: int
    start: str | None
    size: int
    sha256: str

    @property
    def starts_at(self) -> Fraction | None:
        return None if self.start is None else Fraction(self.start)


@dataclass
class Journal:
    """``identity``: everything that decides what the output looks like. ``interim``: size and time of change of an
    output that holds less than all, for it was interrupted.
    """

    path: Path
    identity: Mapping[str, Any]
    parts: dict[int, Done] = field(default_factory=dict)
    interim: tuple[int, int] | None = None

    def add(self, done: Done) -> None:
        """``done`` is complete, and on the disk. Raises OutputError."""
        self.parts[done.number] = done
        self.save()

    def holds(self, number: int, file: Path) -> Done | None:
        """The part of this number, if ``file`` is still what was written then."""
        done = self.parts.get(number)
        with suppress(OSError):
            if done and file.stat().st_size == done.size and hash_of(file) == done.sha256:
                return done
        return None

    def is_interim(self, output: Path) -> bool:
        """Whether ``output`` is what an interrupted run has left there."""
        with suppress(OSError):
            status = output.stat()
            return self.interim == (status.st_size, status.st_mtime_ns)
        return False

    def save(self) -> None:
        """Raises OutputError."""
        values = {
            "version": _VERSION,
            "identity": self.identity,
            "parts": [asdict(self.parts[number]) for number in sorted(self.parts)],
            "interim": self.interim,
        }
        with atomic_file(self.path, overwrite=True) as stream:
            stream.write(json.dumps(values, indent=1).encode())


def resumed(path: Path, identity: Mapping[str, Any]) -> Journal:
    """The journal at ``path``, of work that is to be gone on with; a new one where there is none.

    Raises UsageError where it is of another source or other options, or damaged.
    """
    if not path.exists():
        return Journal(path, identity)
    try:
        found = _read(path)
    except (OSError, ValueError, TypeError, KeyError, RecursionError, ZeroDivisionError) as error:
        remedy = "begin anew with `overwrite=True` instead of `resume=True`"
        raise UsageError("is damaged, or no journal of this program", path=path, remedy=remedy) from error
    told = "; ".join(_differences(found.identity, json.loads(json.dumps(identity))))
    if told:
        remedy = "give what was given then, or begin anew with `overwrite=True` instead of `resume=True`"
        raise UsageError(f"was begun otherwise: {told}", path=path, remedy=remedy)
    return found


def _read(path: Path) -> Journal:
    with path.open("rb") as stream:
        data = stream.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError("too large")
    values = json.loads(data)
    if values["version"] != _VERSION or not isinstance(values["identity"], dict):
        raise ValueError("of another version")
    parts = [Done(**part) for part in values["parts"]]
    for part in parts:
        if not all(isinstance(value, int) for value in (part.number, part.frames, part.cuts, part.size)):
            raise ValueError("numbers are none")
        _ = part.starts_at
    interim = values["interim"]
    size_and_time = (int(interim[0]), int(interim[1])) if interim else None
    return Journal(path, values["identity"], {part.number: part for part in parts}, size_and_time)


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in {**now, **before}:
        was, here = before.get(name), now.get(name)
        if was != here:
            yield "the input has changed since" if name == "source" else f"{name} was {was} and is {here}"


def identity_of(source: Path) -> dict[str, Any]:
    """What tells a file, or a folder of frames, from another one, and from itself when it has been changed."""
    if source.is_dir():
        files = sorted((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in source.iterdir())
        return {"files": len(files), "names": hashlib.sha256(repr(files).encode()).hexdigest()}
    status = source.stat()
    with source.open("rb") as stream:
        head = hashlib.sha256(stream.read(_HEAD)).hexdigest()
    return {"size": status.st_size, "changed": status.st_mtime_ns, "head": head}


def hash_of(path: Path) -> str:
    """SHA-256 of all of it."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_HEAD):
            digest.update(block)
    return digest.hexdigest()
