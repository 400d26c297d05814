"""What a batch has come to: counts, and failures grouped by their reason."""

from __future__ import annotations

import errno
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from nircolor.batch.row import Row
from nircolor.errors import display_name

_KINDS = 5  # suffixes named of files that were left out
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


@dataclass(frozen=True)
class Reason:
    """Files that failed in one way; ``text`` is what was said of the first."""

    text: str
    files: tuple[str, ...]


@dataclass
class Outcome:
    """Filled from rows, by any thread. Memory grows with what failed, not with what went well."""

    counts: Counter[str] = field(default_factory=Counter)
    pixels: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    remarks: Counter[str] = field(default_factory=Counter)
    """By what was said of the first: numbers make no difference."""
    _first: dict[str, str] = field(default_factory=dict, repr=False)
    _guard: Lock = field(default_factory=Lock, repr=False)

    def add(self, row: Row) -> None:
        with self._guard:
            self.counts[row.status] += 1
            self.pixels += row.width * row.height if row.status == "done" else 0
            for text in row.warnings:
                self._first.setdefault(_kind(text), text)
                self.remarks[self._first[_kind(text)]] += 1
            if row.status == "failed":
                self.failures.append((row.input, row.error or ""))

    def fail(self, name: str, reason: str) -> None:
        """Something that never became an entry."""
        with self._guard:
            self.counts["failed"] += 1
            self.failures.append((name, reason))

    def reasons(self) -> list[Reason]:
        """Most frequent first."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, reason in self.failures:
            groups.setdefault(_kind(reason), []).append((name, reason))
        by_size = sorted(groups.values(), key=len, reverse=True)
        return [Reason(group[0][1], tuple(name for name, _ in group)) for group in by_size]


def left_out(kinds: Mapping[str, int]) -> str:
    """How many files were passed over, by suffix, most frequent first; empty where none was."""
    if not kinds:
        return ""
    named = [f"{number} {display_name(kind)}" for kind, number in list(kinds.items())[:_KINDS]]
    rest = sum(list(kinds.values())[_KINDS:])
    more = f", {rest} others" if rest else ""
    return f"left out for their suffixes, which are of no pictures: {', '.join(named)}{more}"


def _kind(text: str) -> str:
    return re.sub(r"\d+(\.\d+)?", "0", text)


def is_hopeless(row: Row) -> bool:
    """Whether every later picture would fail in the same way: the disk is full, or read-only."""
    return row.errno in _FULL


def evenly(count: int, most: int) -> Iterable[int]:
    """At most ``most`` of the numbers below ``count``, evenly spread."""
    return range(count) if count <= most else (i * count // most for i in range(most))
