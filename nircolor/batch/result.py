"""What a batch has come to: counted while it is at work, then a result that prints well and knows its failures."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from nircolor.batch.entry import Entry, Row
from nircolor.batch.places import Size
from nircolor.errors import display_name
from nircolor.events import Event
from nircolor.wording import command_line, kind_of

_KINDS = 5  # suffixes named of files that were left out
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


@dataclass(frozen=True)
class Failure:
    """A picture, by its path below the input folder, and why it failed."""

    input: str
    error: str


@dataclass(frozen=True)
class Reason:
    """Files that failed in one way; ``text`` is what was said of the first."""

    text: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class BatchResult:
    """What became of a folder.

    done, kept, failed, left: numbers of pictures that were colorized, that were finished before, that failed, and that
    an early end has left undone. left_out: how many files of which suffix are no pictures. seconds: in the network's
    thread. waited: the share of them that the network waited for the disk; None where other processes have worked.
    weights, sha256: name, and the beginning of the hash. engine: device, kernel and precision; empty where no network
    was needed. manifest: where the row of each picture is.
    """

    input: str
    output: str
    manifest: str
    done: int
    kept: int
    failed: int
    left: int
    left_out: Mapping[str, int]
    megapixels: float
    seconds: float
    megapixels_per_second: float
    waited: float | None
    weights: str
    sha256: str
    failures: tuple[Failure, ...]
    engine: Mapping[str, str | None]
    warnings: tuple[str, ...]

    def reasons(self) -> list[Reason]:
        """Failures by their reason, most frequent first; numbers make no difference."""
        return _reasons(self.failures)

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor batch --json`` prints, in the words of the command line."""
        values = {name: value for name, value in vars(self).items() if name not in ("failures", "engine", "warnings")}
        return {
            **values,
            "left_out": dict(self.left_out),
            "failures": [{"input": one.input, "error": command_line(one.error)} for one in self.failures],
            **self.engine,
            "warnings": [command_line(text) for text in self.warnings],
        }

    def __str__(self) -> str:
        waited = "" if self.waited is None else f", the network waited {self.waited:.0%} of it"
        return (
            f"{self.done} done, {self.kept} unchanged, {self.failed} failed; {self.megapixels:.1f} MP in "
            f"{self.seconds:.1f} s ({self.megapixels_per_second:.2f} MP/s){waited}"
        )


@dataclass(frozen=True)
class Planned:
    """A picture that would be colorized: paths below the two folders, size of the file, and of the picture if known."""

    input: str
    output: str
    bytes: int
    height: int | None
    width: int | None

    @staticmethod
    def of(entry: Entry, size: Size | None) -> Planned:
        height, width = size or (None, None)
        return Planned(entry.source, entry.output, entry.bytes, height, width)

    def __str__(self) -> str:
        known = self.height is not None and self.width is not None
        pixels = (self.height or 0) * (self.width or 0) / 1e6
        shape = f"{self.width} x {self.height}, {pixels:.2f} MP" if known else "size unknown"
        return f"{display_name(self.input)} -> {display_name(self.output)}: {shape}, {self.bytes / 1e6:.2f} MB"


@dataclass(frozen=True)
class FolderPlan:
    """What ``colorize_folder`` would do. seconds: about how long it takes. skipped: pictures that are done already.
    left_out: how many files of which suffix are no pictures.
    """

    pictures: tuple[Planned, ...]
    bytes: int
    megapixels: float
    seconds: float
    skipped: int
    left_out: Mapping[str, int]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor batch --dry-run --json`` prints."""
        return {
            "files": len(self.pictures),
            "bytes": self.bytes,
            "megapixels": round(self.megapixels, 6),
            "seconds": round(self.seconds, 1),
            "skipped": self.skipped,
            "left_out": dict(self.left_out),
            "plan": [vars(picture) for picture in self.pictures],
            "warnings": [command_line(text) for text in self.warnings],
        }

    def __str__(self) -> str:
        return (
            f"{plural(len(self.pictures), 'picture')}, {self.bytes / 1e6:.1f} MB, {self.megapixels:.1f} MP, "
            f"about {self.seconds:.0f} s; {self.skipped} done already; nothing was written"
        )


@dataclass(frozen=True)
class Broken(Event):
    """An error ends the batch after work has begun, and is about to be raised; ``result``: what was done before it."""

    result: BatchResult


@dataclass
class Outcome:
    """Filled from rows, by any thread. Memory grows with what failed, not with what went well."""

    counts: Counter[str] = field(default_factory=Counter)
    pixels: int = 0
    failures: list[Failure] = field(default_factory=list)
    remarks: Counter[str] = field(default_factory=Counter)
    """By what was said of the first: numbers make no difference."""
    _first: dict[str, str] = field(default_factory=dict, repr=False)
    _guard: Lock = field(default_factory=Lock, repr=False)

    def add(self, row: Row) -> None:
        with self._guard:
            self.counts[row.status] += 1
            self.pixels += (row.pixels or row.width * row.height) if row.status == "done" else 0
            for text in row.warnings:
                self._first.setdefault(kind_of(text), text)
                self.remarks[self._first[kind_of(text)]] += 1
            if row.status == "failed":
                self.failures.append(Failure(row.input, row.error or ""))

    def reasons(self) -> list[Reason]:
        """See ``BatchResult.reasons``."""
        return _reasons(self.failures)


def _reasons(failures: Sequence[Failure]) -> list[Reason]:
    groups: dict[str, list[Failure]] = {}
    for failure in failures:
        groups.setdefault(kind_of(failure.error), []).append(failure)
    by_size = sorted(groups.values(), key=len, reverse=True)
    return [Reason(group[0].error, tuple(one.input for one in group)) for group in by_size]


def left_out(kinds: Mapping[str, int]) -> str:
    """How many files were passed over, by suffix, most frequent first; empty where none was."""
    if not kinds:
        return ""
    named = [f"{number} {display_name(kind)}" for kind, number in list(kinds.items())[:_KINDS]]
    rest = sum(list(kinds.values())[_KINDS:])
    more = f", {rest} others" if rest else ""
    return f"left out for their suffixes, which are of no pictures: {', '.join(named)}{more}"


def is_hopeless(row: Row) -> bool:
    """Whether every later picture would fail in the same way: the disk is full, or read-only."""
    return row.errno in _FULL


def plural(number: int, what: str) -> str:
    """``1 picture``, ``2 pictures``."""
    return f"{number} {what}{'' if number == 1 else 's'}"
