"""The manifest of an output folder: a line of JSON for each picture, only ever added to, and how a later one reads it.

A torn last line is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from sys import intern
from types import TracebackType

from nircolor.batch.entry import Row
from nircolor.batch.places import LONGEST, Place, Stamp, Warn
from nircolor.errors import display_name
from nircolor.wording import command_line

LOG = "nircolor-batch"
NAME = f"{LOG}.jsonl"
"""Of its file on a disk."""

_NAMED = 3  # odd lines that are named one by one


def silent(text: str) -> None:
    """For odd lines that nobody wants to know of."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of an output that a batch has made or begun, which makes it ours to replace."""

    finished: bool = False
    """False: begun, and nobody knows how far it came."""
    sha256: str | None = None
    """Of the input that the output was made of; None when there is no output to rely on."""
    stamp: Stamp = ()
    output_bytes: int = 0
    made_with: str = ""


class Manifest:
    """Open for adding, and locked against other batches, while entered.

    Raises OutputError when the folder cannot be written to, or another batch is at work on it.
    """

    def __init__(self, folder: Place, warn: Warn = silent) -> None:
        self._log = folder.log(LOG, warn)
        self.path = str(self._log.path)

    def __enter__(self) -> Manifest:
        self._log.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.__exit__(kind, error, trace)

    def size(self) -> int:
        """Bytes, 0 where there is none: what was read of it is out of date once this changes."""
        return self._log.size()

    def add(self, rows: Iterable[Row]) -> None:
        """Add lines; on a disk they are there when this returns. Any thread may call it. Raises OutputError."""
        rows = list(rows)
        self._log.add([_printed(row).to_json() for row in rows], now=any(row.status == "begun" for row in rows))

    def check(self) -> None:
        """Raises OutputError where rows that were added are gone."""
        self._log.check()


def _printed(row: Row) -> Row:
    """The manifest is a file of the command line, and speaks of its options."""
    if not row.error and not row.warnings:
        return row
    return replace(row, error=row.error and command_line(row.error), warnings=tuple(map(command_line, row.warnings)))


def rows(folder: Place, warn: Warn = silent) -> Iterator[Row]:
    """All rows of a folder's manifest, oldest first; none where there is no manifest. Raises OutputError.

    A line that is no row is passed over. ``warn``: gets where it is and why, but for what a crash has cut off.
    """
    for place, line in folder.log(LOG, warn).lines():
        try:
            yield Row.from_json(line)
        except ValueError as error:
            if line.strip() and not _is_torn(line):
                warn(f"{place}: {error}; passed over")


def _is_torn(line: bytes) -> bool:
    """Whether it looks like the beginning of a row."""
    return len(line) < LONGEST and line.startswith(b'{"input": ') and not line.rstrip().endswith(b"}")


def history(folder: Place, warn: Warn = silent) -> dict[str, Past]:
    """By output, the last that is known of it. ``warn``: gets lines that are no rows. Raises OutputError."""
    past: dict[str, Past] = {}
    odd: list[str] = []
    for row in rows(folder, odd.append):
        if row.status in ("done", "kept"):
            past[row.output] = Past(True, row.sha256, row.stamp, row.output_bytes, intern(row.made_with))
        elif row.status == "begun":
            past[row.output] = Past()
        elif row.output in past:
            past[row.output] = Past(finished=True)
    for text in odd[:_NAMED]:
        warn(text)
    if len(odd) > _NAMED:
        warn(f"{display_name(str(folder))}: {len(odd) - _NAMED} more lines are no rows; passed over")
    return past


def sweep(folder: Place, past: dict[str, Past]) -> None:
    """Remove what a killed batch has left under temporary names, inside the folder alone."""
    folder.sweep(output for output, what in past.items() if not what.finished)
