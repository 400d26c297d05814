"""The observer that writes a run down, in the run's own folder."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nircolor.errors import NircolorError, OutputError, StoppedError
from nircolor.events import Event, Progress, Reporter
from nircolor.training.events import TRAINING, Losses, Scores, ValidationPicture
from nircolor.training.run_log.contact import contact_sheet
from nircolor.training.run_log.extras import Extras
from nircolor.training.run_log.record_files import RecordLog, RecordTable, replace, writing
from nircolor.training.run_log.records import History, Record, from_record, reached, subject, to_record
from nircolor.training.run_log.run_page import Story, write_page
from nircolor.wording import command_line


class RunLog:
    """Enter it, give it every event, leave it. In the folder ``run``, made if missing:

    ``log.jsonl``, ``losses.csv``, ``scores.csv`` and ``tensorboard/`` grow with every event; ``losses.png``,
    ``scores.png`` and ``pictures/step-001000.png`` come with each validation; ``run.html`` when the block ends, however
    it ends. ``step`` is where the run begins, 0 or that of its checkpoint: what an earlier process wrote beyond it is
    dropped. ``about`` says what is run: names, numbers, and tables of them. ``reporter`` gets a warning about what
    is left out without tensorboard or matplotlib. Raises OutputError where something cannot be written.
    """

    def __init__(self, run: Path, step: int, about: Mapping[str, object], reporter: Reporter | None = None) -> None:
        self._run, self._about, self._warn = run, about, (reporter or Reporter()).warn
        self._begin = self._step = self._steps = step
        self._log = RecordLog(run / "log.jsonl")
        self._tables = {Losses: RecordTable(run / "losses.csv"), Scores: RecordTable(run / "scores.csv")}
        self._history = History()
        self._pictures: Sequence[ValidationPicture] = ()
        self._undrawn = False

    def __enter__(self) -> RunLog:
        self._clock = time.monotonic()
        with writing(self._run):
            self._run.mkdir(parents=True, exist_ok=True)
        self._take_up([record for record in self._log.read() if reached(from_record(record), self._begin)])
        self._extras = Extras(self._run, self._begin, self._warn)
        return self

    def __call__(self, event: Event) -> None:
        self._step, self._steps = _place(event) or (self._step, self._steps)
        if isinstance(event, Losses | Scores):
            self._record(event)

    def _record(self, event: Losses | Scores) -> None:
        if self._history.knows(event):  # killed after it was written, before a checkpoint that would know
            self._take_up([record for record in self._log.read() if subject(from_record(record)) != subject(event)])
        record = to_record(event)
        self._history.add(event)
        self._log.add(record)
        self._tables[type(event)].add(record)
        if isinstance(event, Losses):
            self._extras.losses(event)
            self._undrawn = True
        else:
            self._show(event)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._extras.close()
            if self._undrawn:
                self._extras.draw(self._history)
            write_page(self._run / "run.html", self._story(_end(error)))
        except OutputError:
            if error is None:  # otherwise what went wrong first is what must be said
                raise

    def _take_up(self, records: Sequence[Record]) -> None:
        """Begin with these records, and make the files say nothing else."""
        events = [from_record(record) for record in records]
        self._history = History()
        for event in events:
            self._history.add(event)
        self._log.rewrite(records)
        for kind, table in self._tables.items():
            table.rewrite(r for r, event in zip(records, events, strict=True) if isinstance(event, kind))
        kept = {_sheet(scores.step) for scores in self._history.scores}
        with writing(self._run / "pictures"):
            for path in (self._run / "pictures").glob("step-*.png"):
                if path.name not in kept:
                    path.unlink()

    def _show(self, event: Scores) -> None:
        sheet = contact_sheet(event.pictures) if event.pictures else None
        if sheet is not None:
            self._pictures = event.pictures
            _save(self._run / "pictures" / _sheet(event.step), sheet)
        self._extras.scores(event, sheet)
        self._extras.draw(self._history)
        self._undrawn = False

    def _story(self, end: str) -> Story:
        seconds = time.monotonic() - self._clock
        place = (self._begin, self._step, self._steps, seconds)
        return Story(self._run, self._about, self._history, self._pictures, *place, end)


def _place(event: Event) -> tuple[int, int] | None:
    """How far the training has come, of how far, where an event says so."""
    if isinstance(event, Progress) and event.stage == TRAINING:
        return int(event.done), int(event.total)
    if isinstance(event, Scores) or (isinstance(event, Losses) and event.stage == TRAINING):
        return event.step, event.steps
    return None


def _sheet(step: int) -> str:
    return f"step-{step:06}.png"


def _save(path: Path, sheet: NDArray[np.uint8]) -> None:
    with writing(path.parent):
        path.parent.mkdir(exist_ok=True)
    stream = io.BytesIO()
    Image.fromarray(sheet).save(stream, "PNG")
    replace(path, stream.getvalue())


def _end(error: BaseException | None) -> str:
    """In a few words; empty where nothing went wrong. Ctrl-C is no Exception, whoever turned it into what."""
    if error is None:
        return ""
    if isinstance(error, StoppedError) or not isinstance(error, Exception):
        return "Interrupted"
    if isinstance(error, NircolorError):
        return f"Failed ({command_line(str(error))})"
    return f"Failed ({type(error).__name__}: {error})"
