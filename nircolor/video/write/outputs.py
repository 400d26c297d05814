"""Where the parts of a video go: into one file at once, a row of files, parts that are joined at the end, or a pipe."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from nircolor.errors import OutputExistsError, display_name
from nircolor.files import check_output, final_path, output_errors
from nircolor.video.frames import Stream
from nircolor.video.parts import Part, part_name
from nircolor.video.write.journal import Done, Journal, hash_of, resumed
from nircolor.video.write.sink import Sink, open_file, open_folder, open_pipe
from nircolor.video.write.times import LATEST, Times

JOURNAL = "journal.json"

_FINEST = 2**31 - 1


@dataclass(frozen=True)
class Form:
    """What is written: a video at ``fps``, 0: a folder of frames; its codec; whether it may replace what is there."""

    stream: Stream
    fps: float
    codec: str | None = None
    overwrite: bool = False


class Output(Protocol):
    @property
    def form(self) -> Form: ...

    @property
    def name(self) -> str:
        """What results call it."""
        ...

    @property
    def keeps_what_is_done(self) -> bool:
        """Whether it is of use when it is interrupted."""
        ...

    def check(self) -> None:
        """Whether it can be written at all. Raises UsageError, OutputExistsError and OutputError."""
        ...

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Before the first part. Raises UsageError and OutputError."""
        ...

    def sink(self, number: int) -> AbstractContextManager[Sink]:
        """Where the frames of a part go. Raises UsageError and OutputError."""
        ...

    def done(self, number: int) -> Done | None:
        """The part of this number, if it is complete already."""
        ...

    def add(self, part: Part, frames: int, cuts: int, complete: bool) -> None:
        """The sink of ``part`` is finished; ``complete``: the part has all of its frames."""
        ...

    def finish(self, complete: bool) -> None:
        """There are no more parts; ``complete``: all are there."""
        ...

    def __str__(self) -> str:
        """What messages call it."""
        ...


@dataclass
class Whole:
    """A file, or a folder of frames, that appears when it is complete."""

    target: Path
    form: Form

    @property
    def name(self) -> str:
        return str(self.target)

    @property
    def keeps_what_is_done(self) -> bool:
        return bool(self.form.fps)

    def check(self) -> None:
        _refuse_begun(self.target, self.form.overwrite)
        with self.sink(0):
            """It can be opened."""

    def begin(self, identity: Mapping[str, Any]) -> None:
        _remove(parts_folder(self.target))

    def sink(self, number: int) -> AbstractContextManager[Sink]:
        form = self.form
        if not form.fps:
            return open_folder(self.target, form.overwrite, form.stream)
        return open_file(self.target, form.stream, form.fps, form.codec, form.overwrite, anew=form.stream.is_live)

    def done(self, number: int) -> Done | None:
        return None

    def add(self, part: Part, frames: int, cuts: int, complete: bool) -> None:
        """The sink has done all."""

    def finish(self, complete: bool) -> None:
        """So it has here."""

    def __str__(self) -> str:
        return display_name(self.target)


@dataclass
class Pipe:
    """A binary stream, such as ``sys.stdout.buffer``."""

    target: BinaryIO
    form: Form
    kind: str
    keeps_what_is_done: bool = True
    name: str = "-"

    def check(self) -> None:
        with self.sink(0):
            """It can be opened."""

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Nothing can be in the way."""

    def sink(self, number: int) -> AbstractContextManager[Sink]:
        form = self.form
        return open_pipe(self.target, form.stream, form.fps, form.codec, self.kind, anew=form.stream.is_live)

    def done(self, number: int) -> Done | None:
        return None

    def add(self, part: Part, frames: int, cuts: int, complete: bool) -> None:
        """It is on its way."""

    def finish(self, complete: bool) -> None:
        """It is gone."""

    def __str__(self) -> str:
        return "standard output"


@dataclass
class Row:
    """Files with numbers, each complete as soon as its time is over. ``resume``: None: nothing is to be remembered."""

    target: Path
    form: Form
    resume: bool | None = False
    keeps_what_is_done: bool = True
    journal: Journal | None = None
    written: list[tuple[Path, Fraction | None, int]] = field(default_factory=list)
    """Each file, when its first frame is shown, and how many it has."""

    @property
    def name(self) -> str:
        return str(self.target.with_name(f"{self.target.stem}_%03d{self.target.suffix}"))

    def place(self, number: int) -> Path:
        return part_name(self.target, number)

    def check(self) -> None:
        if not self.resume:
            _refuse_begun(self.target, self.form.overwrite)
        if not (self.resume and parts_folder(self.target).is_dir()):
            self._check_free()
        with self._file(part_name(self.target, 0), overwrite=True):
            """It can be opened."""

    def begin(self, identity: Mapping[str, Any]) -> None:
        folder = parts_folder(self.target)
        if not self.resume:
            _remove(folder)
        if self.resume is None:
            return
        with output_errors(self.target):
            folder.mkdir(exist_ok=True)
        self.journal = resumed(folder / JOURNAL, identity)
        self.journal.save()

    def sink(self, number: int) -> AbstractContextManager[Sink]:
        return self._file(self.place(number), self.form.overwrite or bool(self.resume))

    def done(self, number: int) -> Done | None:
        found = self.journal.holds(number, self.place(number)) if self.journal else None
        if found:
            self.written.append((self.place(number), found.starts_at, found.frames))
        return found

    def add(self, part: Part, frames: int, cuts: int, complete: bool) -> None:
        file = self.place(part.number)
        self.written.append((file, part.start, frames))
        if self.journal and complete:
            start = None if part.start is None else str(part.start)
            self.journal.add(Done(part.number, frames, cuts, start, file.stat().st_size, hash_of(file)))

    def finish(self, complete: bool) -> None:
        if complete:
            _remove(parts_folder(self.target))

    def _file(self, path: Path, overwrite: bool) -> AbstractContextManager[Sink]:
        return open_file(path, self.form.stream, self.form.fps, self.form.codec, overwrite, anew=True)

    def _check_free(self) -> None:
        """Raises OutputExistsError where a file of the row is there, whatever its number."""
        pattern = re.compile(re.escape(self.target.stem) + r"_[0-9]{3,}" + re.escape(self.target.suffix))
        folder = final_path(self.target).parent
        taken = sorted(path for path in folder.iterdir() if pattern.fullmatch(path.name)) if folder.is_dir() else []
        if taken and not self.form.overwrite:
            raise OutputExistsError(
                "exists already", path=taken[0], remedy="choose another name or add `overwrite=True`"
            )

    def __str__(self) -> str:
        more = len(self.written) - 1
        return display_name(self.place(0)) + (f" and {more} more" if more > 0 else "")


@dataclass
class Kept(Row):
    """Parts in a folder beside the output, joined into it at the end, or when the work is interrupted."""

    @property
    def name(self) -> str:
        return str(self.target)

    def place(self, number: int) -> Path:
        return parts_folder(self.target) / f"{number:05d}{self.target.suffix.lower()}"

    def begin(self, identity: Mapping[str, Any]) -> None:
        super().begin(identity)
        if self.journal and not self.journal.is_interim(self.target):
            check_output(self.target, self.form.overwrite)

    def finish(self, complete: bool) -> None:
        from nircolor.video.write.join import join

        assert self.journal is not None
        mine = self.form.overwrite or self.journal.is_interim(self.target)
        files = [file for file, _, _ in self.written]
        join(list(zip(files, self._origins(), strict=True)), self.target, mine)
        if not complete:
            status = self.target.stat()
            self.journal.interim = (status.st_size, status.st_mtime_ns)
            self.journal.save()
        super().finish(complete)

    def _origins(self) -> Iterator[Fraction]:
        """Where on the clock of the output each part begins: by the times of frames, or by their number."""
        times, done = Times(self.form.stream, self.form.fps, _FINEST), 0
        first = self.written[0][1]
        origin = first if first is not None and not 0 <= first <= LATEST else Fraction(0)
        for _, start, frames in self.written:
            yield done / times.rate if start is None or not times.kept else start - origin
            done += frames

    def _check_free(self) -> None:
        check_output(self.target, self.form.overwrite)

    def __str__(self) -> str:
        return display_name(self.target)


def parts_folder(target: Path) -> Path:
    """Where the journal of a video lies, and its parts, until it is complete."""
    return target.with_name(f"{target.name}.parts")


def _refuse_begun(target: Path, overwrite: bool) -> None:
    if not overwrite and (parts_folder(target) / JOURNAL).exists():
        remedy = "go on with `resume=True`, or begin anew with `overwrite=True`"
        raise OutputExistsError("has been begun already and is not complete", path=target, remedy=remedy)


def _remove(folder: Path) -> None:
    if (folder / JOURNAL).exists():
        shutil.rmtree(folder, ignore_errors=True)
