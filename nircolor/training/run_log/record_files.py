"""The numbers of a run as files: ``log.jsonl``, a record a line, and tables for a spreadsheet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nircolor.errors import InputError, OutputError
from nircolor.files import atomic_file, write_reason
from nircolor.small_file import read_small
from nircolor.training.run_folder import MOST_LOGGED
from nircolor.training.run_log.records import Record
from nircolor.written import csv_text, json_line

REMEDY = "make room or bring its folder back, then go on with `resume=True`"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """A full disk, or a folder that is gone, becomes an OutputError that names ``path``."""
    try:
        yield
    except OSError as error:
        raise OutputError(write_reason(error), path=path, remedy=REMEDY) from error


def replace(path: Path, data: bytes) -> None:
    """Write the whole file or leave the one that is there. Raises OutputError."""
    with atomic_file(path, overwrite=True) as stream:
        stream.write(data)


class RecordLog:
    """One JSON object a line, so that a process that is killed leaves at worst a torn last one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Iterator[Record]:
        """All whole records; none where there is no file. Raises InputError where it cannot be read."""
        try:
            data = read_small(self._path, MOST_LOGGED) if self._path.exists() else b""
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(str(reason), path=self._path, remedy="see its permissions, or remove it") from error
        for line in data.splitlines():
            record = _parse(line)
            if record is not None:
                yield record

    def rewrite(self, records: Iterable[Record]) -> None:
        replace(self._path, "".join(f"{json_line(record)}\n" for record in records).encode())

    def add(self, record: Record) -> None:
        _append(self._path, f"{json_line(record)}\n")


class RecordTable:
    """A CSV file whose columns may grow; then it is written anew, with the old rows empty there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[Record] = []
        self._columns: list[str] = []

    def rewrite(self, rows: Iterable[Record]) -> None:
        """Make these the rows; no file where there are none."""
        self._rows = list(rows)
        self._columns = list(dict.fromkeys(name for row in self._rows for name in row))
        if self._rows:
            replace(self._path, self._text([dict(zip(self._columns, self._columns, strict=True)), *self._rows]))
        else:
            with writing(self._path):
                self._path.unlink(missing_ok=True)

    def add(self, row: Record) -> None:
        if set(row) <= set(self._columns):
            self._rows.append(row)
            _append(self._path, self._text([row]).decode())
        else:
            self.rewrite([*self._rows, row])

    def _text(self, rows: Iterable[Record]) -> bytes:
        return csv_text([row.get(name) for name in self._columns] for row in rows).encode()


def _append(path: Path, text: str) -> None:
    with writing(path), path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)


def _parse(line: bytes) -> Record | None:
    """None for what a killed process left of a line."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("step"), int) else None
